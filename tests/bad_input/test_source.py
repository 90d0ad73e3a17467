"""Without source, or with a source that has changed, a branch on a traced value is refused with advice."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .refusals import refusal

A = np.arange(1.0, 4.0)


def defined(code: str) -> Any:
    namespace: dict[str, Any] = {"np": np}
    exec(code, namespace)
    return namespace["f"]


def imported(path: Path, text: str) -> ModuleType:
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    if x[0] > 0:\n        return x.sum()\n    return 0.0",
        "def f(x):\n    return x.sum() if x[0] > 0 else 0.0",
        "def f(x):\n    return x.sum() * (x[0] > 0 and x[1] > 0)",
        "def f(x):\n    while x[0] > 0:\n        x = x - 1\n    return x.sum()",
        "f = lambda x: x.sum() if x[0] > 0 else 0.0",
    ],
)
def test_a_branch_without_source(code: str) -> None:
    text = refusal(gr.ConcretizationError, gr.grad(defined(code)), A)
    assert "in code whose source gradir does not have" in text
    assert "define the function in a file, or use np.where" in text
    assert "  at <string>:" in text


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    return np.sum(x * x)",
        "def f(x):\n    t = 0.0\n    for i in range(3):\n        t = t + x[i] * x[i]\n    return t",
        "def f(x):\n    y = x.copy()\n    y *= x\n    return y.sum()",
        "f = lambda x: (x ** 2).sum()",
    ],
)
def test_the_rest_works_without_source(code: str) -> None:
    np.testing.assert_allclose(gr.grad(defined(code))(A), 2 * A)


def test_a_branch_on_what_is_known_works_without_source() -> None:
    f = defined("def f(x, n, flag):\n    return x.sum() * n if flag and n > 2 else x.sum()")
    assert gr.grad(f)(A, 3, True).tolist() == [3.0] * 3
    assert gr.grad(f)(A, 1, True).tolist() == [1.0] * 3


def test_a_file_that_has_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "changing.py"
    module = imported(path, "def f(x):\n    if x > 0:\n        return x * 2\n    return x\n")
    path.write_text("def f(x):\n    if x > 0:\n        return x * 3\n    return x\n")
    os.utime(path, (1, 1))
    text = refusal(gr.StaleSourceError, gr.grad(module.f), 1.0)
    assert "the source of 'f' no longer matches the function" in text
    assert "reload the module" in text
    assert f"  at {path}:1" in text


def test_a_file_whose_function_moved_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "moved.py"
    text = "def f(x):\n    if x > 0:\n        return x * 2\n    return x\n"
    module = imported(path, text)
    path.write_text("import math\n\n\n" + text)
    os.utime(path, (1, 1))
    with pytest.raises(gr.StaleSourceError):
        gr.grad(module.f)(1.0)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "gone.py"
    module = imported(path, "def f(x):\n    return x * x if x > 0 else x\n")
    path.unlink()
    assert "define the function in a file" in refusal(gr.ConcretizationError, gr.grad(module.f), 1.0)


def test_several_lambdas_on_one_line() -> None:
    first, second = lambda x: x * 2 if x > 0 else x, lambda x: x * 3 if x > 0 else -x  # fmt: skip
    assert (gr.grad(first)(1.0), gr.grad(second)(1.0)) == (2.0, 3.0)
    assert (gr.grad(first)(-1.0), gr.grad(second)(-1.0)) == (1.0, -1.0)
    same = [lambda x: x * 2 if x > 0 else x, lambda x: x * 2 if x > 0 else x]
    assert [gr.grad(f)(1.0) for f in same] == [2.0, 2.0]
