"""The documentation's code runs and prints what the pages say; `pytest --update-golden` writes it anew.

In a page, the blocks marked `python` are one program, run in their order. A block marked `text` that follows
one is what that prints. One marked `llvm` or `asm` is an excerpt, which depends on the processor: it is
not compared. A block that ends in one of gradir's errors prints it. A picture that the program saves under
the name of one beside the page is that one.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import gradir as gr
import pytest
from gradir.view.diagram import can_render

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")
EXCERPTS = {"llvm", "asm"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `start` and `stop` are the place of its text."""

    language: str
    text: str
    start: int
    stop: int


def blocks(page: str) -> list[Block]:
    return [Block(m[1], m[2], m.start(2), m.end(2)) for m in BLOCK.finditer(page)]


def runs(page: str) -> bool:
    return any(block.language == "python" for block in blocks(page))


DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [path for path in DOCS if runs(path.read_text(encoding="utf-8"))]


@contextlib.contextmanager
def known(module: ModuleType) -> Iterator[None]:
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        del sys.modules[module.__name__]


def outputs(page: str, script: Path) -> Iterator[tuple[Block, str]]:
    """Run the program of a page, written to the file `script`; yield each block with what it prints."""
    program = [block for block in blocks(page) if block.language == "python"]
    script.write_text("".join(block.text for block in program), encoding="utf-8")
    module = ModuleType(script.stem)  # what the program defines pickles by its name
    line = 0
    for block in program:
        code = compile("\n" * line + block.text, str(script), "exec", dont_inherit=True)
        line += block.text.count("\n")
        with known(module), contextlib.redirect_stdout(io.StringIO()) as printed:
            try:
                exec(code, vars(module))
            except gr.GradirError as error:
                print(f"{gr.__name__}.{type(error).__name__}: {error}")
        text = printed.getvalue().replace(f"{script.parent}{os.sep}", "").rstrip("\n")
        yield block, text + "\n" if text else ""


def shown(page: str, block: Block) -> Block | None:
    """Return the block right below another one, if it shows what that prints."""
    below = next((b for b in blocks(page) if b.start > block.stop), None)
    if below is None or below.language not in {"text", *EXCERPTS}:
        return None
    between = page[block.stop : below.start]
    return below if not between.replace("```", "").replace(below.language, "").strip() else None


def renewed(page: str, ran: Iterable[tuple[Block, str]]) -> str:
    """Return the page with what its program really prints."""
    parts, at = [], 0
    for block, printed in ran:
        below = shown(page, block)
        if below is not None and below.language not in EXCERPTS:
            parts += [page[at : below.start], printed]
            at = below.stop
    return "".join([*parts, page[at:]])


@pytest.mark.usefixtures("disk_cache")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_page_shows_what_its_program_prints_and_all_of_that(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    page = path.read_text(encoding="utf-8")
    ran = list(outputs(page, tmp_path / f"{path.stem}.py"))
    pictures = [made for made in tmp_path.iterdir() if (path.parent / made.name).exists()]
    if request.config.getoption("--update-golden"):
        path.write_text(renewed(page, ran), encoding="utf-8")
        for made in pictures:
            shutil.copy(made, path.parent / made.name)
    else:
        assert page == renewed(page, ran)
        for made in pictures:  # those that the page shows
            assert made.read_bytes() == (path.parent / made.name).read_bytes()
    for block, printed in ran:
        assert bool(printed) == (shown(page, block) is not None), block.text


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / link).exists(), link


@pytest.mark.usefixtures("disk_cache")
@pytest.mark.skipif(not can_render(), reason="the README draws a diagram, which needs Graphviz's dot program")
def test_the_readme_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (block, printed), (loops, figures) = outputs(page, tmp_path / "readme.py")
    assert figures.splitlines() == re.findall(r"^print\(.*\) +# (.*)", loops.text, re.MULTILINE)
    for comment in re.findall(r"^print\(.*\) +# (\(.*?\)):", block.text, re.MULTILINE):
        assert comment in printed.splitlines()
    sums = [line for line in printed.splitlines() if line.endswith(" sum")]
    assert len(sums) == 2
    assert all(" = add " in line for line in sums)
    assert (tmp_path / "f.svg").exists()
    assert printed.endswith("(3, 8) (8,)\n")


def test_the_runner_sees_what_is_not_true(tmp_path: Path) -> None:
    page = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n\nand\n\n```python\nprint(4)\n```\n"
    ran = list(outputs(page, tmp_path / "page.py"))
    assert renewed(page, ran) == page.replace("3", "2")
    found = [(printed, shown(page, block)) for block, printed in ran]
    assert found[0][1] is not None
    assert found[1] == ("4\n", None)
