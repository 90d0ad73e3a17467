"""The page of a run, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .figures import duration, microseconds, ratio, table, with_quartiles
from .machine import Machine
from .measure import spread
from .results import GRADIR, NUMBA_PRIMAL, PRIMAL, Outcome, Results
from .targets import described
from .verdicts import Verdict

RATIOS, GROWTH = "benchmarks_ratios.svg", "benchmarks_growth.svg"
_MISSING = "absent"
_ELSEWHERE = "–"
_BUSY = 1.0  # the load average from which on the page says so
_HEADER = """\
# Benchmarks

Made by `python -m benchmarks` (`pip install '.[bench]'` brings the peers); edit the suite, not this page.
[How it is measured](measuring.md) says what the figures mean, and how to get them as JSON.

A call computes a function's value and its gradient, in float64. All contestants run in one process and take
turns, sample by sample; a figure is the median of its samples, with the quartiles in brackets. Before it is
timed, every contestant's gradient is checked against the one written by hand.
"""
_TARGETS = """\
## Targets

A ratio is what the target bounds: times faster than the peer, times as long as the primal, time over the
limit, or share of a copy's bytes a second. By its median the target is met, or not.
"""
_PROGRAMS = """\
## Microseconds a call

Below, a table a program:

- **first call**: seconds until the first result, compilation included, in a process where the tool has
  compiled something before.
- **a call**: microseconds, data already in the tool's own arrays, waiting for the result included.
- **gradient / primal**: the time of this call over that of gradir's compiled primal, `gr.jit(f)`.
- **/ gradir**: the time of this call over that of gradir's; above 1, gradir is faster.
- **JAX, newcomer**: the loops in Python and `.at[].set`, as one writes them who comes from NumPy.
- **Training** computes its gradients by itself: a call is all of it, its primal as many losses without them.
"""


_QUICK = """
**A quick run** (`--quick`): few rounds, one first call, and none of the contestants that compile for long.
"""


def markdown(
    results: Results, verdicts: Sequence[Verdict], columns: Sequence[str], plots: Sequence[str]
) -> str:
    """Return the page, with these contestants as columns of its summary and these plots, files beside it."""
    parts = [_HEADER, *([_QUICK] if results.quick else []), targets(verdicts)]
    if RATIOS in plots:
        parts.append(f"![Times of the peers over gradir's, by program]({RATIOS})")
    parts.append("\n".join(conditions(results.machine)))
    parts += [_PROGRAMS, summary(results.programs, columns, results.absent)]
    if results.starts:
        parts.append(starts(results.starts))
    if results.growth:
        parts.append(growth(results.growth, GROWTH in plots))
    parts += [details(outcome, results.absent) for outcome in results.programs]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def targets(verdicts: Sequence[Verdict]) -> str:
    """Return the section of the targets, a row each."""
    rows = [["program", "best peer", "target", "measured", "ratio", "met"]]
    for v in verdicts:
        rows.append(
            [
                v.title,
                f"{v.peer} {duration(v.best.median)}" if v.best else _ELSEWHERE,
                described(v.target.goal),
                duration(v.measured.median) if v.measured else "not measured",
                with_quartiles(v.ratio, ratio) if v.ratio else _ELSEWHERE,
                _met(v),
            ]
        )
    return f"{_TARGETS}\n{table(rows, left=3)}"


def _met(v: Verdict) -> str:
    if v.met is None:
        return f"{' and '.join(v.absent)} not measured" if v.measured and v.absent else _ELSEWHERE
    without = f", without {', '.join(v.absent)}" if v.absent else ""
    return ("yes" if v.met else "**no**") + without


def summary(outcomes: Sequence[Outcome], columns: Sequence[str], absent: Sequence[str]) -> str:
    """Return the table of microseconds a call, a row a program."""
    rows = [["program", NUMBA_PRIMAL, PRIMAL, *columns]]
    for outcome in outcomes:
        cells = [_of(outcome, name, []) for name in (NUMBA_PRIMAL, PRIMAL)]
        rows.append([outcome.title, *cells, *(_of(outcome, name, absent) for name in columns)])
    return table(rows)


def details(outcome: Outcome, absent: Sequence[str]) -> str:
    """Return the table of one program, a row a contestant."""
    rows = [["", "first call, s", "a call, µs", "gradient / primal", "/ gradir"]]
    for name in outcome.contestants:
        rows.append(
            [
                name,
                f"{spread(outcome.first[name]).median:.3f}",
                with_quartiles(outcome.call(name), microseconds),
                with_quartiles(outcome.per(name, PRIMAL), ratio),
                "1" if name == GRADIR else with_quartiles(outcome.per(name, GRADIR), ratio),
            ]
        )
    rows += [[name, *[_MISSING] * 4] for name in absent]
    return f"## {outcome.title}\n\n{_beside(outcome)}\n\n{table(rows)}"


def starts(outcomes: Sequence[Outcome]) -> str:
    """Return the table of what is done once a program or process, and of calls from compiled code."""
    rows = [["", "of", "time"]]
    for outcome in outcomes:
        for name in outcome.contestants:
            found = spread(outcome.first.get(name) or outcome.calls[name])
            rows.append([outcome.title, name, with_quartiles(found, duration)])
    return f"## Starting, and calls from compiled code\n\n{table(rows, left=2)}"


def growth(outcomes: Sequence[Outcome], plotted: bool) -> str:
    """Return the table of microseconds a call by size, a row a size."""
    columns = list(dict.fromkeys(name for outcome in outcomes for name in outcome.contestants))
    rows = [["program", "n", *columns]]
    for outcome in outcomes:
        rows.append([outcome.title, f"{outcome.size:,}", *(_of(outcome, name, []) for name in columns)])
    image = f"![Microseconds a call against n]({GROWTH})\n\n" if plotted else ""
    return f"## How the cost grows\n\nMicroseconds a call:\n\n{image}{table(rows)}"


def _beside(outcome: Outcome) -> str:
    """Return the sentences above a table."""
    told = [f"gradir's primal takes {with_quartiles(outcome.call(PRIMAL), microseconds)} µs"]
    if NUMBA_PRIMAL in outcome.calls:
        by_numba = with_quartiles(outcome.call(NUMBA_PRIMAL), microseconds)
        told[0] += f", the same in loops by Numba {by_numba} µs"
    return ". ".join([*told, *outcome.notes]) + "."


def _of(outcome: Outcome, name: str, absent: Sequence[str]) -> str:
    if name in outcome.calls:
        return microseconds(outcome.call(name).median)
    return _MISSING if name in absent else _ELSEWHERE


def conditions(machine: Machine) -> Iterator[str]:
    """Yield the lines that say what was measured on."""
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
