"""The page that the suite writes, from made-up figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks.contestants import CONTESTANTS
from benchmarks.figures import duration, microseconds, table
from benchmarks.machine import this_machine
from benchmarks.report import GROWTH, RATIOS, markdown
from benchmarks.results import Results
from benchmarks.targets import TARGETS
from benchmarks.verdicts import judge, measured
from tests.benchmarks.made_up import MACHINE, RESULTS

COLUMNS = ["gradir", "by hand", "JAX", "PyTorch"]


def page(results: Results = RESULTS, *plots: str) -> str:
    return markdown(results, measured(judge(results)), COLUMNS, plots)


def test_the_page(golden: Callable[[str, str], None]) -> None:
    golden("page.md", page(RESULTS, RATIOS, GROWTH))


def test_without_plots_there_is_no_image() -> None:
    assert "](benchmarks_" not in page()


def test_every_target_has_a_row() -> None:
    whole = markdown(RESULTS, judge(RESULTS), COLUMNS, [])
    rows = [
        line for line in whole.partition("## Targets")[2].partition("##")[0].splitlines() if line[:1] == "|"
    ]
    assert len(rows) == len(TARGETS) + 2
    assert len({len(row) for row in rows}) == 1


def test_a_busy_machine_is_told() -> None:
    told = "the machine had other work to do"
    assert told in page(replace(RESULTS, machine=replace(MACHINE, load=3.5)))
    assert told not in page()
    assert told not in page(replace(RESULTS, machine=replace(MACHINE, load=None)))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0"),
        (1.234e-6, "1.23"),
        (12.34e-6, "12.3"),
        (123.4e-6, "123"),
        (9.999e-6, "10.0"),
        (1.2345, "1,230,000"),
    ],
)
def test_figures_have_three_digits(seconds: float, text: str) -> None:
    assert microseconds(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.5e-6, "0.500 µs"), (999e-6, "999 µs"), (1e-3, "1.00 ms"), (0.31, "310 ms"), (22.4, "22.4 s")],
)
def test_durations_have_the_unit_that_suits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_tables_line_up() -> None:
    assert table([["a", "b", "c"], ["long", "x", "1.0"]], left=2) == (
        "| a    | b |   c |\n| ---- | - | --: |\n| long | x | 1.0 |\n"
    )


def test_the_machine_is_described() -> None:
    machine = this_machine(CONTESTANTS)
    assert machine.processor
    assert machine.threads in (1, 2)
    assert {"numpy", "scipy", "llvmlite", "jax", "torch", "autograd"} <= set(machine.versions)
