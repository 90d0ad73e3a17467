"""What is done once a process is measured in processes that import nothing else before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import starts
from benchmarks.paths import ROOT
from benchmarks.suite import Effort


def test_nothing_is_imported_before_the_tool() -> None:
    program = "import sys, benchmarks.first_gradient; print(*sys.modules, sep='\\n')"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert "benchmarks.first_gradient" in loaded
    assert loaded & {"numpy", "dataclasses", "typing", "gradir"} == set()


def test_a_process_gives_its_seconds() -> None:
    (found,) = starts.warm_starts(Effort(rounds=1, first_calls=1, starts=1), jax_too=False)
    (taken,) = found.first["gradir"]
    assert taken > 0.0


def test_imports_are_measured_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "IMPORTS", ("numpy", "jax"))
    (found,) = starts.imports(Effort(rounds=1, first_calls=1, starts=2), jax_too=False)
    assert {name: len(taken) for name, taken in found.first.items()} == {"NumPy": 2}
