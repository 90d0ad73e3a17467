"""The page that the suite writes, from made-up figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from benchmarks.contestants import CONTESTANTS
from benchmarks.machine import Machine, this_machine
from benchmarks.measure import Spread
from benchmarks.report import as_json, markdown, microseconds
from benchmarks.suite import Outcome, Timing

MACHINE = Machine(
    processor="Abacus 3000",
    threads=2,
    system="Linux x86_64, glibc 2.36",
    memory_gib=24,
    python="3.11.7",
    load=0.5,
    versions={"numpy": "2.4.6", "gradir": "0.1.0", "jax": None},
    day=date(2025, 1, 2),
)
COLUMNS = ["gradir", "by hand", "JAX"]


def timing(seconds: float) -> Timing:
    def about(x: float) -> Spread:
        return Spread(0.9 * x, x, 1.25 * x)

    return Timing(about(0.1234), about(seconds), about(seconds / 1e-6), about(seconds / 2e-6))


OUTCOMES = [
    Outcome(
        "two",
        "Two by two",
        Spread(1e-6, 1e-6, 1.1e-6),
        Spread(2e-6, 3e-6, 4e-6),
        "a loop of two unrolls",
        {"gradir": timing(2e-6), "by hand": timing(1.5)},
    ),
    Outcome("one", "One", Spread(1e-4, 1e-4, 1e-4), None, "", {"gradir": timing(2.5e-4)}),
]


def test_the_page(golden: Callable[[str, str], None]) -> None:
    golden("page.md", markdown(MACHINE, OUTCOMES, COLUMNS, absent=["JAX"]))


def test_the_columns_of_the_summary_line_up() -> None:
    page = markdown(MACHINE, OUTCOMES, COLUMNS, absent=["JAX"])
    rows = [line for line in page.split("\n## ")[2].splitlines() if line.startswith("|")]
    assert len({len(row) for row in rows}) == 1
    assert rows[0].split()[1::2][0] == "program"
    assert "absent" in rows[2]
    assert "–" in rows[3]


def test_a_busy_machine_is_told() -> None:
    told = "the machine had other work to do"
    assert told in markdown(replace(MACHINE, load=3.5), OUTCOMES, COLUMNS, absent=[])
    assert told not in markdown(MACHINE, OUTCOMES, COLUMNS, absent=[])
    assert told not in markdown(replace(MACHINE, load=None), OUTCOMES, COLUMNS, absent=[])


def test_json_has_the_figures() -> None:
    data = json.loads(as_json(MACHINE, OUTCOMES))
    assert data["machine"]["versions"]["jax"] is None
    assert data["programs"][0]["timings"]["gradir"]["call"]["median"] == 2e-6


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


def test_the_machine_is_described() -> None:
    machine = this_machine(CONTESTANTS)
    assert machine.processor
    assert machine.threads in (1, 2)
    assert {"numpy", "scipy", "llvmlite", "jax", "torch", "autograd"} <= set(machine.versions)
