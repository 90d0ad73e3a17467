"""The page on the text of the IR says what the program prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gradir.ir.parser import parse
from gradir.ir.printer import MAX_NESTING, print_graph
from gradir.ir.types import DType
from gradir.ops import OPS

from tests.ir.examples import sweep

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ir.md"
EXAMPLE = re.compile(r"```\n(graph .*?)```", re.DOTALL)


def test_the_example_is_what_the_program_prints(request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text(encoding="utf-8")
    text = print_graph(sweep())
    if request.config.getoption("--update-golden"):
        page = EXAMPLE.sub(lambda _: f"```\n{text}```", page)
        PAGE.write_text(page, encoding="utf-8")
    assert EXAMPLE.findall(page) == [text]
    assert parse(text, OPS) == sweep()


def test_the_grammar_defines_every_rule_it_uses() -> None:
    found = re.search(r"```ebnf\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    grammar = re.sub(r"\(\*.*?\*\)", "", found[1])
    terminals = {word for word in re.findall(r'"([^"]+)"', grammar) if word.isidentifier()}
    bare = re.sub(r'"[^"]+"', "", grammar)
    defined = set(re.findall(r"^(\w+) +=", bare, re.MULTILINE))
    assert set(re.findall(r"\b[a-z]+\b", bare)) == defined
    keywords = {"graph", "return", "yield", "for", "in", "range", "carry", "if", "else", "constant"}
    keywords |= {"while", "count", "checkpointed", "saves"}
    assert keywords <= terminals
    indexed = {op.name for op in OPS.values() if "at" in op.attrs}
    assert indexed == {"index", "update", "accumulate"}
    assert indexed <= terminals


def test_the_page_names_every_dtype_and_the_limit() -> None:
    page = PAGE.read_text(encoding="utf-8")
    named = {"i16", "i32", "u16", "u32"}  # within "i8 to i64" and "u8 to u64"
    assert all(f"`{d.value}`" in page for d in DType if d.value not in named)
    assert f"nest at most {MAX_NESTING} deep" in " ".join(page.split())
