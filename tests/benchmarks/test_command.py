"""The command line, with contestants and programs that take no time."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import command, registry
from benchmarks.contestants import CONTESTANTS
from benchmarks.paths import ROOT
from benchmarks.registry import Start
from benchmarks.results import Outcome
from benchmarks.suite import Effort

EFFORT = Effort(rounds=2, first_calls=1, sizes=(10, 20), starts=1)


@pytest.fixture
def docs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    small = tuple(p for p in registry.PROGRAMS if p.name == "rosenbrock-10")
    imports = Start(
        "import", lambda *_: (Outcome("import", "import", 1, {}, {"gradir": [0.25], "JAX": [0.5]}),)
    )
    monkeypatch.setattr(registry, "PROGRAMS", small)
    monkeypatch.setattr(registry, "STARTS", (imports,))
    monkeypatch.setattr(registry, "GROWTH", small)
    monkeypatch.setattr(command, "CONTESTANTS", CONTESTANTS[:2])
    monkeypatch.setattr(command, "FULL", EFFORT)
    monkeypatch.setattr(command, "QUICK", replace(EFFORT, quick=True))
    monkeypatch.setattr(command, "DOCS", tmp_path / "docs")
    return tmp_path / "docs"


def test_a_full_run_writes_the_page_and_prints_the_targets(
    docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([]) == 0
    page = (docs / "benchmarks.md").read_text(encoding="utf-8")
    assert "\n## Rosenbrock, n = 10\n" in page
    printed = capsys.readouterr().out
    assert page.partition("## Targets")[2].partition("\n## ")[0].splitlines()[3] in printed
    assert "| `import gradir` " in printed


def test_the_plots_are_beside_the_page(docs: Path) -> None:
    pytest.importorskip("matplotlib")
    assert command.main([]) == 0
    for name in ("benchmarks_ratios.svg", "benchmarks_growth.svg"):
        assert f"({name})" in (docs / "benchmarks.md").read_text(encoding="utf-8")
        assert (docs / name).read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize("arguments", [["--quick"], ["--only", "rosenbrock-10"], ["--threads", "1"]])
def test_a_part_of_the_suite_does_not_replace_the_page(arguments: list[str], docs: Path) -> None:
    assert command.main(arguments) == 0
    assert not docs.exists()


def test_one_measurement_alone_shows_its_targets_alone(
    docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--only", "import"]) == 0
    printed = capsys.readouterr().out
    assert "| `import gradir` | JAX 500 ms | at most 0.3 s |   250 ms | 0.83 (0.83..0.83) | yes |" in printed
    assert "Rosenbrock" not in printed


def test_json_is_enough_for_the_page(docs: Path, tmp_path: Path) -> None:
    figures, one, other = tmp_path / "figures.json", tmp_path / "one", tmp_path / "other"
    assert command.main(["--json", str(figures), "--page", str(one)]) == 0
    assert command.main(["--read", str(figures), "--page", str(other)]) == 0
    assert not docs.exists()
    names = sorted(path.name for path in one.iterdir())
    assert "benchmarks.md" in names
    assert names == sorted(path.name for path in other.iterdir())
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)
    assert json.loads(figures.read_text())["targets"][0]["outcome"] == "rosenbrock-10"


def test_an_unknown_program_ends_it(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "chess"]) == 2
    assert "no benchmark is called chess" in capsys.readouterr().err


def test_a_wrong_gradient_ends_it(
    docs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    (program,) = registry.PROGRAMS
    wrong = replace(program, by_hand=lambda x: (program.by_hand(x)[0], (2.0 * program.by_hand(x)[1][0],)))
    monkeypatch.setattr(registry, "PROGRAMS", (wrong,))
    assert command.main(["--quick"]) == 1
    assert "Rosenbrock, n = 10, gradir: gradient 0 is off by 5.0e-01" in capsys.readouterr().err


def test_it_runs_as_a_module() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "renews docs/benchmarks.md" in run.stdout
