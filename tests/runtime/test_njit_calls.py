"""`.njit` of transformed functions: arguments and results in tuples, what is in the code, what is refused."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradir as gr
import numba
import numpy as np
import pytest

WEIGHTS = np.arange(3.0)


class Pair(NamedTuple):
    a: Any
    b: Any


def of_pair(p: Pair, n: int, negative: bool = False) -> Any:
    total = np.sum(p.a * WEIGHTS) * p.b**2 + n
    return -total if negative else total


def test_tuples_go_in_and_come_out() -> None:
    gradient = gr.value_and_grad(of_pair)
    inside = gradient.njit(Pair(np.ones(3), 2.0), 3)

    @numba.njit
    def call(x: Any, y: float) -> Any:
        value, by_pair = inside(Pair(x, y), 5)
        return value, by_pair.a, by_pair.b

    value, (by_a, by_b) = gradient(Pair(np.ones(3), 3.0), 5)
    found = call(np.ones(3), 3.0)
    assert (found[0], found[2]) == (value, by_b)
    np.testing.assert_array_equal(found[1], by_a)


def test_arrays_from_outside_are_read_at_each_call() -> None:
    weights = np.array([1.0, 2.0])
    run = gr.jit(lambda x: np.sum(x * weights)).njit(np.ones(2))
    assert run(np.ones(2)) == 3.0
    weights[0] = 10.0
    assert run(np.ones(2)) == 12.0
    weights = np.array([[1.0, 2.0]] * 2).T[0]
    with pytest.raises(gr.UnsupportedError, match="reads an array from outside that is not contiguous"):
        gr.jit(lambda x: np.sum(x * weights)).njit(np.ones(2))


def test_flags_are_left_out() -> None:
    run = gr.jit(of_pair).njit(Pair(np.ones(3), 2.0), 3, True)
    assert run(Pair(np.ones(3), 2.0), 4) == -16.0


def test_lists_and_dicts_are_tuples() -> None:
    gradient = gr.value_and_grad(lambda p: np.sum(p["w"][0] ** 2) * p["b"])
    run = gradient.njit({"w": [np.ones(3)], "b": 2.0})
    value, ((by_w,), by_b) = numba.njit(lambda w, b: run(((w,), b)))(np.ones(3), 4.0)
    assert (value, by_b) == (12.0, 3.0)
    np.testing.assert_array_equal(by_w, [8.0, 8.0, 8.0])


def test_a_number_that_is_a_size_must_be_the_same() -> None:
    run = gr.value_and_grad(lambda x, n: np.sum(x.reshape(n, -1)[0])).njit(np.ones(6), 2)
    value, by_x = run(np.ones(6), 2)
    assert value == 3.0
    np.testing.assert_array_equal(by_x, [1, 1, 1, 0, 0, 0])
    with pytest.raises(ValueError, match="n is not 2, which this code was compiled for"):
        run(np.ones(6), 3)
    with pytest.raises(ValueError, match=r"x has another shape than \[6\]"):
        run(np.ones(7), 2)


def test_from_parallel_loops() -> None:
    run = gr.value_and_grad(lambda x, y: np.sum(x * y), argnums=(0, 1)).njit(np.ones(3), np.ones(3))

    @numba.njit
    def total(xs: Any, ys: Any) -> Any:
        found = np.zeros(len(xs))
        for i in range(len(xs)):
            value, (by_x, by_y) = run(xs[i], ys[i])
            found[i] = value + by_x.sum() - by_y.sum()
        return found

    xs = np.random.default_rng(0).normal(size=(20, 3))
    np.testing.assert_allclose(total(xs, 2 * xs), (2 * xs * xs + xs).sum(1))


def test_results_that_numba_code_cannot_return() -> None:
    with pytest.raises(gr.UnsupportedError, match="the result holds"):
        gr.jit(lambda x: (x, len)).njit(1.0)
