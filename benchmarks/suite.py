"""One run of the programs: each by every contestant, checked, then timed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .agreement import check_agreement
from .contestants import Contestant, numba_primal, primal
from .measure import Call, interleaved, timed
from .program import Arguments, Gradients, Program, Step
from .results import COPY, NUMBA_PRIMAL, PRIMAL, Outcome
from .stream import copy

GROWING = ("gradir", "by hand", "JAX")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure.

    Attributes
    ----------
    rounds
        Samples of each contestant.
    first_calls
        At most: a contestant that compiles for `long` seconds does so once.
    budget
        Seconds for the rounds of a program, if that leaves three.
    sizes
        Of the programs whose growth is measured.
    starts
        New processes for each figure.
    quick
        What takes long is left out.
    """

    rounds: int
    first_calls: int
    budget: float = math.inf
    long: float = 2.0
    sizes: tuple[int, ...] = (10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
    starts: int = 7
    quick: bool = False


FULL = Effort(rounds=31, first_calls=5)
QUICK = Effort(rounds=7, first_calls=1, budget=2.5, sizes=(10, 1_000, 100_000), starts=3, quick=True)


def installed(contestants: Sequence[Contestant]) -> tuple[Contestant, ...]:
    """Return the contestants that are there, configured."""
    found = tuple(c for c in contestants if c.installed)
    for contestant in found:
        contestant.settle()
    return found


def run_program(program: Program, contestants: Sequence[Contestant], effort: Effort) -> Outcome:
    """Measure one program; raises DisagreementError if a gradient is not that of the reference."""
    arguments = program.arguments(program.size)
    first, steps, results = _first_calls(program, contestants, arguments, effort)
    _check(program, steps, results, arguments)
    results.clear()  # as in a user's loop, nobody holds the results of earlier calls
    calls: dict[str, Call] = {**_references(program, arguments), **steps}
    samples = interleaved(calls, effort.rounds, effort.budget)
    return Outcome(
        program.name, program.title, program.size, samples, first, program.traffic, notes=program.notes
    )


def run(
    programs: Sequence[Program],
    contestants: Sequence[Contestant],
    effort: Effort,
    done: Callable[[Outcome], None],
) -> tuple[Outcome, ...]:
    """Measure programs in order, telling of each when it is done.

    A program of the smallest size goes first and is forgotten: what a library does once in a process
    is no part of any first call.
    """
    for contestant in contestants:
        for program in programs:
            step = contestant.prepare(program, program.arguments(program.small))
            if step is not None:
                step()
                break
    outcomes = []
    for program in programs:
        outcomes.append(run_program(program, contestants, effort))
        done(outcomes[-1])
    return tuple(outcomes)


def grow(
    programs: Sequence[Program], contestants: Sequence[Contestant], effort: Effort
) -> tuple[Outcome, ...]:
    """Measure programs at several sizes, in fewer rounds."""
    few = replace(effort, rounds=min(effort.rounds, 9), first_calls=1)
    return tuple(run_program(replace(p, size=n), contestants, few) for p in programs for n in effort.sizes)


def _references(program: Program, arguments: Arguments) -> dict[str, Call]:
    """Return what is timed beside the contestants; raises DisagreementError if two primals differ."""
    found: dict[str, Call] = {PRIMAL: primal(program, arguments)}
    by_numba = numba_primal(program, arguments)
    if by_numba is not None:
        check_agreement(f"{program.title}, {NUMBA_PRIMAL}", (by_numba(), ()), (found[PRIMAL](), ()))
        found[NUMBA_PRIMAL] = by_numba
    if program.traffic:
        found[COPY] = copy(program.size)
    return found


def _check(program: Program, steps: dict[str, Step], first: dict[str, Any], arguments: Arguments) -> None:
    """Hold every first result to that by hand, and every second one that is of the same arguments."""
    expected = _reference(program, arguments, first)
    for name, step in steps.items():
        check_agreement(f"{program.title}, {name}", first[name], expected)
        if not program.donate:
            check_agreement(f"{program.title}, {name}, called again", step(), expected)


def _reference(program: Program, arguments: Arguments, first: dict[str, Any]) -> tuple[Any, Gradients]:
    if program.by_hand is not program.numba:
        return program.by_hand(*arguments)
    import numba

    compiled: tuple[Any, Gradients] = first.get("by hand, Numba") or numba.njit(program.numba)(*arguments)
    return compiled


def _first_calls(
    program: Program, contestants: Sequence[Contestant], arguments: Arguments, effort: Effort
) -> tuple[dict[str, list[float]], dict[str, Step], dict[str, Any]]:
    """Compile anew some times, in turns; each contestant's last step is kept, and its first result."""
    first: dict[str, list[float]] = {}
    steps: dict[str, Step] = {}
    results: dict[str, Any] = {}
    left = list(contestants)
    for _ in range(effort.first_calls):
        for contestant in left:
            name = contestant.name
            step = contestant.prepare(program, arguments)
            if step is not None:
                steps[name] = step
                taken, results[name] = timed(step)
                first.setdefault(name, []).append(taken)
        left = [c for c in left if sum(first.get(c.name, ())) < effort.long]
    return first, steps, results
