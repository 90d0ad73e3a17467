"""The plots are drawn from the samples, and are the same files for the same samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.contestants import CONTESTANTS
from benchmarks.plots import _COLOURS, draw
from benchmarks.report import GROWTH, RATIOS
from tests.benchmarks.made_up import RESULTS, ROSENBROCK

pytest.importorskip("matplotlib")


def test_the_same_samples_make_the_same_files(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        assert draw(RESULTS, folder) == [RATIOS, GROWTH]
    for name in (RATIOS, GROWTH):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_plots_are_small_and_name_what_they_show(tmp_path: Path) -> None:
    draw(RESULTS, tmp_path)
    ratios, growth = ((tmp_path / name).read_text(encoding="utf-8") for name in (RATIOS, GROWTH))
    assert ">Seidel</text>" in ratios
    assert ">PyTorch</text>" in ratios
    assert ">Chain</text>" in growth
    assert len(ratios) < 100_000


def test_without_figures_there_is_no_plot(tmp_path: Path) -> None:
    assert draw(replace(RESULTS, programs=(ROSENBROCK,), growth=()), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_every_contestant_has_a_colour() -> None:
    assert {c.name for c in CONTESTANTS} == set(_COLOURS)
    assert len(set(_COLOURS.values())) == len(_COLOURS)
