"""Memory of loops is that of their arrays and steps, and compiling does not depend on the trip count."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import loops
from benchmarks.command import main

needs_proc = pytest.mark.skipif(not loops._RESET.exists(), reason="peak memory is read from /proc")


@needs_proc
def test_the_peak_is_that_of_the_call() -> None:
    peak = loops.peak_of(lambda: np.ones(4_000_000).sum())
    assert 31e6 < peak < 36e6


@needs_proc
@pytest.mark.parametrize(("n", "steps"), [(200_000, 1_000), (1_000, 400_000), (200_000, 400_000)])
def test_memory_grows_with_the_array_and_with_the_steps_only(n: int, steps: int) -> None:
    assert loops.memory(n, steps).peak < 60 * (n + steps) + 4e6


def test_compile_time_does_not_depend_on_the_trip_count() -> None:
    few, many = loops.compilations(repeats=3).values()
    assert many < 3.0 * few + 0.1


def test_the_section_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(loops, "MEMORY", ((100, 10),))
    assert main(["--loops", "--quick"]) == 0
    out = capsys.readouterr().out
    assert "## Loops" in out
    assert "- 10,000,000 trips: " in out
