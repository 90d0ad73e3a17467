"""Updates of arrays that are in no memory are formulas; others are made where the array lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import operations
from gradir.ir.interpreter import interpret
from gradir.ir.verifier import verify
from gradir.lower import inlays
from gradir.lower.inlays import inline_updates
from gradir.ops import OPS


def ends(x: Any) -> Any:
    y = np.sin(x)
    y[0], y[-1] = 0.0, 2.0
    return np.sum(y * y)


def frame(x: Any) -> Any:
    y = np.outer(x, x) * 2.0
    y[0], y[:, -1] = 1.0, x
    return np.sum(np.sin(y), axis=0) @ x


def block(x: Any) -> Any:
    y = np.tanh(np.outer(x, x))
    y[1:4, 2:5] *= 3.0
    return np.sum(y**2)


def around_zeros(x: Any) -> Any:
    y = np.zeros((6, 6))
    y[1:-1, 2:] = np.outer(x[1:-1], x[2:])
    return np.sum(np.cos(y))


def every_other(x: Any) -> Any:
    y = np.outer(x, np.sin(x))
    y[:, ::2] = x[:3] * 2.0
    return np.sum(y**3)


def one_number(x: Any) -> Any:
    y = np.exp(x)
    y[2] = y[2] ** 2
    return np.sum(y)


def in_a_loop(x: Any) -> Any:
    total = np.zeros_like(x)
    for k in range(3):
        y = np.sin(x * k)
        y[0] = total[1]
        total = total + y * x
    return np.sum(total**2)


def returned(x: Any) -> Any:
    y = np.sin(x)
    y[0] = 0.0
    return y


def read_elsewhere(x: Any) -> Any:
    y = np.sin(x)
    y[0] = y[1]
    return np.sum(y)


def kept_too(x: Any) -> Any:
    y = np.sin(x)
    z = y.copy()
    z[0] = 0.0
    return np.sum(y * x) + np.sum(z**2)


def mended_again(x: Any) -> Any:
    y = np.sin(x)
    y[0] = 0.0
    y[1:3] = y[2:4]
    return np.sum(y)


FORMULAS = [ends, frame, block, around_zeros, every_other, one_number]
IN_MEMORY = [returned, read_elsewhere, kept_too, mended_again]
X = np.linspace(0.3, 1.7, 6)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small arrays like large ones."""
    monkeypatch.setattr(inlays, "_LEAST", 1)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("f", FORMULAS, ids=lambda f: f.__name__)
def test_no_update_is_left(f: Callable[..., Any]) -> None:
    graph = gr.jit(f).inspect(X).optimized
    found = inline_updates(graph, OPS)
    verify(found)
    assert "update" in operations(graph.block)
    assert "update" not in operations(found.block)
    np.testing.assert_allclose(interpret(found, X), interpret(graph, X), rtol=1e-14)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("f", IN_MEMORY, ids=lambda f: f.__name__)
def test_others_are_made_in_memory(f: Callable[..., Any]) -> None:
    graph = gr.jit(f).inspect(X).optimized
    assert inline_updates(graph, OPS) is graph


def test_so_are_small_ones() -> None:
    graph = gr.jit(ends).inspect(X).optimized
    assert inline_updates(graph, OPS) is graph


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("f", [*FORMULAS, in_a_loop, *IN_MEMORY[1:]], ids=lambda f: f.__name__)
def test_values_and_gradients(f: Callable[..., Any]) -> None:
    np.testing.assert_allclose(gr.jit(f, cache=False)(X), f(X), rtol=1e-13)
    gr.testing.check_grads(f, (X,), order=2, rtol=1e-4)
