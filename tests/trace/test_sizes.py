"""Slices whose size depends on a loop index or an int argument: rolled, compiled once, differentiated."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir import specialise
from gradir.trace.function import trace_function

from .agree import agrees, same_values
from .loops_over_slices import LOOPS, X, cholesky


@pytest.mark.parametrize(("fun", "args"), LOOPS, ids=lambda x: getattr(x, "__name__", ""))
def test_loops_over_slices_stay_loops(fun: Callable[..., Any], args: tuple[Any, ...]) -> None:
    agrees(fun, *args)
    graph = gr.trace(fun)(*args)
    assert {"for", "while"} & {node.op.name for node in graph.block.nodes}


def sized(x, m):
    v = x[:m]
    w = np.ones(v.shape) * 2 + np.arange(len(v))
    s = 0.0
    for i in range(v.shape[0]):
        s += v[i] * w[i]
    for e in v:
        s += e * e
    return s + v.size + v.mean() + v.var()


def between(x, lo, hi):
    a = x[lo:hi]
    return np.sum(a * np.sin(a)) + len(a)


def carried(x, k):
    v = x[:k].copy()
    for _ in range(3):
        v[:-1] += v[1:] * 0.5
        v[0] = np.sin(v[0])
    return np.sum(v**2)


def one_side_or_the_other(x, k):
    y = x[:k] * x[:k] if x[0] > 0 else np.exp(x[:k])
    return np.sum(y * x[:k])


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("fun", [sized, carried, one_side_or_the_other])
def test_an_int_argument_gives_a_size(fun: Callable[..., Any], k: int) -> None:
    agrees(fun, X, k)
    agrees(fun, -X, k)


def test_one_specialisation_serves_all_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    traces = []

    def counted(*args: Any) -> Any:
        traces.append(1)
        return trace_function(*args)

    monkeypatch.setattr(specialise, "trace_function", counted)
    fun = gr.value_and_grad(between)
    for lo, hi in [(0, 6), (2, 4), (4, 2), (-3, 6), (-9, -1), (1, 99)]:
        value, gradient = fun(X, lo, hi)
        assert value == pytest.approx(between(X, lo, hi))
        inside = np.zeros(6)
        inside[lo:hi] = 1
        np.testing.assert_allclose(gradient, (np.sin(X) + X * np.cos(X)) * inside, atol=1e-15)
    assert len(traces) == 1


def test_a_result_of_that_size_makes_the_argument_part_of_the_code() -> None:
    def fun(x, k):
        return x[:k] * 2

    for k in (2, 4, -1):
        same_values(fun, X, k)


def test_a_size_that_data_decide() -> None:
    def up_to_the_largest(x):
        return np.sum(x[: int(np.argmax(x))] ** 2)

    agrees(up_to_the_largest, X)

    def returned(x):
        return x[: int(np.argmax(x))] ** 2

    with pytest.raises(gr.TraceError, match="needs the size of an array that is only known at run time"):
        gr.jit(returned)(X)


def test_sizes_that_may_differ_unroll_the_loop() -> None:
    """`x[:i]` and `x[i:]` have one size in the one turn that there is when NumPy runs this."""

    def fun(x):
        s = 0.0
        for i in range(3, 4):
            s += np.sum(x[:i] * x[i:])
        for i in range(2):
            s += np.sum(x[: i + 1] * x[i : 2 * i + 1])
        return s

    agrees(fun, X)


def test_a_mismatch_is_reported_as_numpy_does() -> None:
    def fun(x):
        s = 0.0
        for i in range(1, 4):
            s += np.sum(x[:i] * x[i:])
        return s

    with pytest.raises(ValueError, match=r"the shapes \(2,\) and \(4,\) do not fit together"):
        gr.jit(fun)(X)


@pytest.mark.parametrize(
    ("fun", "raised", "message"),
    [
        (lambda x, k: np.max(x[:k]), ValueError, "zero-size array to reduction operation maximum"),
        (lambda x, k: x[:k].argmin(), ValueError, "attempt to get argmin of an empty sequence"),
        (lambda x, k: x[:k][2], IndexError, "index 2 is out of bounds for axis 0"),
        (lambda x, k: x[:k][-3], IndexError, "index -3 is out of bounds for axis 0"),
    ],
)  # fmt: skip
def test_what_an_empty_slice_lacks(fun: Callable[..., Any], raised: type, message: str) -> None:
    compiled = gr.jit(fun)
    assert compiled(X, 4) == fun(X, 4)
    with pytest.raises(raised, match=message):
        compiled(X, 0)


def test_a_sum_of_nothing_is_0() -> None:
    assert gr.jit(lambda x, k: np.sum(x[:k]))(X, 0) == 0.0
    assert gr.jit(lambda x, k: np.prod(x[k:]))(X, 6) == 1.0


def test_variables_of_that_size_end_with_the_loop() -> None:
    def fun(x):
        for i in range(1, 4):
            part = x[:i] * 2
        return np.sum(part)

    agrees(fun, X)  # unrolled, as the size of `part` is that of the last turn


def test_compile_time_does_not_depend_on_the_size() -> None:
    spent = []
    for n in (20, 400):
        a = np.eye(n) * 3 + 0.01
        begin = time.perf_counter()
        gr.value_and_grad(cholesky)(a)
        spent.append(time.perf_counter() - begin)
    assert spent[1] < 3 * spent[0] + 2
