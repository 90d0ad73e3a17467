"""Narrow matrices that a loop multiplies vectors by are transposed before it; others stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest

TURNS = 20


def _matrix(rows: int = 64, columns: int = 8) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, columns))


def _both_ways(x: Any, w: Any) -> Any:
    for _ in range(TURNS):
        w = w - 0.01 * (x.T @ np.tanh(x @ w))
    return w


def _from_the_left(x: Any, w: Any) -> Any:
    for _ in range(TURNS):
        w = w - 0.01 * (np.tanh(w @ x.T) @ x)
    return w


def _in_inner_loops(x: Any, w: Any) -> Any:
    for k in range(TURNS):
        for _ in range(k):
            w = 0.9 * w + 0.01 * (x.T @ (x @ w))
    return w


def _in_a_branch(x: Any, w: Any) -> Any:
    for k in range(TURNS):
        w = x.T @ (x @ w) * 0.02 if k % 2 else w + 0.1
    return w


def _few_turns(x: Any, w: Any) -> Any:
    for _ in range(3):
        w = w - 0.01 * (x.T @ np.tanh(x @ w))
    return w


def _read_besides(x: Any, w: Any) -> Any:
    for k in range(TURNS):
        w = w - 0.01 * (x.T @ np.tanh(x @ w)) + x[k]
    return w


def _transpose_read_besides(x: Any, w: Any) -> Any:
    for k in range(TURNS):
        w = w - 0.01 * (x.T @ np.tanh(x @ w)) + x.T[:, k]
    return w


def _carried(x: Any, w: Any) -> Any:
    for _ in range(TURNS):
        w = w - 0.01 * (x.T @ np.tanh(x @ w))
        x = 0.9 * x
    return w


def _unknown_turns(x: Any, w: Any) -> Any:
    while np.sum(w) > 0.1:
        w = 0.5 * w - 0.01 * (x.T @ np.tanh(x @ w))
    return w


def _with_itself(x: Any, w: Any) -> Any:
    for _ in range(TURNS):
        w = w + 0.001 * np.sum(x.T @ x)
    return w


def _spaces(function: Callable[..., Any], x: np.ndarray) -> set[str]:
    """The index spaces of the nests in loops that go over all of the matrix."""
    text = str(gr.jit(function).inspect(x, np.ones(x.shape[1])).kernels)
    inside = text[re.search(r"for|while", text).start() :]  # type: ignore[union-attr]
    rows, columns = x.shape
    return set(re.findall(rf"nest (\[{rows}, {columns}\]|\[{columns}, {rows}\])", inside))


def _check(function: Callable[..., Any], x: np.ndarray) -> None:
    w = np.linspace(0.5, 1.0, x.shape[1])
    np.testing.assert_allclose(gr.jit(function)(x, w), function(x, w), rtol=1e-9)
    total = lambda x, w: np.sum(function(x, w) ** 2)  # noqa: E731
    slope = gr.grad(lambda x, w: np.sum(function(x, w) ** 2), (0, 1))(x, w)
    step = np.random.default_rng(1).normal(size=w.shape) * 1e-6
    change = (total(x, w + step) - total(x, w - step)) / 2
    np.testing.assert_allclose(np.sum(slope[1] * step), change, rtol=1e-4)


@pytest.mark.parametrize("function", [_both_ways, _from_the_left, _in_inner_loops, _in_a_branch])
def test_a_loop_goes_along_the_long_rows_of_a_copy(function: Callable[..., Any]) -> None:
    x = _matrix()
    assert _spaces(function, x) == {"[8, 64]"}
    kernels = str(gr.jit(function).inspect(x, np.ones(8)).kernels)
    assert kernels.count("transpose") == 1, "one copy for all turns"
    assert kernels.index("transpose") < kernels.index("for ")
    _check(function, x)


@pytest.mark.parametrize(
    "function",
    [_few_turns, _read_besides, _transpose_read_besides, _carried, _unknown_turns],
)
def test_what_a_loop_reads_otherwise_stays_as_it_is(function: Callable[..., Any]) -> None:
    x = _matrix()
    assert _spaces(function, x) == {"[64, 8]"}
    _check(function, x)


@pytest.mark.parametrize("shape", [(30, 8), (64, 3), (200, 40), (2000, 32), (8, 64)])
def test_matrices_of_other_shapes_stay_as_they_are(shape: tuple[int, int]) -> None:
    x = _matrix(*shape)
    assert _spaces(_both_ways, x) == {f"[{shape[0]}, {shape[1]}]"}


def test_a_product_with_itself_is_not_one_with_a_vector() -> None:
    x = _matrix()
    np.testing.assert_allclose(gr.jit(_with_itself)(x, np.ones(8)), _with_itself(x, np.ones(8)), rtol=1e-12)
