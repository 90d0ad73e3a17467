"""Derivatives of derivatives through loops, branches and writes in place; functions that train inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest

from tests.corpus import early_exits, loops, overwrites, recurrences, views, whiles
from tests.corpus.checker import central_differences, close_gradients

STEP = 2e-3
X = np.array([0.7, 1.2, 0.3, 1.4, 0.6, 0.9])
M = np.sin(np.arange(12.0)).reshape(3, 4) + 1.5
DATA = np.sin(np.arange(24.0)).reshape(8, 3)
TARGETS = np.cos(np.arange(8.0))


def mixed_differences(fun: Callable[..., Any], x: Any, v: Any) -> Any:
    """The second derivatives of `fun` along v and along each entry of x, extrapolated once."""

    def corners(e: Any, h: float) -> float:
        signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
        return float(sum(s * t * fun(x + h * (s * v + t * e)) for s, t in signs)) / (4 * h * h)

    found = np.empty(np.shape(x))
    for place in np.ndindex(found.shape):
        e = np.zeros(found.shape)
        e[place] = 1.0
        found[place] = (4 * corners(e, STEP / 2) - corners(e, STEP)) / 3
    return found


FUNCTIONS = [
    (overwrites.read_overwritten_read, X), (overwrites.times_itself, X), (overwrites.swapped_scalars, X),
    (overwrites.ping_pong, X[:5]), (overwrites.wholly_overwritten, X),
    (overwrites.read_before_and_after, X[:5]),
    (overwrites.rows_and_columns_in_place, M), (views.through_a_view_of_a_view, X),
    (views.taken_before_the_loop, X), (views.overlapping_in_a_loop, X), (views.view_taken_in_the_loop, M),
    (loops.descending, X), (loops.triangular_in_place, M[:, :3]), (recurrences.prefix_products, X),
    (recurrences.cholesky, recurrences.A), (recurrences.running_statistics, X), (whiles.while_in_for, X),
    (early_exits.continue_and_break, X),
]  # fmt: skip


@pytest.mark.parametrize(("fun", "x"), FUNCTIONS, ids=[f.__name__ for f, _ in FUNCTIONS])
def test_products_with_the_hessian(fun: Callable[..., Any], x: Any) -> None:
    v = np.cos(np.arange(x.size)).reshape(x.shape)

    def product(x, v):
        return gr.grad(lambda x: np.sum(gr.grad(fun)(x) * v))(x)

    wanted = mixed_differences(fun, x, v)
    np.testing.assert_allclose(gr.jit(product)(x, v), wanted, rtol=1e-5, atol=1e-6 * np.max(np.abs(wanted)))


def powers(x, n):
    p = 1.0
    for _ in range(n):
        p = p * x
    return p


def test_four_orders_through_a_loop() -> None:
    f, expected = powers, 1.3**7
    for order in range(1, 5):
        f = gr.grad(f)
        expected *= (8 - order) / 1.3
        assert f(1.3, 7) == pytest.approx(expected, rel=1e-12)
    assert f(1.3, 0) == 0.0


def square_root(a):
    x = 0.5 * (1.0 + a)
    while abs(x * x - a) > 1e-15 * a:
        if x > 100.0 * a:
            break
        y = 0.5 * (x + a / x)
        if y == x:
            break
        x = y
    return x


def test_three_orders_through_a_while_loop() -> None:
    # The last steps of Newton's method double the digits of every derivative, too.
    first = gr.grad(square_root)
    assert first(2.0) == pytest.approx(0.5 * 2.0**-0.5, rel=1e-12)
    assert gr.grad(first)(2.0) == pytest.approx(-0.25 * 2.0**-1.5, rel=1e-6)


def error(w, data, targets):
    r = np.tanh(data @ w) - targets
    return np.mean(r * r)


def error_slope(w, data, targets):
    p = np.tanh(data @ w)
    return data.T @ (2.0 / len(targets) * (p - targets) * (1.0 - p * p))


def descent(rate, w, data, targets, slope):
    for _ in range(15):
        w = w - rate * slope(w, data, targets)
    return error(w, data[:3], targets[:3])


def momentum(rate, w, data, targets, slope):
    v = np.zeros(3)
    for _ in range(15):
        v *= 0.8
        v -= rate * slope(w, data, targets)
        w = w + v
    return error(w, data[:3], targets[:3])


def adam(rate, w, data, targets, slope):
    w = w.copy()
    m, s = np.zeros(3), np.zeros(3)
    for t in range(15):
        g = slope(w, data, targets)
        m = 0.9 * m + 0.1 * g
        s = 0.99 * s + 0.01 * g * g
        w -= rate * (m / (1.0 - 0.9 ** (t + 1))) / (np.sqrt(s / (1.0 - 0.99 ** (t + 1))) + 1e-8)
    return error(w, data[:3], targets[:3])


def until_converged(rate, w, data, targets, slope):
    for _ in range(100):
        g = slope(w, data, targets)
        if np.sum(g * g) < 1e-3:
            break
        w = w - rate * g
    return error(w, data[:3], targets[:3])


TRAINERS = [descent, momentum, adam, until_converged]


@pytest.mark.parametrize("train", TRAINERS, ids=lambda f: f.__name__)
def test_gradients_of_a_function_that_trains_inside(train: Callable[..., Any]) -> None:
    w = np.array([0.3, -0.5, 0.2])

    def by_gradir(rate, w, data, targets):
        return train(rate, w, data, targets, gr.grad(error))

    def by_hand(rate, w, data, targets):
        return train(rate, w, data, targets, error_slope)

    args = (0.3, w, DATA, TARGETS)
    value, gradients = gr.value_and_grad(by_gradir, argnums=(0, 1, 3))(*args)
    assert value == pytest.approx(by_hand(*args), rel=1e-12)
    for k, gradient in zip((0, 1, 3), gradients, strict=True):
        close_gradients(gradient, central_differences(by_hand, args, k), float(value), f"argument {k}")


@pytest.mark.parametrize("train", TRAINERS, ids=lambda f: f.__name__)
def test_training_loops_stay_loops(train: Callable[..., Any]) -> None:
    graph = gr.trace(lambda *args: train(*args, gr.grad(error)))(0.3, np.ones(3), DATA, TARGETS)
    text = str(graph)
    assert text.count(" = for %") + text.count(" = while %") == 1


def test_a_compiled_training_loop() -> None:
    def train(w, data, targets):
        for _ in range(2000):
            loss, g = gr.value_and_grad(error)(w, data, targets)
            w = w - 0.1 * g
        return w, loss

    def by_hand(w, data, targets):
        for _ in range(2000):
            loss = error(w, data, targets)
            w = w - 0.1 * error_slope(w, data, targets)
        return w, loss

    w, loss = gr.jit(train)(np.zeros(3), DATA, TARGETS)
    expected_w, expected_loss = by_hand(np.zeros(3), DATA, TARGETS)
    np.testing.assert_allclose(w, expected_w, rtol=1e-9)
    assert loss == pytest.approx(expected_loss, rel=1e-12)


def test_a_gradient_inside_of_a_loop_body_that_writes_in_place() -> None:
    def inner(x, k):
        a = x.copy()
        for i in range(1, 6):
            a[i] = a[i] * a[i - 1] * k
        return np.sum(a)

    def outer(k):
        x = X.copy()
        for _ in range(4):
            x -= 0.1 * gr.grad(inner)(x, k)
        return np.sum(x * x)

    def by_hand(k):
        x = X.copy()
        for _ in range(4):
            x -= 0.1 * central_differences(inner, (x, k), 0)[0]
        return float(np.sum(x * x))

    value, slope = gr.value_and_grad(outer)(0.9)
    assert value == pytest.approx(by_hand(0.9), rel=1e-9)
    h = 1e-3
    assert slope == pytest.approx((by_hand(0.9 + h) - by_hand(0.9 - h)) / (2 * h), rel=1e-5)
