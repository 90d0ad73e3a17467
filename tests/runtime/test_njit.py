"""Calling compiled graphs from inside Numba code."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Loc, Span, Value
from gradir.ir.types import INDEX, ArrayType, DType
from gradir.ops import OPS
from gradir.runtime.compile import compile_graph
from gradir.runtime.njit import njit_function


@pytest.fixture(scope="module")
def function() -> Any:
    b, x, y, i = Builder(OPS), Value(ArrayType(DType.F64, (5, 3))), Value(ArrayType(DType.F64)), Value(INDEX)
    b.loc = Loc("model.py", 12)
    row = b.emit("index", x, b.check_index(i, size=5, axis=0), at=(None, Span(0, 3)))[0]
    block = b.block([x, y, i], [b.sin(x), b.add(b.sum(row, axes=(0,)), y)])
    return njit_function(compile_graph(Graph("f", block, ("x", "y", "i"), ("a", "b"))))


def test_called_from_numba_code(function: Any) -> None:
    @numba.njit
    def total(x: Any, n: int) -> float:
        found = 0.0
        for i in range(n):
            sine, value = function(x, 1.0, i)
            found += value + sine[0, 0]
        return found

    x = np.random.default_rng(0).normal(size=(5, 3))
    want = x.sum() + 5 + 5 * np.sin(x[0, 0])
    for given in (x, np.asfortranarray(x), np.vstack([x, x])[:5], np.hstack([x, x])[:, :3]):
        np.testing.assert_allclose(total(given, 5), want)


def test_called_from_python(function: Any) -> None:
    x = np.ones((5, 3))
    sine, value = function(x, 2, np.int64(-1))
    np.testing.assert_allclose(sine, np.sin(x))
    assert value == 5.0


def test_errors(function: Any) -> None:
    x = np.ones((5, 3))
    with pytest.raises(
        IndexError, match=r"index 9 is out of bounds for axis 0 with size 5\n  at model.py:12"
    ):
        function(x, 1.0, 9)
    with pytest.raises(ValueError, match=r"x has another shape than \[5, 3\]"):
        function(x[:4], 1.0, 0)
    with pytest.raises(numba.core.errors.TypingError, match="x is array"):
        function(x.astype(np.float32), 1.0, 0)
    with pytest.raises(numba.core.errors.TypingError, match="i is float64"):
        function(x, 1.0, 0.5)


def test_one_result_comes_alone() -> None:
    b, x = Builder(OPS), Value(ArrayType(DType.F64))
    one = njit_function(compile_graph(Graph("f", b.block([x], [b.exp(x)]), ("x",), ("a",))))
    assert one(0.0) == 1.0
    assert one(np.array(0.0)) == 1.0
