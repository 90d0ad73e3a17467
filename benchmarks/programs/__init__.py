"""The registry: every benchmark program, in the order of the tables."""

from __future__ import annotations

from ..program import Program
from . import black_scholes, gauss_seidel, logistic_regression, mlp, rosenbrock

PROGRAMS: tuple[Program, ...] = (
    rosenbrock.FEW,
    rosenbrock.MANY,
    mlp.PROGRAM,
    logistic_regression.PROGRAM,
    black_scholes.PROGRAM,
    gauss_seidel.PROGRAM,
)
