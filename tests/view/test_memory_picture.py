"""The drawing of memory over time is well-formed SVG with axes, units, phases, loops, lines and the peak."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.memory import Memory
from gradir.view.picture import Picture

SVG = "{http://www.w3.org/2000/svg}"


def loop(k: Any, u: Any) -> Any:
    for _ in range(40):
        u = u + k * np.sin(u)
    return np.sum(u)


def shorter(k: Any, u: Any) -> Any:
    for _ in range(10):
        u = u + k * np.sin(u)
    return np.sum(u)


def halving(x: Any) -> Any:
    while np.sum(x) > 1.0:
        x = x * x * 0.25
    return np.sum(x)


def memory_of(f: Any, *args: Any) -> Memory:
    return gr.value_and_grad(f).inspect(*args).memory


def shapes(picture: Picture, kind: str) -> list[ET.Element]:
    return list(ET.fromstring(picture.source).iter(SVG + kind))


def words(picture: Picture) -> list[str]:
    found = [(text.text or "", text.get("fill")) for text in shapes(picture, "text")]
    return [text for text, fill in found if fill != "none"]


@pytest.fixture(scope="module")
def before() -> Memory:
    return memory_of(loop, 0.1, np.ones(1000))


def test_it_has_axes_with_units_phases_and_loops(before: Memory) -> None:
    found = words(before.draw())
    for text in (
        "loop",
        "forward",
        "backward",
        "statements run",
        "memory in use, kB",
        "0",
        "200",
        "400",
        "600",
    ):
        assert text in found
    assert found.count("line 19: 40 turns") == 2


def test_the_peaks_of_the_plan_and_of_what_is_in_use_are_marked(before: Memory) -> None:
    picture = before.draw()
    peak = before.live().peak
    assert peak is not None
    assert f"peak of the plan: {before.peak:,} bytes" in words(picture)
    assert f"most in use: {peak.most:,} bytes, {peak.what}" in words(picture)
    (dot,) = shapes(picture, "circle")
    (area,) = shapes(picture, "polygon")
    heights = [float(p.split(",")[1]) for p in area.get("points", "").split()]
    assert float(dot.get("cy", "nan")) == pytest.approx(min(heights), abs=0.1)


def test_the_pointer_tells_statements_lines_and_bytes(before: Memory) -> None:
    titles = [title.text or "" for title in shapes(before.draw(), "title")]
    assert any("push, add" in t and "(line 19)" in t and t.endswith("bytes in use") for t in titles)
    assert len(titles) == len(before.live().moments)


def test_before_and_after_have_one_scale(before: Memory) -> None:
    picture = before.draw(memory_of(shorter, 0.1, np.ones(1000)))
    assert [t for t in words(picture) if (":" in t and "before" in t) or "after" in t] == [
        "loop: before",
        "shorter: after",
    ]
    first, second = shapes(picture, "polygon")
    heights = [_height(area) for area in (first, second)]
    peaks = [m.live().peak for m in (before, memory_of(shorter, 0.1, np.ones(1000)))]
    assert peaks[0] is not None
    assert peaks[1] is not None
    assert heights[1] / heights[0] == pytest.approx(peaks[1].most / peaks[0].most, rel=0.02)


def _height(area: ET.Element) -> float:
    heights = [float(p.split(",")[1]) for p in area.get("points", "").split()]
    return max(heights) - min(heights)


def test_what_is_assumed_is_said() -> None:
    found = words(memory_of(halving, np.ones(300)).draw(turns=30))
    assert "line 31: turns not known, drawn for 30" in found
    assert not any("peak of the plan" in text for text in found)


def test_a_picture_is_saved_and_shown(before: Memory, tmp_path: Path) -> None:
    picture = before.draw()
    path = picture.save(tmp_path / "memory.svg")
    assert path.read_text(encoding="utf-8") == picture._repr_svg_() == str(picture) == picture.svg()
    assert before.draw() == picture


def test_a_program_without_statements() -> None:
    assert "function" in words(gr.jit(lambda x: x).inspect(3.0).memory.draw())
