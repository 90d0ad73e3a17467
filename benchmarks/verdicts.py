"""Whether a run met the targets, by the medians of its samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from .measure import Spread, ratios, spread
from .registry import PROGRAMS
from .results import COPY, GRADIR, NUMBA_PRIMAL, PRIMAL, Outcome, Results
from .stream import TRAFFIC
from .targets import (
    TARGETS,
    AtMost,
    Bandwidth,
    Faster,
    Fastest,
    Goal,
    Linear,
    Target,
    Within,
    compared_with,
    described,
)

_TITLES = {p.name: p.title for p in PROGRAMS}
PEERS = ("by hand, Numba", "JAX", "PyTorch", "torch.compile", "PyTensor", "autograd")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run says about a target.

    Attributes
    ----------
    peer, best
        The fastest peer, of what there is, and its time.
    measured
        Gradir's time.
    ratio
        What the goal bounds, see there.
    met
        By the median; None if gradir or all of the goal's peers were not measured.
    absent
        The goal's peers that were not measured.
    """

    target: Target
    title: str
    peer: str = ""
    best: Spread | None = None
    measured: Spread | None = None
    ratio: Spread | None = None
    met: bool | None = None
    absent: tuple[str, ...] = ()


def judge(results: Results, targets: Sequence[Target] = TARGETS) -> list[Verdict]:
    """Return what a run says about each target."""
    return [_verdict(results, target) for target in targets]


def measured(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts of what was measured."""
    return [v for v in verdicts if v.measured is not None]


def as_data(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as plain data, for JSON."""
    ratio = verdict.ratio
    return {
        "outcome": verdict.target.outcome,
        "title": verdict.title,
        "target": described(verdict.target.goal),
        "peer": verdict.peer or None,
        "peer_seconds": verdict.best and verdict.best.median,
        "seconds": verdict.measured and verdict.measured.median,
        "ratio": ratio and [ratio.low, ratio.median, ratio.high],
        "met": verdict.met,
        "absent": list(verdict.absent),
    }


def _verdict(results: Results, target: Target) -> Verdict:
    goal, found = target.goal, results.outcome(target.outcome)
    title = target.title or _TITLES[target.outcome]
    subject = goal.what if isinstance(goal, Within) else GRADIR
    samples = found.samples(target.first) if found else {}
    if found is None or subject not in samples:
        return Verdict(target, title, absent=compared_with(goal))
    peer = _best(found, target)
    return Verdict(
        target,
        title,
        peer=peer,
        best=spread(samples[peer]) if peer else None,
        measured=spread(samples[subject]),
        ratio=(ratio := _ratio(results, found, target)),
        met=None if ratio is None else _holds(goal, ratio.median),
        absent=tuple(name for name in compared_with(goal) if name not in samples),
    )


def _best(found: Outcome, target: Target) -> str:
    """Return the fastest of those that a user may take instead."""
    samples = found.samples(target.first)
    of_primals = isinstance(target.goal, Within) and target.goal.what == PRIMAL
    rivals = [name for name in ((NUMBA_PRIMAL,) if of_primals else PEERS) if name in samples]
    return min(rivals, key=lambda name: spread(samples[name]).median, default="")


def _ratio(results: Results, found: Outcome, target: Target) -> Spread | None:
    samples, goal = found.samples(target.first), target.goal
    own = samples[goal.what if isinstance(goal, Within) else GRADIR]
    there = [name for name in compared_with(goal) if name in samples]
    fastest = min(there, key=lambda name: spread(samples[name]).median, default=None)
    match goal:
        case AtMost(seconds):
            return spread([x / seconds for x in own])
        case Linear(of, _):
            other = results.outcome(of)
            if other is None or GRADIR not in other.first:
                return None
            return spread([x * other.size / found.size for x in ratios(own, other.first[GRADIR])])
        case _ if fastest is None:
            return None
        case Faster() | Fastest():
            return spread(ratios(samples[fastest], own))
        case Within():
            return spread(ratios(own, samples[fastest]))
        case Bandwidth():
            return spread([x * found.traffic / TRAFFIC for x in ratios(samples[COPY], own)])
        case _:
            assert_never(goal)


def _holds(goal: Goal, ratio: float) -> bool:
    match goal:
        case AtMost():
            return ratio <= 1.0
        case Faster(_, times):
            return ratio >= times
        case Fastest(_, share):
            return ratio * (1.0 + share) >= 1.0 if share else ratio > 1.0
        case Within(_, times, _) | Linear(_, times):
            return ratio <= times
        case Bandwidth(share):
            return ratio >= share
        case _:
            assert_never(goal)
