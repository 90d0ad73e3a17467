"""The registry: everything that is measured, in the order of the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from . import calls, starts, straight_line
from .program import Program
from .programs import (
    black_scholes,
    chain,
    durbin,
    gauss_seidel,
    gmm,
    heat,
    k_means,
    least_squares,
    log_sum_exp,
    logistic_regression,
    lorenz,
    lstm,
    mlp,
    rosenbrock,
    seidel_2d,
    training,
    triad,
)
from .results import Outcome
from .suite import Effort

PROGRAMS: tuple[Program, ...] = (
    rosenbrock.FEW,
    rosenbrock.MANY,
    mlp.PROGRAM,
    logistic_regression.PROGRAM,
    least_squares.PROGRAM,
    log_sum_exp.PROGRAM,
    gmm.PROGRAM,
    k_means.PROGRAM,
    chain.SMALL,
    chain.LARGE,
    triad.PROGRAM,
    black_scholes.PROGRAM,
    gauss_seidel.PROGRAM,
    lorenz.PROGRAM,
    heat.PROGRAM,
    seidel_2d.PROGRAM,
    durbin.PROGRAM,
    lstm.PROGRAM,
    training.PROGRAM,
)


@dataclass(frozen=True, slots=True)
class Start:
    """What is no program called from Python: how to measure it, from an effort and whether JAX is there."""

    name: str
    measure: Callable[[Effort, bool], tuple[Outcome, ...]]


STARTS: tuple[Start, ...] = (
    Start("rosenbrock-inside", calls.inside),
    Start("straight-line", straight_line.measure),
    Start("warm-start", starts.warm_starts),
    Start("import", starts.imports),
)
GROWTH: tuple[Program, ...] = (
    replace(rosenbrock.MANY, name="rosenbrock", title="Rosenbrock"),
    replace(chain.LARGE, name="chain", title="exp, sin, tanh, log"),
)
GROWTH_NAME = "growth"
NAMES = (*(p.name for p in PROGRAMS), *(s.name for s in STARTS), GROWTH_NAME)
