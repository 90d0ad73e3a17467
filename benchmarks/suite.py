"""One run of the suite: every program by every contestant, checked, then timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .agreement import check_agreement
from .contestants import BY_HAND, Contestant, numba_primal, primal
from .measure import Spread, interleaved, ratios, seconds, spread
from .program import Arguments, Program, Step

_PRIMAL = "primal"
_NUMBA = "primal by Numba"


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure."""

    rounds: int
    first_calls: int  # at most: a contestant that compiles for long does so once
    long: float = 2.0  # seconds


FULL = Effort(rounds=31, first_calls=5)
QUICK = Effort(rounds=7, first_calls=1)


@dataclass(frozen=True, slots=True)
class Timing:
    """The measurements of one contestant on one program, in seconds; ratios of samples of the same round."""

    first_call: Spread
    call: Spread
    per_primal: Spread  # this gradient / gradir's compiled primal
    per_gradir: Spread  # this gradient / gradir's gradient


@dataclass(frozen=True, slots=True)
class Outcome:
    """The measurements of one program."""

    name: str
    title: str
    primal: Spread
    numba_primal: Spread | None  # None where there is none
    note: str  # why a contestant is left out
    timings: dict[str, Timing]  # by contestant; absent ones and those without this program are not in


def installed(contestants: Sequence[Contestant]) -> tuple[Contestant, ...]:
    """Return the contestants that are there, configured."""
    found = tuple(c for c in contestants if c.installed)
    for contestant in found:
        contestant.settle()
    return found


def run_program(program: Program, contestants: Sequence[Contestant], effort: Effort) -> Outcome:
    """Measure one program; raises DisagreementError if a gradient is not that of the reference."""
    arguments = program.arguments(program.size)
    first, steps = _first_calls(program, contestants, arguments, effort)
    check(program, steps, arguments)
    primals = {_PRIMAL: primal(program, arguments)}
    by_numba = numba_primal(program, arguments)
    if by_numba is not None:
        check_agreement(f"{program.title}, {_NUMBA}", (by_numba(), ()), (primals[_PRIMAL](), ()))
        primals[_NUMBA] = by_numba
    samples = interleaved({**primals, **steps}, effort.rounds)
    timings = {
        name: Timing(
            spread(first[name]),
            spread(samples[name]),
            spread(ratios(samples[name], samples[_PRIMAL])),
            spread(ratios(samples[name], samples["gradir"])),
        )
        for name in steps
    }
    numba = spread(samples[_NUMBA]) if by_numba is not None else None
    note = program.newcomer if isinstance(program.newcomer, str) else ""
    return Outcome(program.name, program.title, spread(samples[_PRIMAL]), numba, note, timings)


def run(
    programs: Sequence[Program],
    contestants: Sequence[Contestant],
    effort: Effort,
    done: Callable[[Outcome], None],
) -> list[Outcome]:
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
    return outcomes


def prepared(program: Program, contestants: Sequence[Contestant], arguments: Arguments) -> dict[str, Step]:
    """Return a new step of each contestant that has the program."""
    steps = {c.name: c.prepare(program, arguments) for c in contestants}
    return {name: step for name, step in steps.items() if step is not None}


def check(program: Program, steps: dict[str, Step], arguments: Arguments) -> None:
    """Hold every step's value and gradients to those by hand."""
    reference = steps.get(BY_HAND.name, lambda: program.by_hand(*arguments))()
    for name, step in steps.items():
        if name != BY_HAND.name:
            check_agreement(f"{program.title}, {name}", step(), reference)


def _first_calls(
    program: Program, contestants: Sequence[Contestant], arguments: Arguments, effort: Effort
) -> tuple[dict[str, list[float]], dict[str, Step]]:
    """Compile anew some times, in turns; each contestant's last step is kept."""
    first: dict[str, list[float]] = {}
    steps: dict[str, Step] = {}
    left = list(contestants)
    for _ in range(effort.first_calls):
        for name, step in prepared(program, left, arguments).items():
            steps[name] = step
            first.setdefault(name, []).append(seconds(step))
        left = [c for c in left if sum(first.get(c.name, ())) < effort.long]
    return first, steps
