"""What a gradient takes in memory, and its time, by what is saved: as it is, everything, and under budgets.

Each row of a program is the same gradient with other options of `gradir.value_and_grad`; rows whose options
this gradir does not have are left out.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .agreement import check_agreement
from .measure import Spread, interleaved, ratios, spread
from .program import Arguments, Program
from .programs import deep_mlp, heat, lorenz, lstm, mlp
from .suite import Effort

PROGRAMS: tuple[Program, ...] = (
    replace(mlp.PROGRAM, title="MLP, 2,048 x 784 x 128 x 10", size=2048),
    deep_mlp.PROGRAM,
    replace(lstm.PROGRAM, title="LSTM of 32 units, 1,000 steps", size=1000),
    heat.PROGRAM,
    lorenz.PROGRAM,
)
DEFAULT, EVERYTHING = "as it is", "everything saved"
SHARES = (100, 50, 25, 10)  # percent of the peak where everything is saved


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """One way to compute a gradient.

    Attributes
    ----------
    name
        What it is called.
    budget
        Bytes that the plan may take; None where it may take any.
    planned
        The plan's peak in bytes; None where the plan does not know it, or there is none.
    measured
        What one call really took.
    samples
        Seconds a call, one for each round; those of all rows are of the same rounds.
    refused
        Why there is no such program, the first line of the error; empty where there is one.
    code
        A digest of its kernels: rows with the same one are one program.
    """

    name: str
    budget: int | None
    planned: int | None
    measured: int | None
    samples: list[float]
    refused: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class MemoryOutcome:
    """The rows of one program."""

    name: str
    title: str
    rows: tuple[MemoryRow, ...]

    def row(self, name: str) -> MemoryRow | None:
        """Return the row of a name, if it was measured."""
        return next((r for r in self.rows if r.name == name and not r.refused), None)

    @property
    def base(self) -> MemoryRow | None:
        """What the others are compared with: everything saved, or without that as it is."""
        return self.row(EVERYTHING) or self.row(DEFAULT)

    def times(self, row: MemoryRow) -> Spread | None:
        """Return the time of a row over that of the base, of calls in the same rounds."""
        if self.base is None or not row.samples:
            return None
        return spread(ratios(row.samples, self.base.samples))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A gradient with some options, or why there is none."""

    row: MemoryRow
    call: Callable[[], Any] | None


def known_options() -> frozenset[str]:
    """Return which of the options that say what is saved this gradir has."""
    import gradir as gr

    return frozenset({"checkpoint", "memory_budget"} & set(inspect.signature(gr.value_and_grad).parameters))


def measure_memory(programs: Sequence[Program], effort: Effort) -> Iterator[MemoryOutcome]:
    """Yield what each program takes; raises DisagreementError where a gradient is wrong."""
    options = known_options()
    for program in programs:
        arguments = program.arguments(program.size)
        candidates = list(_candidates(program, arguments, options))
        expected = program.by_hand(*arguments)
        for each in candidates:
            if each.call is not None:
                check_agreement(f"{program.title}, {each.row.name}", each.call(), expected)
        calls = {each.row.name: each.call for each in candidates if each.call is not None}
        samples = interleaved(calls, effort.rounds, effort.budget)
        rows = (replace(each.row, samples=samples.get(each.row.name, [])) for each in candidates)
        yield MemoryOutcome(program.name, program.title, tuple(rows))


def _candidates(program: Program, arguments: Arguments, options: frozenset[str]) -> Iterator[_Candidate]:
    default = _candidate(program, arguments, DEFAULT, None, {})
    yield default
    reference = default.row.planned
    if "checkpoint" in options:
        saving = _candidate(program, arguments, EVERYTHING, None, {"checkpoint": "everything"})
        yield saving
        reference = saving.row.planned or reference
    if "memory_budget" in options and reference is not None:
        for share in SHARES:
            budget = reference * share // 100
            yield _candidate(program, arguments, f"budget {share}%", budget, {"memory_budget": budget})


def _candidate(
    program: Program, arguments: Arguments, name: str, budget: int | None, options: dict[str, Any]
) -> _Candidate:
    import gradir as gr

    gradient = gr.value_and_grad(program.function, argnums=program.wrt, cache=False, **options)
    try:
        inspected = gradient.inspect(*arguments)
        memory = inspected.memory
    except gr.GradirError as error:
        return _Candidate(MemoryRow(name, budget, None, None, [], str(error).splitlines()[0]), None)
    code = hashlib.sha256(str(inspected.kernels).encode()).hexdigest()[:16]
    row = MemoryRow(name, budget, memory.peak, memory.measure().peak, [], code=code)
    return _Candidate(row, lambda: gradient(*arguments))
