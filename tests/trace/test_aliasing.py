"""Arrays are handles: writes through views, rebinding, and what is refused because it may alias."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import agrees, same_values

X = np.linspace(0.5, 2.0, 6)
M = np.arange(12.0).reshape(3, 4) / 7 + 0.1


def view_of_a_view(x):
    a = x.copy()
    v = a[1:][::2]
    v[0] = v[0] * v[1]
    a[3] = a[1] * 2
    return np.sum(a * a) + v[1]


def transposed(m):
    a = m * 1.0
    t = a.T
    t[1] = t[0] * t[2]
    a[0] += 1.0
    return np.sum(t**2 * np.arange(3.0))


def reshaped(m):
    a = m.copy()
    r = a.reshape(2, 6)
    r[1, 2:4] *= a[0, :2]
    flat = a.ravel()
    flat[5] = flat[0] * flat[1]
    return np.sum(a**3)


def diagonal(m):
    a = m[:, :3].copy()
    b = a.T
    b[0, 1] = a[2, 2] * 2
    return np.sum(a * np.diagonal(a))


def overlapping(x):
    a = x.copy()
    a[1:] = a[:-1] * 2
    a[::-1][:2] += a[:2]
    return np.sum(a * a)


def before_the_loop(x):
    a = x.copy()
    v = a[1:4]
    for i in range(3):
        v[i] = a[i] * a[i + 1]
    return np.sum(a * a)


def swaps(x):
    a, b = x.copy(), x * 2
    for _ in range(3):
        a, b = b, a * b
    return np.sum(a)


def ping_pong(x):
    a = x.copy()
    b = np.zeros(6)
    for _ in range(5):
        for i in range(1, 5):
            b[i] = 0.5 * (a[i - 1] + a[i + 1]) * a[i]
        a, b = b, a
    return np.sum(a * a)


def in_one_branch(x):
    a = x.copy()
    if x[0] > 0.2:
        a[1] *= a[2]
    else:
        a[:] = 0
    return np.sum(a**2)


def same_array_twice(x):
    a = x.copy()
    b = a
    b += a
    a *= b
    return np.sum(b)


def repeated_indices(x):
    a = x.copy()
    a[np.array([0, 1, 0])] = x[:3] * 2
    a[np.array([3, 3])] += 1.0
    np.add.at(a, np.array([4, 4]), x[:2])
    return np.sum(a * a)


CASES = [
    (view_of_a_view, X), (transposed, M), (reshaped, M), (diagonal, M), (overlapping, X),
    (before_the_loop, X), (swaps, X), (ping_pong, X), (in_one_branch, X), (same_array_twice, X),
    (repeated_indices, X),
]  # fmt: skip


@pytest.mark.parametrize(("fun", "x"), CASES, ids=[f.__name__ for f, _ in CASES])
def test_agrees_with_numpy(fun: Any, x: np.ndarray[Any, Any]) -> None:
    agrees(fun, x, order=2)


def test_a_reshape_that_copies_does_not_alias() -> None:
    def f(m):
        a = m.copy()
        r = a.T.reshape(-1)  # a copy in NumPy
        r[0] = 100.0
        return a * 1.0

    same_values(f, M)


def test_the_memory_order_of_results_is_not_guessed() -> None:
    def f(m):
        a = m.T + 1.0  # in Fortran order in NumPy: ravel copies
        r = a.ravel()
        r[0] = 100.0
        return np.sum(a)

    with pytest.raises(gr.TraceError, match="may or may not share memory"):
        gr.jit(f)(M)


def test_a_write_to_what_may_be_two_arrays() -> None:
    def f(x):
        a = x.copy()
        b = a if x[0] > 1 else a.copy()
        b[0] = 10.0
        return np.sum(a)

    with pytest.raises(gr.TraceError, match=r"may or may not share memory[\s\S]*np.sum\(a\)"):
        gr.jit(f)(X)


def test_a_write_to_what_may_be_two_arrays_is_fine_if_the_other_is_not_read() -> None:
    def f(x):
        a = x.copy()
        b = a if x[0] > 1 else a * 2
        b[0] = 10.0
        return np.sum(b * b)

    agrees(f, X)


def test_arrays_rebound_to_each_other_in_a_loop() -> None:
    def f(x):
        a, b = x.copy(), x * 2
        for _ in range(3):
            b = a
            a[0] = a[0] * 2
        b[1] = 5.0  # the same memory as a
        return np.sum(a)

    with pytest.raises(gr.TraceError, match="may or may not share memory"):
        gr.jit(f)(X)


def test_arguments_and_captured_arrays_are_not_written_to() -> None:
    def f(x):
        x[0] = 1.0
        return np.sum(x)

    def g(x):
        X[0] = x
        return np.sum(X)

    with pytest.raises(
        gr.TraceError, match=r"'x' is an argument.*copy it first \(`x = x.copy\(\)`\)[\s\S]*x\[0\] = 1.0"
    ):
        gr.grad(f)(X)
    with pytest.raises(gr.TraceError, match=r"'X' is an array from outside.*copy it first"):
        gr.grad(g)(1.0)


def test_results_share_memory_with_nothing() -> None:
    def f(x):
        return x, x, x[1:], x.T

    parts = gr.jit(f)(X)
    for k, a in enumerate(parts):
        assert not np.shares_memory(a, X)
        assert not any(np.shares_memory(a, b) for b in parts[k + 1 :])


def rank_0_in_a_loop(x):
    s, total = np.array(x[0]), 0.0
    for _ in range(3):
        t = s
        s += 1.0  # writes to what t is in the first turn only: afterwards s is a number
        total = total + t
        s = s * 1.0
    return total


def rank_0_in_a_branch(x):
    s = np.array(x[0])
    if x[1] > 0:
        s = s * 1.0
    t = s
    s += 1.0
    return t * 1.0


@pytest.mark.parametrize("f", [rank_0_in_a_loop, rank_0_in_a_branch])
def test_an_array_without_axes_that_may_be_a_number_is_not_written_to(f):
    with pytest.raises(gr.TraceError, match="an array without axes, which is written in place, or a number"):
        gr.jit(f)(np.array([1.0, 2.0]))


def test_an_array_without_axes_that_becomes_a_number_is_read():
    def f(x):
        s = np.array(0.0)
        for v in x:
            s = s + v * v
        return s * 1.0

    agrees(f, np.array([1.0, 2.0]))


def _writes_the_stopped(x):
    y = np.sin(x)
    z = gr.stop_gradient(y)
    z[0] = x[1] * 2.0
    return np.sum(y * z)


def _writes_what_was_stopped(x):
    y = np.sin(x)
    z = gr.stop_gradient(y)
    y[0] = x[1] * 2.0
    return np.sum(y * z)


@pytest.mark.parametrize("function", [_writes_the_stopped, _writes_what_was_stopped])
def test_what_gradients_do_not_pass_through_is_the_same_array(function):
    with pytest.raises(gr.GradirError, match="may or may not share memory"):
        gr.grad(function)(np.ones(3))
