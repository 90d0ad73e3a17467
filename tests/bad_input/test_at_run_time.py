"""What only a run finds out ends it with Python's exception at the user's line; the next run is fine."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .refusals import refusal_here

A = np.arange(1.0, 5.0)


def picks(x, i):
    return x[i] * 2.0  # here


def stores(x, i):
    y = np.zeros(4)
    y[i] = x[0]  # here
    return y.sum()


def gathers(x, i):
    return np.sum(x[[0, i]])  # here


def in_a_loop(x, n):
    total = 0.0
    for k in range(n):
        total = total + x[k]  # here
    return total


def in_a_branch(x, i):
    total = x[0]
    if x[0] > 0:
        total = x[i]  # here
    return total


def in_a_helper(x, i):
    return picks(x, i) + 1.0


@pytest.mark.parametrize(
    ("fun", "good", "bad", "shown"),
    [(picks, -4, 4, 4), (picks, 3, -5, -5), (stores, 0, 17, 17), (gathers, 1, -9, -9), (in_a_loop, 4, 5, 4),
     (in_a_branch, 2, 6, 6), (in_a_helper, 0, 4, 4)],
)  # fmt: skip
def test_an_index_out_of_bounds(fun: Any, good: int, bad: int, shown: int) -> None:
    g = gr.value_and_grad(fun)
    with pytest.raises(IndexError) as expected:
        fun(A, bad)
    message = refusal_here(IndexError, g, A, bad)
    assert message == f"index {shown} is out of bounds for axis 0 with size 4"
    assert str(expected.value) == message
    value, _ = g(A, good)
    assert value == fun(A, good)
    assert g.cache_info().currsize == 1


def test_an_index_array_out_of_bounds() -> None:
    def f(x, i):
        return np.sum(x[:, i])  # here

    x = np.ones((2, 3))
    g = gr.grad(f)
    message = refusal_here(IndexError, g, x, np.array([0, 3]))
    assert message == "index 3 is out of bounds for axis 1 with size 3"
    assert g(x, np.array([0, -1])).tolist() == [[1.0, 0.0, 1.0]] * 2


def test_an_index_out_of_bounds_when_the_loop_runs_zero_times_is_none() -> None:
    def f(x, n, i):
        total = 0.0
        for _ in range(n):
            total = total + x[i]
        return total

    assert gr.value_and_grad(f)(A, 0, 99)[0] == 0.0


def divides(x, y):
    return x / y  # here


def floor_divides(x, y):
    return x // y  # here


def remainders(x, y):
    return x % y  # here


def inverts(x, y):
    return y**-1 * x  # here


@pytest.mark.parametrize("fun", [divides, floor_divides, remainders, inverts])
@pytest.mark.parametrize("zero", [0, 0.0])
def test_a_division_of_python_numbers_by_zero(fun: Any, zero: Any) -> None:
    with pytest.raises(ZeroDivisionError) as expected:
        fun(1.0, zero)
    g = gr.value_and_grad(fun)
    assert g(3.0, zero + 2)[0] == pytest.approx(fun(3.0, zero + 2))
    assert refusal_here(ZeroDivisionError, g, 1.0, zero) == str(expected.value)


def test_arrays_divide_as_numpy_does() -> None:
    with np.errstate(all="ignore"):
        for x, y in ((A, 0.0), (A, np.zeros(4)), (np.float64(1.0), 0.0)):
            np.testing.assert_equal(gr.jit(lambda x, y: x / y)(x, y), x / y)
        integers = np.array([1, -7, 0])
        np.testing.assert_equal(gr.jit(lambda x, y: x // y)(integers, np.zeros(3, int)), integers // 0)
        lowest = np.array([np.iinfo(np.int64).min])
        np.testing.assert_equal(gr.jit(lambda x, y: x // y)(lowest, np.array([-1])), lowest // -1)
        np.testing.assert_equal(gr.jit(lambda x, y: x % y)(lowest, np.array([-1])), lowest % -1)


def test_ints_shift_as_in_numpy() -> None:
    x = np.array([1, -1, 5])
    np.testing.assert_equal(gr.jit(lambda x, n: x << n)(x, np.array([1, 63, 2])), x << np.array([1, 63, 2]))
    np.testing.assert_equal(gr.jit(lambda x, n: x >> n)(x, np.array([70, 64, 2])), x >> np.array([70, 64, 2]))


def test_a_float_that_is_no_int() -> None:
    def f(x):
        return x * int(x)  # here

    g = gr.value_and_grad(f)
    assert g(2.5) == (5.0, 2.0)
    assert refusal_here(ValueError, g, float("nan")) == "cannot convert float NaN to integer"
    assert refusal_here(OverflowError, g, float("inf")) == "cannot convert float infinity to integer"


def test_an_assertion(tmp_path: Path) -> None:
    path = tmp_path / "asserting.py"  # pytest rewrites the assertions of this file
    path.write_text("def f(x):\n    assert x > 0, 'x must be positive'  # here\n    return x * x\n")
    g = gr.grad(runpy.run_path(str(path))["f"])
    assert g(3.0) == 6.0
    assert refusal_here(AssertionError, g, -1.0) == "x must be positive"
    assert g(2.0) == 4.0


def test_a_domain_error_of_math() -> None:
    def f(x):
        return math.sqrt(x)  # here

    g = gr.grad(f)
    assert g(4.0) == 0.25
    with pytest.raises(ValueError) as expected:  # noqa: PT011
        math.sqrt(-1.0)
    assert refusal_here(ValueError, g, -1.0) == str(expected.value)


def test_a_range_with_a_step_of_zero() -> None:
    def f(x, step):
        total = 0.0
        for i in range(0, 4, step):  # here
            total = total + x * i
        return total

    g = gr.grad(f)
    assert (g(1.0, 1), g(1.0, 2), g(1.0, -1)) == (6.0, 2.0, 0.0)
    assert refusal_here(ValueError, g, 1.0, 0) == "range() arg 3 must not be zero"


def test_a_compiled_pullback_checks_too() -> None:
    value, pullback = gr.vjp(lambda x: x[np.argmax(x)], A)
    assert value == 4.0
    assert pullback(1.0)[0].tolist() == [0.0, 0.0, 0.0, 1.0]
