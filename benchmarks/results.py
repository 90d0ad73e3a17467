"""What a run found, every sample of it, and its form as JSON; `docs/measuring.md` describes that."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from .machine import Machine
from .measure import Spread, ratios, spread

SCHEMA = 1
GRADIR = "gradir"
PRIMAL = "gradir's primal"
NUMBA_PRIMAL = "Numba's primal"
COPY = "copy"
REFERENCES = (PRIMAL, NUMBA_PRIMAL, COPY)  # what is timed beside the contestants


@dataclass(frozen=True, slots=True)
class Outcome:
    """The samples of one program, in seconds.

    Attributes
    ----------
    calls
        By contestant, or one of REFERENCES: a sample a round, all taken in the same rounds. A contestant that
        is absent, or has no such program, is not in.
    first
        By contestant: calls that had to compile, or start, first.
    traffic
        Bytes an element that a call has to move; 0 where that is not the point.
    notes
        Why contestants are left out.
    """

    name: str
    title: str
    size: int
    calls: dict[str, list[float]]
    first: dict[str, list[float]]
    traffic: int = 0
    notes: tuple[str, ...] = ()

    @property
    def contestants(self) -> list[str]:
        return [name for name in {**self.calls, **self.first} if name not in REFERENCES]

    def samples(self, first: bool) -> dict[str, list[float]]:
        return self.first if first else self.calls

    def call(self, name: str) -> Spread:
        return spread(self.calls[name])

    def per(self, name: str, other: str) -> Spread:
        """Return the time of one over that of the other, of calls in the same rounds."""
        return spread(ratios(self.calls[name], self.calls[other]))


@dataclass(frozen=True, slots=True)
class Results:
    """One run.

    Attributes
    ----------
    programs, starts, growth
        The registry's programs; what is done once a program or process; programs at several sizes.
    absent
        Contestants that were wanted and are not installed.
    quick
        Fewer rounds and contestants were wanted.
    """

    machine: Machine
    programs: tuple[Outcome, ...]
    starts: tuple[Outcome, ...] = ()
    growth: tuple[Outcome, ...] = ()
    absent: tuple[str, ...] = ()
    quick: bool = False

    def outcome(self, name: str) -> Outcome | None:
        """Return what was found for a program or a start; None if it was not measured."""
        return next((x for x in (*self.programs, *self.starts) if x.name == name), None)


def as_json(results: Results, targets: Sequence[dict[str, Any]] = ()) -> str:
    """Return all samples, and what they say about the targets."""
    data = {"schema": SCHEMA, **dataclasses.asdict(results), "targets": list(targets)}
    return json.dumps(data, indent=1, default=str) + "\n"


def from_json(text: str) -> Results:
    """Return the results that `as_json` wrote; ValueError for those of another schema."""
    data = json.loads(text)
    if data.get("schema") != SCHEMA:
        raise ValueError(f"these results have schema {data.get('schema')}; this suite reads {SCHEMA}")
    machine = data["machine"]
    return Results(
        machine=Machine(**{**machine, "day": date.fromisoformat(machine["day"])}),
        programs=_outcomes(data["programs"]),
        starts=_outcomes(data["starts"]),
        growth=_outcomes(data["growth"]),
        absent=tuple(data["absent"]),
        quick=data["quick"],
    )


def joined(parts: Sequence[Results]) -> Results:
    """Return the parts of a run that were measured one after the other, as one.

    The load is the highest of them.

    Raises
    ------
    ValueError
        If the parts are of other machines, versions or kinds of runs, or if two measured the same.
    """
    first, *others = parts
    for other in others:
        same = replace(other.machine, load=first.machine.load, day=first.machine.day) == first.machine
        if not same or (other.quick, other.absent) != (first.quick, first.absent):
            raise ValueError("these results are of different machines, versions or options")
    found = [x.name for part in parts for x in (*part.programs, *part.starts)]
    twice = {name for name in found if found.count(name) > 1}
    if twice or sum(bool(part.growth) for part in parts) > 1:
        raise ValueError(f"measured twice: {', '.join(sorted(twice)) or 'growth'}")
    loads = [part.machine.load for part in parts if part.machine.load is not None]
    return replace(
        first,
        machine=replace(first.machine, load=max(loads, default=None), day=parts[-1].machine.day),
        programs=tuple(x for part in parts for x in part.programs),
        starts=tuple(x for part in parts for x in part.starts),
        growth=tuple(x for part in parts for x in part.growth),
    )


def _outcomes(found: Sequence[dict[str, Any]]) -> tuple[Outcome, ...]:
    return tuple(Outcome(**{**x, "notes": tuple(x["notes"])}) for x in found)
