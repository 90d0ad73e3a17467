"""An error leaves nothing behind, and neither do threads: the next call is right."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradir as gr
import numpy as np
import pytest

A = np.arange(1.0, 4.0)


class Faulty:
    """Raises at its first use, wherever it stands in a traced function."""

    def __init__(self) -> None:
        self.fails = True

    def __call__(self, x: Any) -> Any:
        if self.fails:
            raise RuntimeError("the first time")
        return x


def straight(faulty: Faulty) -> Callable[..., Any]:
    def f(x):
        y = x * x
        return faulty(y).sum()

    return f


def loop(faulty: Faulty) -> Callable[..., Any]:
    def f(x):
        y = x.copy()
        for i in range(3):
            y[i] = faulty(y[i] * x[i])
        return y.sum()

    return f


def branch(faulty: Faulty) -> Callable[..., Any]:
    def f(x):
        y = x * x
        if x[0] > 0:
            y = faulty(y)
        return y.sum()

    return f


def inner_gradient(faulty: Faulty) -> Callable[..., Any]:
    def f(x):
        return gr.grad(lambda y: faulty(y * y * y / 3).sum())(x).sum()

    return f


@pytest.mark.parametrize("make", [straight, loop, branch, inner_gradient])
def test_the_same_function_works_after_an_error(make: Any) -> None:
    faulty = Faulty()
    g = gr.grad(make(faulty))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="the first time"):
            g(A)
    # Under a traced condition the error is the run's, and what raises it is compiled.
    assert g.cache_info().currsize == (make is branch)
    faulty.fails = False
    np.testing.assert_allclose(g(A), 2 * A)
    np.testing.assert_allclose(g(A + 1), 2 * (A + 1))


@pytest.mark.parametrize("make", [straight, loop, branch, inner_gradient])
def test_another_function_works_after_an_error(make: Any) -> None:
    with pytest.raises(RuntimeError):
        gr.grad(make(Faulty()))(A)
    np.testing.assert_allclose(gr.grad(lambda x: np.sum(x**2))(A), 2 * A)


def test_an_error_while_rolling_leaves_the_containers() -> None:
    seen: list[str] = []

    def note(text: str) -> None:
        seen.append(text)

    def f(x):
        parts = []
        for i in range(3):
            parts.append(x[i] * i)
        return sum(parts)

    assert gr.grad(f)(A).tolist() == [0.0, 1.0, 2.0]
    assert seen == []


def test_numpy_s_error_state_is_kept() -> None:
    before = np.geterr()

    def f(x):
        with np.errstate(all="raise"):
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        gr.grad(f)(A)
    assert np.geterr() == before


def test_two_threads_trace_at_once() -> None:
    meet = threading.Barrier(2, timeout=30)

    def waits(x):
        meet.wait()
        return x

    def f(x):
        y = x * 2
        waits(y)
        return (y * x).sum()

    def g(x):
        y = np.sin(x)
        waits(y)
        return (y * y).sum()

    results: dict[str, Any] = {}

    def run(name: str, fun: Any) -> None:
        results[name] = gr.grad(fun)(A)

    threads = [threading.Thread(target=run, args=pair) for pair in (("f", f), ("g", g))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    np.testing.assert_allclose(results["f"], 4 * A)
    np.testing.assert_allclose(results["g"], np.sin(2 * A))


def test_many_threads_call_one_function() -> None:
    def f(x, n):
        y = x.copy()
        for _ in range(n):
            y = y * x
        return y.sum() if x[0] > 0 else -y.sum()

    g = gr.value_and_grad(f)

    def call(k: int) -> None:
        rng = np.random.default_rng(k)
        for _ in range(30):
            x, n = rng.normal(size=int(rng.integers(1, 4))), int(rng.integers(0, 4))
            value, gradient = g(x, n)
            sign = 1.0 if x[0] > 0 else -1.0
            np.testing.assert_allclose(value, sign * np.sum(x ** (n + 1)), rtol=1e-12)
            np.testing.assert_allclose(gradient, sign * (n + 1) * x**n, rtol=1e-12)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(8)))
    assert g.cache_info().currsize == 3


def test_many_threads_compile_different_functions() -> None:
    def make(k: int) -> Any:
        return lambda x: np.sum(np.sin(x) * k) if x[0] > 0 else np.sum(x * k)

    def call(k: int) -> None:
        np.testing.assert_allclose(gr.grad(make(k))(A), k * np.cos(A))
        np.testing.assert_allclose(gr.grad(make(k))(-A), k * np.ones(3))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, range(12)))


def test_errors_at_run_time_in_threads() -> None:
    def f(x, i):
        return x[i] * 2.0

    g = gr.grad(f)

    def call(i: int) -> None:
        if 0 <= i < 3:
            assert g(A, i)[i] == 2.0
        else:
            with pytest.raises(IndexError, match=f"index {i} is out"):
                g(A, i)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, [0, 5, 1, 9, 2, -7] * 20))


def test_a_pullback_in_threads() -> None:
    _, pullback = gr.vjp(lambda x: np.sin(x) * x, A)
    expected = np.cos(A) * A + np.sin(A)

    def call(k: int) -> None:
        np.testing.assert_allclose(pullback(np.full(3, float(k)))[0], k * expected, rtol=1e-13)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, range(40)))


def test_calls_from_within_a_call() -> None:
    inner = gr.grad(lambda x: x * x * x)
    outer = gr.grad(lambda x: inner(x) * x)
    assert outer(2.0) == pytest.approx(9 * 4.0)
    assert inner(2.0) == 12.0
