"""Reads of what nothing overwrites afterwards: found where they are, and only there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.passes.adjoint import adjoint
from gradir.passes.pipeline import optimize
from gradir.passes.settled import settled_reads
from gradir.passes.structure import Structure

X = np.random.default_rng(0).normal(size=6)
A = np.random.default_rng(1).normal(size=(5, 5))
Fun = Callable[..., Any]


def reads_of(fun: Fun, *args: Any) -> list[str]:
    """The indices of the settled reads in the traced graph of a function."""
    graph = gr.trace(fun)(*args)
    found = settled_reads(graph, Structure.of(graph))
    return sorted(re.sub(r"n\d+", "n", str(read.result.type)) for read in found)


def prefix(x):
    s = np.zeros_like(x)
    for i in range(1, x.shape[0]):
        s[i] = np.sin(s[i - 1]) + x[i]
    return np.sum(s)


def suffix(x):
    s = np.zeros_like(x)
    for i in range(x.shape[0] - 2, -1, -1):
        s[i] = np.sin(s[i + 1]) * x[i]
    return np.sum(s)


def rows_above(a):
    y = a.copy()
    for i in range(1, 5):
        for j in range(5):
            y[i, j] = np.sin(y[i - 1, j]) * y[i - 1, 0]
    return np.sum(y)


def parts_of_rows(a):
    L = np.zeros_like(a)
    for i in range(5):
        for j in range(i):
            L[i, j] = a[i, j] - np.sin(L[i, :j]) @ L[j, :j]
        L[i, i] = a[i, i] + np.sum(L[i, :i] ** 2)
    return np.sum(L)


def blocks_before(x):
    y = x.copy()
    for i in range(3):
        y[2 * i : 2 * i + 2] = np.sin(y[: 2 * i].sum()) + x[2 * i]
    return np.sum(y)


@pytest.mark.parametrize(
    ("fun", "arg", "found"),
    [
        (prefix, X, ["f64[]"]),
        (suffix, X, ["f64[]"]),
        (rows_above, A, ["f64[]", "f64[]"]),
        (parts_of_rows, A, ["f64[n]", "f64[n]", "f64[n]"]),
        (blocks_before, X, ["f64[2*n]"]),
    ],
)
def test_what_stays_is_read_again(fun: Fun, arg: np.ndarray, found: list[str]) -> None:
    assert reads_of(fun, arg) == found
    gr.check_grads(fun, (arg,))


def overwritten_next(x):
    y = x.copy()
    for i in range(1, 6):
        y[i] = np.sin(y[i - 1])
        y[i - 1] = 0.5 * y[i]
    return np.sum(y)


def overwritten_before_it_is_over(x):
    y = x.copy()
    for i in range(5):
        y[i] = np.sin(y[i + 1]) * y[i]
    return np.sum(y)


def overwritten_by_an_inner_loop(x):
    y = x.copy()
    for i in range(5):
        s = np.sin(y[i])
        for j in range(i, 6):
            y[j] = y[j] * s
    return np.sum(y)


def one_place(x):
    y = x.copy()
    for i in range(6):
        y[0] = np.sin(y[0]) + x[i]
    return np.sum(y)


def every_second_turn(x):
    y = x.copy()
    for i in range(6):
        y[i // 2] = np.sin(y[i // 2]) * x[i]
    return np.sum(y)


def places_in_data(x, where):
    y = x.copy()
    for i in range(6):
        y[where[i]] = np.sin(y[where[i] - 1]) + x[i]
    return np.sum(y)


def two_arrays_swapped(x):
    a, b = x.copy(), x * 2
    for i in range(1, 6):
        a[i] = np.sin(b[i - 1])
        a, b = b, a
    return np.sum(a * b)


def slices_that_meet(x):
    y = x.copy()
    for i in range(1, 5):
        y[i:] = np.sin(y[: 6 - i]) + y[i:]
    return np.sum(y)


def under_a_branch(x):
    y = x.copy()
    for i in range(1, 6):
        if x[i] > 0:
            y[i] = np.sin(y[i - 1])
    return np.sum(y)


@pytest.mark.parametrize(
    ("fun", "args"),
    [
        (overwritten_next, (X,)), (overwritten_before_it_is_over, (X,)), (overwritten_by_an_inner_loop, (X,)),
        (one_place, (X,)), (every_second_turn, (X,)), (places_in_data, (X, np.array([3, 1, 1, 5, 2, 1]))),
        (two_arrays_swapped, (X,)), (slices_that_meet, (X,)), (under_a_branch, (X,)),
    ],
)  # fmt: skip
def test_what_may_be_overwritten_is_not(fun: Fun, args: tuple[Any, ...]) -> None:
    assert not set(reads_of(fun, *args)) - {"i64[]"}
    gr.check_grads(lambda x: fun(x, *args[1:]), args[:1])


def test_a_second_loop_writes_what_the_first_one_left() -> None:
    """The reads of the first are made again of the array between the two."""

    def there_and_back(x):
        y = x.copy()
        for i in range(1, 6):
            y[i] = np.sin(y[i - 1]) + x[i]
        for i in range(4, -1, -1):
            y[i] = np.sin(y[i + 1]) * y[i]
        return np.sum(y)

    gr.check_grads(there_and_back, (X,))


def test_memory_of_a_factorisation_is_that_of_its_matrices() -> None:
    """Parts of rows are read again: no stack of vectors, which would take n**3 numbers."""
    assert "stack<f64[n" in str(optimize(adjoint(gr.trace(parts_of_rows)(A), [0])))  # the cosines
    assert "stack<f64[n" not in str(optimize(adjoint(gr.trace(without_sine)(A), [0])))


def without_sine(a):
    L = np.zeros_like(a)
    for i in range(5):
        for j in range(i):
            L[i, j] = (a[i, j] - L[i, :j] @ L[j, :j]) / L[j, j]
        L[i, i] = np.sqrt(5 + a[i, i] ** 2 + np.sum(L[i, :i] ** 2))
    return np.sum(L)
