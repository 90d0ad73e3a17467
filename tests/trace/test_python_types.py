"""A traced value answers questions about its type as the number or array that it stands for."""

from __future__ import annotations

import copy
import numbers

import gradir as gr
import numpy as np
import pytest

from .agree import same_values


def describe(x):
    names = {float: 1, int: 2, np.float64: 3, np.ndarray: 4, np.float32: 5}
    return (
        names.get(type(x), 0),
        isinstance(x, float),
        isinstance(x, (int, np.ndarray)),
        isinstance(x, numbers.Real),
        hasattr(x, "shape"),
        np.isscalar(x),
    )


@pytest.mark.parametrize("x", [1.5, 2, np.float64(1.5), np.float32(1.5), np.int32(3), np.ones(2)])
def test_types_are_those_of_plain_python(x: object) -> None:
    same_values(describe, x)
    same_values(lambda y: describe(y * 2), x)


def test_a_function_that_asks_before_it_computes() -> None:
    def f(x):
        if isinstance(x, (int, float)):
            return x * 2
        return np.sum(x) * 3 if isinstance(x, np.ndarray) else x * 5

    assert gr.grad(f)(1.0) == 2.0
    assert gr.grad(f)(np.ones(2)).tolist() == [3.0, 3.0]


def test_copies_of_arrays() -> None:
    def f(x):
        a = x * 1.0
        b, c = copy.copy(a), copy.deepcopy(a)
        a[0] = 5.0
        return b + c + a

    same_values(f, np.arange(3.0))


def test_recursion_over_an_int_argument() -> None:
    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    for n in (0, 1, 4):
        assert gr.grad(power)(2.0, n) == pytest.approx(n * 2.0 ** (n - 1))


class Model:
    def __init__(self, a: object) -> None:
        self.a = a
        self.scale = 2.0

    def predict(self, x):
        if x > 0:
            return self.a * x * self.scale
        return self.a * -x


model = Model(np.arange(3.0))


def test_methods_of_captured_objects_are_staged_and_never_stale() -> None:
    def f(x):
        return np.sum(model.predict(x))

    d = gr.grad(f)
    assert (d(2.0), d(-2.0)) == (6.0, -3.0)
    model.scale = 7.0
    assert d(2.0) == 21.0
    model.a = np.ones(3)
    assert d(2.0) == 21.0
    model.a[0] = 2.0
    assert d(2.0) == 28.0
    model.a, model.scale = np.arange(3.0), 2.0


def test_objects_made_inside_hold_traced_values() -> None:
    def f(x):
        made = Model(x)
        made.scale = x * 2
        return made.predict(x)

    assert gr.grad(f)(2.0) == pytest.approx(3 * 2 * 2.0**2)


def test_a_store_to_an_outside_object_is_refused() -> None:
    def f(x):
        model.scale = x
        return x * x

    with pytest.raises(gr.TraceError, match=r"'scale' of an object from outside[\s\S]*model.scale = x"):
        gr.grad(f)(1.0)
    assert model.scale == 2.0


def test_recursion_on_a_traced_condition_is_refused() -> None:
    def double(x):
        return x if x > 10 else double(2 * x)

    with pytest.raises(
        gr.RecursionTraceError, match=r"calls itself too often[\s\S]*Write a loop[\s\S]*double"
    ) as e:
        gr.grad(double)(1.0)
    assert isinstance(e.value, RecursionError)
