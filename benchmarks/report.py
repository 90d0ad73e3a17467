"""The results as Markdown and as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Sequence

from .machine import Machine
from .measure import Spread
from .suite import Outcome

_MISSING = "absent"
_ELSEWHERE = "–"
_BUSY = 1.0  # the load average from which on the page says so
_HEADER = """\
# Benchmarks

Made by `python -m benchmarks` (`pip install '.[bench]'` brings the peers); edit the suite, not this page.

A call computes a function's value and its gradient, in float64. All contestants run in one process and take
turns, sample by sample; a figure is the median of its samples, with the quartiles in brackets. Before it is
timed, every contestant's gradient is checked against the one written by hand.

- **first call**: seconds until the first result, compilation included, in a process where the tool has
  compiled something before.
- **a call**: microseconds, data already in the tool's own arrays, waiting for the result included.
- **gradient / primal**: the time of this call over that of gradir's compiled primal, `gr.jit(f)`.
- **/ gradir**: the time of this call over that of gradir's; above 1, gradir is faster.
- **JAX, newcomer**: the loops in Python and `.at[].set`, as one writes them who comes from NumPy.
- **Training** computes its gradients by itself: a call is all of it, its primal as many losses without them.
"""


def markdown(
    machine: Machine, outcomes: Sequence[Outcome], columns: Sequence[str], absent: Sequence[str]
) -> str:
    """Return the page: the conditions, a summary with these contestants as columns, a table a program."""
    parts = [_HEADER, "\n".join(_conditions(machine)), summary(outcomes, columns, absent)]
    parts += [details(outcome, absent) for outcome in outcomes]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def summary(outcomes: Sequence[Outcome], columns: Sequence[str], absent: Sequence[str]) -> str:
    """Return the table of microseconds a call, a row a program."""
    rows = [["program", "Numba's primal", "gradir's primal", *columns]]
    for outcome in outcomes:
        numba = outcome.numba_primal
        cells = [microseconds(numba.median) if numba else _ELSEWHERE, microseconds(outcome.primal.median)]
        for name in columns:
            timing = outcome.timings.get(name)
            cells.append(_none(name, absent) if timing is None else microseconds(timing.call.median))
        rows.append([outcome.title, *cells])
    return "## Microseconds a call\n\n" + _table(rows)


def details(outcome: Outcome, absent: Sequence[str]) -> str:
    """Return the table of one program, a row a contestant."""
    rows = [["", "first call, s", "a call, µs", "gradient / primal", "/ gradir"]]
    for name, timing in outcome.timings.items():
        own = name == "gradir"
        rows.append(
            [
                name,
                _seconds(timing.first_call.median),
                _with_quartiles(timing.call, microseconds),
                _with_quartiles(timing.per_primal, _ratio),
                "1" if own else _with_quartiles(timing.per_gradir, _ratio),
            ]
        )
    rows += [[name, _MISSING, _MISSING, _MISSING, _MISSING] for name in absent]
    return f"## {outcome.title}\n\n{_primals(outcome)}\n\n{_table(rows)}"


def _primals(outcome: Outcome) -> str:
    """Return the sentences above a table."""
    told = f"gradir's primal takes {_with_quartiles(outcome.primal, microseconds)} µs"
    if outcome.numba_primal is not None:
        told += f", the same in loops by Numba {_with_quartiles(outcome.numba_primal, microseconds)} µs"
    if outcome.note:
        told += f". JAX as a newcomer writes it is left out: {outcome.note}"
    return told + "."


def as_json(machine: Machine, outcomes: Sequence[Outcome]) -> str:
    """Return all figures, durations in seconds."""
    data = {"machine": dataclasses.asdict(machine), "programs": [dataclasses.asdict(x) for x in outcomes]}
    return json.dumps(data, indent=2, default=str) + "\n"


def _conditions(machine: Machine) -> Iterator[str]:
    yield "## Machine and versions\n"
    yield f"- {machine.processor}; threads for every contestant: {machine.threads}, on as many processors"
    yield f"- {machine.system}; {machine.memory_gib} GiB of memory; {machine.day}, load {machine.load}"
    names = [f"{name} {v}" if v else f"{name} absent" for name, v in machine.versions.items()]
    yield f"- Python {machine.python}; {', '.join(names)}"
    if machine.load is not None and machine.load > _BUSY:
        yield (
            "- the machine had other work to do: what needs all processors at once, threaded BLAS above all,"
            "\n  takes longer than on an idle one (`--threads 1` suffers less)"
        )


def _none(name: str, absent: Sequence[str]) -> str:
    return _MISSING if name in absent else _ELSEWHERE


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    head, *body = (" | ".join(_aligned(cell, k, widths[k]) for k, cell in enumerate(row)) for row in rows)
    rule = " | ".join("-" * w if k == 0 else "-" * (w - 1) + ":" for k, w in enumerate(widths))
    return "\n".join(f"| {line} |" for line in (head, rule, *body)) + "\n"


def _aligned(cell: str, column: int, width: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)


def _with_quartiles(x: Spread, text: Callable[[float], str]) -> str:
    return f"{text(x.median)} ({text(x.low)}..{text(x.high)})"


def _digits(x: float) -> str:
    """Three digits, none of them invented: 1.23, 12.3, 123, 1,230."""
    rounded = float(f"{x:.3g}")
    if rounded == 0.0:
        return "0"
    places = 2 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(places, 0)}f}"


def _seconds(x: float) -> str:
    return f"{x:.3f}"


def microseconds(x: float) -> str:
    """Return seconds as text in microseconds."""
    return _digits(x * 1e6)


def _ratio(x: float) -> str:
    return f"{x:.2f}" if x < 10.0 else _digits(x)
