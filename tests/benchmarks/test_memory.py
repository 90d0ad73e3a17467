"""The memory of gradients: which rows there are, what the page says of them, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import command, memory
from benchmarks.agreement import DisagreementError
from benchmarks.memory import DEFAULT, EVERYTHING, MemoryOutcome, MemoryRow, known_options, measure_memory
from benchmarks.memory_report import PAGE, PLOT, as_json, markdown, report, verdicts
from benchmarks.suite import Effort
from tests.benchmarks.made_up import MACHINE, about

EFFORT = Effort(rounds=3, first_calls=1)
SMALL = tuple(replace(p, size=p.small) for p in memory.PROGRAMS)
SAVED = MemoryOutcome(
    "lstm",
    "LSTM",
    (
        MemoryRow(DEFAULT, None, 600_000, 610_000, about(1e-4)),
        MemoryRow(EVERYTHING, None, 1_000_000, 1_000_000, about(1e-4)),
        MemoryRow("budget 50%", 500_000, 480_000, 490_000, about(1.5e-4)),
        MemoryRow("budget 10%", 100_000, None, None, [], "the least budget is 200,000 bytes"),
    ),
)


def test_the_programs_are_those_of_the_issue() -> None:
    assert [p.name for p in memory.PROGRAMS] == ["mlp", "deep-mlp", "lstm", "heat", "lorenz"]


@pytest.mark.parametrize("program", SMALL, ids=lambda p: p.name)
def test_what_is_measured_is_what_is_planned(program: memory.Program) -> None:
    (outcome,) = measure_memory([program], EFFORT)
    wanted = [DEFAULT]
    wanted += [EVERYTHING] if "checkpoint" in known_options() else []
    wanted += [f"budget {k}%" for k in memory.SHARES] if "memory_budget" in known_options() else []
    assert [row.name for row in outcome.rows] == wanted
    for row in outcome.rows:
        if row.refused:
            assert (row.measured, row.samples) == (None, [])
        else:
            assert row.measured == pytest.approx(row.planned, rel=0.05)
            assert len(row.samples) == 3
            assert row.budget is None or row.planned is None or row.planned <= row.budget


def test_a_wrong_gradient_ends_it() -> None:
    (program,) = (p for p in SMALL if p.name == "lorenz")
    wrong = replace(program, by_hand=lambda *args: (program.by_hand(*args)[0], (np.zeros(3),)))
    with pytest.raises(DisagreementError, match="as it is: gradient 0 is off"):
        list(measure_memory([wrong], EFFORT))


def test_a_row_says_its_share_and_its_time() -> None:
    lines = report(SAVED).splitlines()
    cells = {row[1]: row[2:-1] for row in ([x.strip() for x in line.split("|")] for line in lines) if row[1:]}
    assert cells[DEFAULT] == ["–", "600.0", "610.0", "61%", "100", "1.00 (1.00..1.00)"]
    assert cells[EVERYTHING] == ["–", "1,000.0", "1,000.0", "100%", "100", "1"]
    assert cells["budget 50%"] == ["500.0", "480.0", "490.0", "49%", "150", "1.50 (1.50..1.50)"]
    assert cells["budget 10%"] == ["100.0", "does not fit", "–", "–", "–", "–"]
    assert "- budget 10%: the least budget is 200,000 bytes" in lines


def test_the_default_is_compared_with_saving_everything() -> None:
    line = verdicts([SAVED]).splitlines()[-1]
    assert [x.strip() for x in line.split("|")][1:-1] == ["LSTM", "0.61", "1.00 (1.00..1.00)", "yes", "yes"]
    assert verdicts([replace(SAVED, rows=SAVED.rows[:1])]) == ""


@pytest.mark.parametrize(("codes", "verdict"), [("ab", "no"), ("aa", "yes: one program"), (("", ""), "no")])
def test_one_program_is_no_slower_than_itself(codes: tuple[str, str], verdict: str) -> None:
    default, everything = (replace(row, code=c) for row, c in zip(SAVED.rows[:2], codes, strict=True))
    slow = replace(default, samples=about(1.1e-4))
    line = verdicts([replace(SAVED, rows=(slow, everything))]).splitlines()[-1]
    assert line.split("|")[-2].strip() == verdict


def test_rows_of_one_program_have_one_code() -> None:
    (program,) = (p for p in SMALL if p.name == "mlp")
    (outcome,) = measure_memory([program], EFFORT)
    default, everything = outcome.row(DEFAULT), outcome.row(EVERYTHING)
    assert default is not None
    assert everything is not None
    assert default.code == everything.code != ""


def test_the_page_and_the_figures() -> None:
    page = markdown([SAVED], MACHINE, plotted=True)
    assert page.startswith("# Memory and time of gradients")
    assert f"]({PLOT})" in page
    assert "Abacus 3000" in page
    assert "as it is" in markdown([replace(SAVED, rows=SAVED.rows[:1])], MACHINE, plotted=False)
    data = json.loads(as_json([SAVED], MACHINE))
    assert data["programs"][0]["rows"][2]["budget"] == 500_000


def test_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "PROGRAMS", SMALL)
    monkeypatch.setattr(command, "QUICK", EFFORT)
    monkeypatch.setattr(command, "DOCS", tmp_path / "docs")
    figures, folder = tmp_path / "figures.json", tmp_path / "page"
    arguments = ["--memory", "--quick", "--only", "lorenz", "--json", str(figures), "--page", str(folder)]
    assert command.main(arguments) == 0
    assert "## Lorenz" in capsys.readouterr().out
    assert "## Lorenz" in (folder / PAGE).read_text(encoding="utf-8")
    assert json.loads(figures.read_text())["machine"]["threads"] > 0
    assert command.main(["--memory", "--only", "lorenz"]) == 0
    assert not (tmp_path / "docs").exists()
    assert command.main(["--memory", "--only", "chess"]) == 2
    assert "the memory of chess is not measured; that of mlp" in capsys.readouterr().err


def test_the_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.memory_report import write

    write([SAVED], MACHINE, tmp_path)
    assert ">LSTM</text>" in (tmp_path / PLOT).read_text(encoding="utf-8")
    write([replace(SAVED, rows=SAVED.rows[:1])], MACHINE, tmp_path / "one")
    assert not (tmp_path / "one" / PLOT).exists()
