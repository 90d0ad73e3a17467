"""What follows a repetition is computed along the axes that it joins; what cannot be, stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.interpreter import interpret
from gradir.ir.verifier import verify
from gradir.lower.finer_axes import walk_finer_axes
from gradir.ops import OPS


def tiles(x: Any, w: Any) -> Any:
    y = np.sin(np.tile(x, 3) * w)
    return np.sum(np.cos(y) + y * w)


def repeats(x: Any, w: Any) -> Any:
    return np.sum(np.exp(np.repeat(x, 3) - w) ** 2)


def rows_and_bias(x: Any, w: Any) -> Any:
    y = np.tanh(np.repeat(np.outer(x, x), 3, axis=0) + x)
    return np.sum(np.max(y, axis=1) * np.sum(y, axis=1)) + np.sum((y @ x) ** 3)


def columns_in_turn(x: Any, w: Any) -> Any:
    y = np.stack([np.sin(x), x * x, w[:4]], axis=1).ravel() * w
    return np.sum(y[1::3] ** 2) + np.sum(y[::3] * y[2::3])


def both_axes(x: Any, w: Any) -> Any:
    y = np.repeat(np.repeat(np.outer(x, x + 1), 2, axis=0), 3, axis=1)
    return np.sum(np.sum(np.sin(y) * (y > 0.5), axis=0) ** 2)


def in_a_loop(x: Any, w: Any) -> Any:
    total = np.zeros_like(w)
    for k in range(3):
        total = total * 0.5 + np.sin(np.tile(x, 3) * k) * w
    return np.sum(total * total)


def with_what_is_made_outside(x: Any, w: Any) -> Any:
    """The loop's body has a family of values that are of none where they are made."""
    total, outer = 0.0, np.exp(w)
    for k in range(3):
        inner = np.sin(w * k)
        for j in range(2):
            total = total + np.sum(np.tile(x * (j + 1), 3) * inner * outer)
    return total


def of_another_family_outside(x: Any, w: Any) -> Any:
    outer, total = np.sin(np.tile(x, 3)) * w, 0.0
    for k in range(20):
        total = total + np.sum(np.cos(np.repeat(x * k, 3) * outer))
    return total + np.sum(outer)


def neighbours(x: Any, w: Any) -> Any:
    y = np.tile(x, 3) * w
    return np.sum((y[1:] - y[:-1]) ** 2)


def joined_with_others(x: Any, w: Any) -> Any:
    return np.sum((np.tile(x, 3) * np.concatenate([x, w[4:]])) ** 2)


def of_size_one(x: Any, w: Any) -> Any:
    return np.sum(np.sin(np.repeat(x[:1], 12) * w)) + np.sum(np.tile(x.reshape(4, 1), (1, 3)).ravel() * w)


def two_repetitions(x: Any, w: Any) -> Any:
    return np.sum(np.repeat(x, 3) * np.tile(x, 3) * w)


PROGRAMS = [
    *(tiles, repeats, rows_and_bias, columns_in_turn, both_axes, in_a_loop),
    *(with_what_is_made_outside, of_another_family_outside),
    *(neighbours, joined_with_others, of_size_one, two_repetitions),
]
X, W = np.linspace(-1.0, 1.5, 4), np.linspace(0.2, 1.2, 12)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_values_and_gradients(f: Callable[..., Any]) -> None:
    for dtype, digits in ((np.float64, 1e-12), (np.float32, 1e-5)):
        x, w = X.astype(dtype), W.astype(dtype)
        np.testing.assert_allclose(gr.jit(f)(x, w), f(x, w), rtol=digits)
    gr.testing.check_grads(f, (X, W), order=2, rtol=1e-4)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_the_graph_means_the_same(f: Callable[..., Any]) -> None:
    for transformed in (gr.jit(f), gr.value_and_grad(f, (0, 1))):
        graph = transformed.inspect(X, W).optimized
        finer = walk_finer_axes(graph, OPS)
        verify(finer)
        for got, want in zip(interpret(finer, X, W), interpret(graph, X, W), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("f", [neighbours, joined_with_others, two_repetitions], ids=lambda f: f.__name__)
def test_what_is_needed_along_the_joined_axis_stays(f: Callable[..., Any]) -> None:
    graph = gr.jit(f).inspect(X, W).optimized
    assert walk_finer_axes(graph, OPS) is graph


def repeated(x: Any) -> Any:
    return np.sin(np.repeat(x, 3, axis=1)) + 1.0


def test_a_result_is_stored_along_the_finer_axes() -> None:
    x = np.linspace(0.0, 1.0, 12).reshape(3, 4)
    np.testing.assert_allclose(gr.jit(repeated)(x), repeated(x), rtol=1e-14)
    assert "nest [3, 4, 3]" in str(gr.jit(repeated).inspect(x).kernels)
