"""The source of a function is found where it is the code that would run, and refused where it is not."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradir as gr
import pytest

FILE = """\
import numpy as np

def decorator(f):
    return f

@decorator
def clipped(x: float) -> float:
    if x > 1.0:
        return np.sum(x * 1.0)
    return np.sum(x * x)
"""


def by_statement(text: str, filename: str, flags: int = 0) -> dict[str, Any]:
    """Run a file as notebooks run a cell."""
    scope: dict[str, Any] = {}
    for node in ast.parse(text).body:
        exec(compile(ast.Module([node], []), filename, "exec", flags, dont_inherit=True), scope)
    return scope


def as_a_whole(text: str, filename: str, flags: int = 0) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    exec(compile(text, filename, "exec", flags, dont_inherit=True), scope)
    return scope


@pytest.mark.parametrize("run", [as_a_whole, by_statement])
@pytest.mark.parametrize("future", [False, True])
def test_source_that_is_the_function_is_found(run: Callable[..., Any], future: bool, tmp_path: Path) -> None:
    path = tmp_path / "cell.py"
    path.write_text(FILE, encoding="utf-8")
    flags = annotations.compiler_flag if future else 0
    clipped = run(FILE, str(path), flags)["clipped"]
    assert (gr.grad(clipped)(0.5), gr.grad(clipped)(2.0)) == (1.0, 1.0)


def test_a_cell_with_an_await_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = f"{FILE}await something\n".splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, "<cell>", (sum(map(len, lines)), None, lines, "<cell>"))
    assert gr.grad(by_statement(FILE, "<cell>")["clipped"])(0.5) == 1.0


def test_a_file_that_has_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "changing.py"
    path.write_text(FILE.replace("x * x", "x + x"), encoding="utf-8")
    clipped = as_a_whole(FILE, str(path))["clipped"]
    with pytest.raises(gr.StaleSourceError, match=r"the source of 'clipped' no longer matches"):
        gr.grad(clipped)(0.5)


def test_without_source_straight_code_is_traced() -> None:
    scope = as_a_whole("def square(x):\n    return x * x\n", "<nowhere>")
    assert gr.grad(scope["square"])(3.0) == 6.0


def test_without_source_a_branch_is_refused() -> None:
    clipped = as_a_whole(FILE, "<nowhere>")["clipped"]
    with pytest.raises(gr.ConcretizationError, match="whose source gradir does not have"):
        gr.grad(clipped)(0.5)
