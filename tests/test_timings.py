"""The stages of a compilation: which there are, and that their times add up."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.api import jit, value_and_grad
from gradir.timings import Clock, Timings

_STAGES = [
    *("trace", "adjoint", "canonicalize", "ranges", "cse", "sum_order", "licm", "dce"),
    *("link", "lower", "emit", "LLVM: optimise", "LLVM: generate"),
]


def _wave(x: np.ndarray) -> np.floating:
    return np.sum(np.sin(x) * x)


def test_a_program_knows_how_long_each_stage_took() -> None:
    for transform in (value_and_grad, jit):
        timings = transform(_wave, cache=False).inspect(np.ones(3)).timings
        assert [name for name, _ in timings.stages] == _STAGES
        assert all(seconds >= 0 for _, seconds in timings.stages)
        assert 0 < sum(seconds for _, seconds in timings.stages) <= timings.total
        assert timings["trace"] == timings.stages[0][1]
        with pytest.raises(KeyError):
            timings["tracing"]


def test_timings_print_as_a_table() -> None:
    timings = Timings((("trace", 0.5), ("LLVM: generate", 0.0125)), 0.6)
    assert str(timings).splitlines() == [
        "trace               500.0 ms",
        "LLVM: generate       12.5 ms",
        "total               600.0 ms",
    ]


def test_a_stage_inside_of_another_counts_once() -> None:
    clock = Clock()
    with clock.stage("outer"):
        for _ in range(3):
            with clock.stage("inner"):
                sum(range(20_000))
    timings = clock.read()
    assert [name for name, _ in timings.stages] == ["outer", "inner"]
    assert timings["outer"] + timings["inner"] <= timings.total
    assert timings["outer"] >= 0
