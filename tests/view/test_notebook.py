"""The HTML page of a program: escaped, foldable, and complete without `dot`."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from gradir.errors import RenderError
from gradir.view.diagram import Diagram, can_render
from gradir.view.notebook import LONGEST, Stage, page


class Reader(HTMLParser):
    """Checks that tags close, and collects them with the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_every_stage_has_a_section_with_its_text() -> None:
    stages = [Stage("primal", 'graph f(%0: f64[] "<x> & y") {'), Stage("llvm", "define i32 @f()")]
    reader = read(page("f <lambda>", stages, opened="primal"))
    assert reader.tags.count("details") == 2
    assert "f <lambda>" in reader.text
    assert 'graph f(%0: f64[] "<x> & y") {' in reader.text
    assert page("f", stages, opened="llvm").count(" open>") == 1
    assert page("f", stages).count(" open>") == 0


def test_long_stages_are_cut_with_a_note() -> None:
    reader = read(page("f", [Stage("assembly", "nop\n" * (LONGEST + 5))]))
    assert reader.text.count("nop") == LONGEST
    assert "5 more lines" in reader.text


def test_without_dot_a_note_says_why_there_is_no_picture(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    reader = read(page("f", [Stage("primal", "graph", lambda: Diagram("digraph { a }"))]))
    assert "apt-get install graphviz" in reader.text
    assert "graph" in reader.text


@pytest.mark.skipif(not can_render(), reason="Graphviz's 'dot' program is not installed")
def test_pictures_are_inline_and_a_refused_one_is_a_note() -> None:
    def too_large() -> Diagram:
        raise RenderError("the graph has 5,000 nodes")

    stages = [Stage("primal", "a", lambda: Diagram("digraph { a }")), Stage("adjoint", "b", too_large)]
    reader = read(page("f", stages))
    assert reader.tags.count("svg") == 1
    assert "the graph has 5,000 nodes" in reader.text


def test_text_that_no_encoding_takes_is_escaped() -> None:
    page("f", [Stage("primal", "\ud800")]).encode("utf-8")
