"""The programs whose compile time is measured compute what they say, and the section is printed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gradir.api import value_and_grad

from benchmarks import compile_time
from benchmarks.command import main


@pytest.mark.parametrize("name", list(compile_time.PROGRAMS))
def test_a_program_has_as_many_operations_as_it_says(name: str, tmp_path: Path) -> None:
    function = compile_time.loaded(compile_time.PROGRAMS[name](400), tmp_path)
    x = np.linspace(0.1, 0.9, 8)
    transformed = value_and_grad(function)
    primal = transformed.inspect(x).primal
    found = [n for n in primal.block.nodes if n.op.name in ("add", "multiply", "sin")]
    assert 390 <= len(found) <= 410
    value, gradient = transformed(x)
    assert value == pytest.approx(function(x), rel=1e-14)
    step = 1e-6 * np.eye(8)
    differences = [(function(x + h) - function(x - h)) / 2e-6 for h in step]
    np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-6)


def test_the_section_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(compile_time, "QUICK", (40,))
    assert main(["--compile", "--quick"]) == 0
    out = capsys.readouterr().out
    assert "## Compile time" in out
    assert "| statements           |         40 |" in out
