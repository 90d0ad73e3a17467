"""The page of what gradients take in memory, in Markdown, its plot and its JSON."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from .figures import microseconds, ratio, table, with_quartiles
from .machine import Machine
from .memory import DEFAULT, EVERYTHING, MemoryOutcome, MemoryRow
from .plots import new_figure, save_figure
from .report import conditions

PAGE, PLOT = "memory_benchmarks.md", "memory_benchmarks.svg"
SCHEMA = 1
_NONE = "–"
_ONE_PROGRAM = "yes: one program"
_HEADER = """\
# Memory and time of gradients

Made by `python -m benchmarks --memory`; edit the suite, not this page.

A call computes value and gradient in float64. The rows of a program are the same gradient with other options
of `gr.value_and_grad`, each checked against the one written by hand:

- **as it is**: without options.
- **everything saved**: `checkpoint="everything"`: what the backward pass reads of the forward pass is saved.
- **budget 50%**: `memory_budget=` half the plan's peak of that, in bytes.

*Planned* is the peak of `inspect(...).memory`, *measured* what one call really allocates (its `measure()`);
[Memory](memory.md) says what counts. Times are medians of samples that rows take in turns, with the
quartiles in brackets; ratios are between samples of the same round.

A plan does not cut arrays, so some budgets fit no plan. The reverse of a layer has the layer's values and
their cotangents in memory at once, beside the results: in the first program two arrays of 2,048 x 128
numbers, 4.2 MB, and gradients of 0.8 MB. Less takes a batch in parts ([checkpointing](checkpointing.md)).
"""


def report(outcome: MemoryOutcome) -> str:
    """Return the table of one program."""
    head = [
        "",
        "budget, kB",
        "planned, kB",
        "measured, kB",
        "of everything",
        "a call, µs",
        "time / everything",
    ]
    rows = [head, *(_cells(outcome, row) for row in outcome.rows)]
    refused = [f"- {row.name}: {row.refused}\n" for row in outcome.rows if row.refused]
    notes = "\n" + "".join(refused) if refused else ""
    return f"## {outcome.title}\n\n{table(rows)}{notes}"


def _cells(outcome: MemoryOutcome, row: MemoryRow) -> list[str]:
    base, times = outcome.base, outcome.times(row)
    share = _NONE
    if base is not None and base.measured and row.measured is not None:
        share = f"{100 * row.measured / base.measured:.0f}%"
    return [
        row.name,
        _kilobytes(row.budget),
        "does not fit" if row.refused else _kilobytes(row.planned),
        _kilobytes(row.measured),
        share,
        microseconds(sorted(row.samples)[len(row.samples) // 2]) if row.samples else _NONE,
        _NONE if times is None else "1" if row is base else with_quartiles(times, ratio),
    ]


def _kilobytes(count: int | None) -> str:
    return _NONE if count is None else f"{count / 1e3:,.1f}"


def verdicts(outcomes: Sequence[MemoryOutcome]) -> str:
    """Return how the default compares with saving everything, program by program; empty without that."""
    rows = [["program", "memory / everything", "time / everything", "less memory", "no slower"]]
    for outcome in outcomes:
        default, everything = outcome.row(DEFAULT), outcome.row(EVERYTHING)
        if default is None or everything is None or not default.measured or not everything.measured:
            continue
        memory, times = default.measured / everything.measured, outcome.times(default)
        assert times is not None
        saves, fast = memory < 0.99, times.low <= 1.02
        verdict = [_yes_or_no(saves), _ONE_PROGRAM if _are_one(default, everything) else _yes_or_no(fast)]
        cells = [ratio(memory), with_quartiles(times, ratio), *verdict]
        rows.append([outcome.title, *cells])
    if len(rows) == 1:
        return ""
    target = (
        "The default is to be no slower than saving everything, and to save memory on at least half.\n"
        "Where both are one program, with the same kernels, their times differ by the machine's noise alone."
    )
    return f"## The default beside saving everything\n\n{target}\n\n{table(rows)}"


def _are_one(row: MemoryRow, other: MemoryRow) -> bool:
    return bool(row.code) and row.code == other.code


def _yes_or_no(holds: bool) -> str:
    return "yes" if holds else "no"


def markdown(outcomes: Sequence[MemoryOutcome], machine: Machine, plotted: bool) -> str:
    """Return the page."""
    image = [f"![Time against peak memory, by program]({PLOT})\n"] if plotted else []
    summary = verdicts(outcomes)
    parts = [_HEADER, *image, *([summary] if summary else []), *map(report, outcomes)]
    return "\n".join([*parts, "\n".join(conditions(machine)), ""])


def as_json(outcomes: Sequence[MemoryOutcome], machine: Machine) -> str:
    """Return all figures."""
    data = {
        "schema": SCHEMA,
        "machine": dataclasses.asdict(machine),
        "programs": [dataclasses.asdict(x) for x in outcomes],
    }
    return json.dumps(data, indent=1, default=str) + "\n"


def write(outcomes: Sequence[MemoryOutcome], machine: Machine, folder: Path) -> None:
    """Write the page and its plot."""
    folder.mkdir(parents=True, exist_ok=True)
    plotted = _draw(outcomes, folder / PLOT)
    (folder / PAGE).write_text(markdown(outcomes, machine, plotted), encoding="utf-8")


def _draw(outcomes: Sequence[MemoryOutcome], path: Path) -> bool:
    """Draw a panel a program, time against measured peak; tell whether there was anything to compare."""
    compared = [x for x in outcomes if sum(1 for _ in _points(x)) > 1]
    if not compared or importlib.util.find_spec("matplotlib") is None:
        return False
    figure, axes = new_figure(len(compared), (3.6 * len(compared), 3.4))
    for panel, outcome in zip(axes, compared, strict=True):
        points = sorted(_points(outcome))
        panel.plot([p[0] for p in points], [p[1] for p in points], "o", color="#111111", markersize=4.0)
        named: dict[tuple[float, float], list[str]] = {}
        for share, times, name in points:
            named.setdefault((round(share, 1), round(times, 1)), []).append(name)
        for place, names in named.items():
            words = ", ".join(name.removeprefix("budget ") for name in names)
            panel.annotate(words, place, (4, 4), textcoords="offset points", fontsize=7, rotation=30)
        panel.set_title(outcome.title, fontsize=9)
        panel.set_xlabel("peak / everything saved")
        panel.set_ylabel("time / everything saved")
        panel.set_xlim(0.0, 1.35)
        panel.set_ylim(0.0, 1.35 * max(times for _, times, _ in points))
        panel.grid(linewidth=0.4)
    save_figure(figure, path)
    return True


def _points(outcome: MemoryOutcome) -> Iterator[tuple[float, float, str]]:
    base = outcome.base
    for row in outcome.rows:
        times = outcome.times(row)
        if base is not None and base.measured and row.measured is not None and times is not None:
            yield row.measured / base.measured, times.median, row.name
