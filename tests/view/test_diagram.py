"""Rendering: pictures where `dot` is installed, DOT text and a clear error where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from gradir.errors import GradirError, RenderError
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.types import F64
from gradir.ops import OPS
from gradir.view.diagram import Diagram, can_render
from gradir.view.graph_diagram import graph_diagram

from tests.view.programs import FORK, LAYER, LOOP, joint

needs_dot = pytest.mark.skipif(not can_render(), reason="Graphviz's 'dot' program is not installed")


@pytest.fixture
def without_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_text_needs_no_dot(without_dot: None, tmp_path: Path) -> None:
    _, adjoint = joint(FORK, (0,))
    diagram = graph_diagram(adjoint.graph)
    assert str(diagram) == diagram.source
    assert diagram.source.startswith("digraph {")
    assert diagram.save(tmp_path / "f.dot").read_text(encoding="utf-8") == diagram.source
    assert diagram._repr_svg_() is None


def test_rendering_without_dot_says_how_to_install_it(without_dot: None, tmp_path: Path) -> None:
    diagram = Diagram("digraph { a -> b }")
    with pytest.raises(RenderError, match=r"'dot' program.*apt-get install graphviz") as caught:
        diagram.render(tmp_path / "f")
    assert isinstance(caught.value, GradirError)
    assert isinstance(caught.value, RuntimeError)
    with pytest.raises(RenderError, match="not on the PATH"):
        diagram.svg()
    assert list(tmp_path.iterdir()) == []


@needs_dot
@pytest.mark.parametrize("text", [FORK, LAYER, LOOP])
def test_dot_draws_every_program(text: str, tmp_path: Path) -> None:
    primal, adjoint = joint(text, (0,))
    for graph in (primal, adjoint.graph):
        svg = graph_diagram(graph).svg()
        assert "<svg" in svg
        assert svg.count('class="node"') > len(graph.block.nodes)


@needs_dot
def test_render_adds_the_suffix_and_writes_the_format(tmp_path: Path) -> None:
    diagram = Diagram("digraph { a -> b }")
    assert diagram.render(tmp_path / "f") == tmp_path / "f.svg"
    assert diagram.render(str(tmp_path / "v1.5"), "png") == tmp_path / "v1.5.png"
    assert diagram.render(tmp_path / "f.svg") == tmp_path / "f.svg"
    assert (tmp_path / "v1.5.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (diagram._repr_svg_() or "")


@needs_dot
def test_an_unknown_format_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="could not draw"):
        Diagram("digraph { a }").render(tmp_path / "f", "nonsense")


@needs_dot
@pytest.mark.parametrize("label", ["<b>&\"'", "a\nb", "\x00\x1b", "\ud800", "\\N {x|y}"])
def test_dot_accepts_labels_with_any_characters(label: str) -> None:
    x = Value(F64)
    assert "<svg" in graph_diagram(Graph(label, Builder(OPS).block([x], [x]), (label,), (label,))).svg()
