"""The registry: every benchmark program, in the order of the tables."""

from __future__ import annotations

from ..program import Program
from . import (
    black_scholes,
    chain,
    durbin,
    gauss_seidel,
    heat,
    logistic_regression,
    lorenz,
    lstm,
    mlp,
    rosenbrock,
    seidel_2d,
    training,
)

PROGRAMS: tuple[Program, ...] = (
    rosenbrock.FEW,
    rosenbrock.MANY,
    mlp.PROGRAM,
    logistic_regression.PROGRAM,
    chain.SMALL,
    chain.LARGE,
    black_scholes.PROGRAM,
    gauss_seidel.PROGRAM,
    lorenz.PROGRAM,
    heat.PROGRAM,
    seidel_2d.PROGRAM,
    durbin.PROGRAM,
    lstm.PROGRAM,
    training.PROGRAM,
)
