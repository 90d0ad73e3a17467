"""The targets, as data: what a gradient is to cost, in seconds or beside a peer; `verdicts.py` judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from .calls import INSIDE_TITLE
from .results import COPY, GRADIR, NUMBA_PRIMAL, PRIMAL
from .starts import IMPORT_TITLE, WARM_TITLE
from .straight_line import LONG, SHORT, name_of, title_of


@dataclass(frozen=True, slots=True)
class AtMost:
    """At most so many seconds. The ratio is that of the time to the limit."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Faster:
    """So many times faster than a peer. The ratio is that of the peer's time to gradir's."""

    than: str
    times: float


@dataclass(frozen=True, slots=True)
class Fastest:
    """No slower than any of these peers, but by a share. The ratio is the fastest's time to gradir's."""

    peers: tuple[str, ...]
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Within:
    """At most so many times as long as something else. The ratio is that of the time to the other's."""

    of: str
    times: float
    what: str = GRADIR


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Moves bytes at least at this share of a copy's pace. The ratio is that share."""

    share: float


@dataclass(frozen=True, slots=True)
class Linear:
    """At most so many times the time of a smaller outcome, each by its size. The ratio is just that."""

    of: str
    times: float


Goal = AtMost | Faster | Fastest | Within | Bandwidth | Linear


@dataclass(frozen=True, slots=True)
class Target:
    """A goal for one outcome: of its calls, or of its first ones."""

    outcome: str
    goal: Goal
    first: bool = False
    title: str = ""  # the program's, if empty


_FRAMEWORKS = ("JAX", "PyTorch", "torch.compile")
TARGETS: tuple[Target, ...] = (
    Target("rosenbrock-10", AtMost(2e-6)),
    Target("rosenbrock-inside", AtMost(0.5e-6), title=INSIDE_TITLE),
    Target("rosenbrock-1e6", Faster("JAX", 3.0)),
    Target("black-scholes", Faster("JAX", 8.0)),
    Target("chain-1e5", Faster("JAX", 3.0)),
    Target("chain-1e7", Faster("JAX", 3.0)),
    Target("triad", Bandwidth(0.7)),
    Target("lorenz", Within(PRIMAL, 4.0)),
    Target("lorenz", Within(NUMBA_PRIMAL, 1.2, what=PRIMAL)),
    Target("heat", Faster("JAX", 6.0)),
    Target("seidel-2d", Within(PRIMAL, 2.2)),
    Target("seidel-2d", Within(NUMBA_PRIMAL, 1.2, what=PRIMAL)),
    Target("mlp", Fastest(("torch.compile", "JAX", "by hand, Numba", "PyTorch"), share=0.05)),
    *(
        Target(name, Fastest(_FRAMEWORKS))
        for name in ("lstm", "gmm", "k-means", "log-sum-exp", "least-squares")
    ),
    Target("training", Faster("JAX", 5.0)),
    Target("mlp", AtMost(0.2), first=True, title="MLP, first gradient in a warm process"),
    Target(name_of(SHORT), AtMost(1.5), first=True, title=title_of(SHORT)),
    Target(name_of(LONG), Linear(name_of(SHORT), 1.25), first=True, title=title_of(LONG)),
    Target("warm-start", AtMost(0.6), first=True, title=WARM_TITLE),
    Target("import", AtMost(0.3), first=True, title=IMPORT_TITLE),
)


def described(goal: Goal) -> str:
    """Return a goal in words."""
    match goal:
        case AtMost(seconds):
            return f"at most {seconds * 1e6:g} µs" if seconds < 1e-3 else f"at most {seconds:g} s"
        case Faster(than, times):
            return f"at least {times:g} times faster than {than}"
        case Fastest(_, share):
            return f"within {share:.0%} of the fastest" if share else "faster than all"
        case Within(of, times, what):
            subject = "" if what == GRADIR else f"{what} "
            return f"{subject}within {times:g} times {of}"
        case Bandwidth(share):
            return f"at least {share:.0%} of a copy's bytes a second"
        case Linear(of, times):
            return f"linear: an operation within {times:g} times that of {of}"
        case _:
            assert_never(goal)


def compared_with(goal: Goal) -> tuple[str, ...]:
    """Return the names of what a goal compares with, in the same outcome."""
    match goal:
        case Faster(than, _):
            return (than,)
        case Fastest(peers, _):
            return peers
        case Within(of, _, _):
            return (of,)
        case Bandwidth():
            return (COPY,)
        case AtMost() | Linear():
            return ()
        case _:
            assert_never(goal)
