"""The command line, with contestants and programs that take no time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import command
from benchmarks.contestants import BY_HAND, GRADIR
from benchmarks.suite import Effort

ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    small = tuple(p for p in command.PROGRAMS if p.name == "rosenbrock-10")
    monkeypatch.setattr(command, "PROGRAMS", small)
    monkeypatch.setattr(command, "CONTESTANTS", (GRADIR, BY_HAND))
    monkeypatch.setattr(command, "FULL", Effort(rounds=2, first_calls=1))
    monkeypatch.setattr(command, "QUICK", Effort(rounds=2, first_calls=1))
    monkeypatch.setattr(command, "PAGE", tmp_path / "benchmarks.md")
    return tmp_path / "benchmarks.md"


def test_a_full_run_prints_and_writes_the_page(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    written = page.read_text(encoding="utf-8")
    assert "## Rosenbrock, n = 10" in written
    assert written in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--quick"], ["--only", "rosenbrock-10"], ["--threads", "1"]])
def test_a_part_of_the_suite_does_not_replace_the_page(arguments: list[str], page: Path) -> None:
    assert command.main(arguments) == 0
    assert not page.exists()


def test_json_goes_where_it_is_told(page: Path, tmp_path: Path) -> None:
    assert command.main(["--quick", "--json", str(tmp_path / "figures.json")]) == 0
    assert '"rosenbrock-10"' in (tmp_path / "figures.json").read_text()


def test_an_unknown_program_ends_it(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "chess"]) == 2
    assert "no benchmark is called chess" in capsys.readouterr().err


def test_a_wrong_gradient_ends_it(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    (program,) = command.PROGRAMS
    wrong = replace(program, by_hand=lambda x: (program.by_hand(x)[0], (2.0 * program.by_hand(x)[1][0],)))
    monkeypatch.setattr(command, "PROGRAMS", (wrong,))
    assert command.main(["--quick"]) == 1
    assert "Rosenbrock, n = 10, gradir: gradient 0 is off by 5.0e-01" in capsys.readouterr().err


def test_it_runs_as_a_module() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "renews docs/benchmarks.md" in run.stdout
