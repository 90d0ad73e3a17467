"""What only the last turn of a loop is asked for is computed there alone; all else stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import Graph, walk
from gradir.ir.interpreter import interpret
from gradir.ir.loops import is_loop
from gradir.ir.verifier import verify
from gradir.lower.last_turns import set_last_turns_apart
from gradir.ops import OPS
from gradir.passes.work import all_work

X = np.linspace(0.2, 1.2, 12)


def loss_of_each_step(x: Any) -> Any:
    w, loss = x, 0.0
    for _ in range(40):
        loss = np.mean(np.logaddexp(0.0, w) - x * w)
        w = w - 0.1 * np.tanh(w)
    return loss, w


def gradient_descent(x: Any) -> Any:
    step = gr.value_and_grad(lambda w: np.mean(np.logaddexp(0.0, w * x) - x * w))
    w, loss = x, 0.0
    for _ in range(20):
        loss, slope = step(w)
        w = w - 0.5 * slope
    return loss, w


def downwards(x: Any) -> Any:
    w, y, z = x, x, 0.0
    for k in range(50, 3, -4):
        y, z = np.exp(w) * k, np.sum(np.log(w)) + k
        w = np.sin(w) + 0.5
    return y, z, w


def nothing_but_last_values(x: Any) -> Any:
    y = x
    for k in range(30):
        y = np.exp(x * k / 30.0)
    return y


def in_turns_of_turns(x: Any) -> Any:
    w, loss = x, 0.0
    for _ in range(3):
        for k in range(1, 12):
            loss = np.sum(np.exp(w) * np.log(w + k))
            w = np.sin(w) * 0.5 + x
        w = w + loss * 1e-3
    return w, loss


def turns_inside(x: Any) -> Any:
    w, y = x, x
    for k in range(9):
        y = w
        for j in range(5):
            y = np.sin(y) * j + k
        w = np.cos(w)
    return w, y


def written_in_place(x: Any) -> Any:
    w, y = x.copy(), np.zeros((4, x.size))
    for k in range(10):
        y = np.zeros((4, x.size))
        y[1:3] = np.exp(w) * k
        w[2:] -= 0.1 * w[:-2]
    return y, w


def before_the_last_turn(x: Any) -> Any:
    """Values that trade places, and what they were when the last turn began."""
    a, b, before, loss = x, x + 1.0, x, 0.0
    for k in range(12):
        before, loss = a, np.sum(np.exp(a) * np.log(b + k))
        a, b = np.sin(b), a
    return a, b, before, loss


def in_branches_of_turns(x: Any) -> Any:
    w, loss = x, 0.0
    for k in range(10):
        loss = np.sum(np.exp(w)) if w[0] > 0.3 else np.sum(np.log(w + 2.0)) * k
        w = np.sin(w) + 0.1
    return loss, w


def sizes_of_the_turn(x: Any) -> Any:
    w, y = x, 0.0
    for k in range(1, 10):
        y = np.sum(np.exp(w[:k]) * np.log(w[k:]).sum())
        w = np.sin(w) + 0.5
    return y, w


APART = [
    *(loss_of_each_step, gradient_descent, downwards, nothing_but_last_values, in_turns_of_turns),
    *(turns_inside, written_in_place, before_the_last_turn, in_branches_of_turns),
]


def sum_of_losses(x: Any) -> Any:
    w, loss = x, 0.0
    for _ in range(40):
        loss = loss + np.mean(np.logaddexp(0.0, w))
        w = w - 0.1 * np.tanh(w)
    return loss, w


def stops_by_its_loss(x: Any) -> Any:
    w, loss = x, 10.0
    for _ in range(40):
        if loss > 0.7:
            w = w - 0.1 * np.tanh(w)
        loss = np.mean(np.logaddexp(0.0, w))
    return loss, w


def checked(x: Any) -> Any:
    w, y = x, x[0]
    for k in range(20):
        y = np.sum(np.exp(w)) * x[int(w[0] * 4.0)]
        w = np.sin(w) + 0.1 * k
    return y, w


def few_turns(x: Any) -> Any:
    w, y = x, x
    for _ in range(4):
        y = np.exp(w)
        w = np.sin(w)
    return y, w


def nothing_gained(x: Any) -> Any:
    w, last = x, 0
    for k in range(40):
        w, last = np.exp(np.sin(w)) * 0.5, k
    return w, last * 2


TOGETHER = [sum_of_losses, stops_by_its_loss, checked, few_turns, nothing_gained]


def lowered(graph: Graph) -> Graph:
    found = set_last_turns_apart(graph, OPS)
    verify(found)
    return found


@pytest.mark.parametrize("f", [*APART, sizes_of_the_turn, *TOGETHER], ids=lambda f: f.__name__)
def test_values_and_gradients(f: Callable[..., Any]) -> None:
    for dtype, digits in ((np.float64, 1e-13), (np.float32, 1e-5)):
        x = X.astype(dtype)
        for found, expected in zip(flat(gr.jit(f)(x)), flat(f(x)), strict=True):
            np.testing.assert_allclose(found, expected, rtol=digits)

    def total(x: Any) -> Any:
        return sum(np.sum(v * v) for v in flat(f(x)))

    gr.check_grads(total, (X,), order=1)


def flat(values: Any) -> list[Any]:
    return list(values) if isinstance(values, tuple) else [values]


@pytest.mark.parametrize("f", APART, ids=lambda f: f.__name__)
def test_loops_leave_what_only_the_last_turn_is_asked_for(f: Callable[..., Any]) -> None:
    graph = gr.jit(f).inspect(X).optimized
    found = lowered(graph)
    for x, want in zip(interpret(found, X), interpret(graph, X), strict=True):
        np.testing.assert_allclose(x, want, rtol=1e-14)
    assert all_work(found) < 0.95 * all_work(graph)
    assert lowered(found) is found


def test_the_loss_is_computed_once() -> None:
    found = lowered(gr.jit(gradient_descent).inspect(X).optimized)
    (loop,) = (node for node in found.block.nodes if is_loop(node))
    inside = [n.op.name for region in loop.regions for n in walk(region)]
    assert "expit" in inside
    assert "logaddexp" not in inside
    assert [n.op.name for n in walk(found.block)].count("logaddexp") == 1


@pytest.mark.parametrize("f", TOGETHER, ids=lambda f: f.__name__)
def test_other_loops_stay_as_they_are(f: Callable[..., Any]) -> None:
    graph = gr.jit(f).inspect(X).optimized
    assert lowered(graph) is graph


def test_loops_that_save_for_a_backward_pass_stay_as_they_are() -> None:
    graph = gr.grad(lambda x: np.sum(loss_of_each_step(x)[1])).inspect(X).optimized
    assert lowered(graph) is graph
