"""Texts of traced values are refused where a program could see them; operators of classes are staged."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import positive, same_values

PERCENT = "%s"


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: 1.0 if f"{x:.1f}" == "2.5" else x,
        lambda x: x * len(f"{x!r}"),
        lambda x: x * len(str(x)),
        lambda x: x * len(PERCENT % x),
        lambda x: x * len(f"{x}"),
    ],
    ids=["format", "conversion", "str", "percent", "str.format"],
)
def test_the_text_of_a_traced_number_is_refused(fun: Any) -> None:
    with pytest.raises(gr.TraceError, match=r"text .* needs the value of a traced number"):
        gr.grad(fun)(2.5)


def test_the_text_of_an_int_argument_is_known() -> None:
    def f(params, n):
        return params[f"w{n}"] * len(PERCENT % n) * len(str(n)) + params[f"w{n}"]

    assert gr.grad(f)({"w1": 2.0, "w12": 3.0}, 12) == {"w1": 0.0, "w12": 5.0}


def test_print_and_messages_show_what_a_value_is(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x):
        print(f"x is {x:.3f}", x)
        return positive(x) * x

    assert gr.grad(f)(2.0) == 4.0
    assert capsys.readouterr().out == "x is <traced f64[]> <traced f64[]>\n"
    with pytest.raises(AssertionError, match="is negative"):
        gr.grad(f)(-2.0)


class Vector:
    def __init__(self, parts: Any) -> None:
        self.parts = parts

    def __add__(self, other):
        return self.parts[0] + other

    def __radd__(self, other):
        return other + self.parts[0]

    def __mul__(self, other):
        return NotImplemented

    def __rmul__(self, other):
        return other * self.parts[1]

    def __mod__(self, other):
        if other > 1:
            return other * self.parts[0]
        return other

    def __neg__(self):
        return -self.parts[1]

    def __lt__(self, other):
        return self.parts[0] < other

    def __contains__(self, x):
        return self.parts[1] < x

    def __iadd__(self, other):
        return other * self.parts[0]


vector = Vector([3.0, 4.0])


def everything(x):
    total = (vector + x) * (x + vector) + x * vector + (vector % x) + -vector * x
    if vector < x or x in vector:
        total = total * x
    v = vector
    v += x
    return total + v


@pytest.mark.parametrize("x", [0.5, 2.0, 5.0])
def test_operators_of_captured_objects_are_never_stale(x: float) -> None:
    f = gr.value_and_grad(everything)
    for parts in ([3.0, 4.0], [5.0, 4.0], [5.0, -1.0]):
        vector.parts[:] = parts
        value, slope = f(x)
        assert value == pytest.approx(everything(x))
        h = 1e-6
        assert slope == pytest.approx((everything(x + h) - everything(x - h)) / (2 * h), rel=1e-6)
    vector.parts[:] = [3.0, 4.0]


def test_an_operator_that_keeps_a_traced_value_is_refused() -> None:
    class Keeping:
        def __add__(self, other):
            self.last = other
            return other

    keeping = Keeping()
    with pytest.raises(gr.TraceError, match="'last' of an object from outside"):
        gr.grad(lambda x: keeping + x)(1.0)


def test_subclasses_reflect_first() -> None:
    class Base:
        def __add__(self, other):
            return 1.0

    class Derived(Base):
        def __radd__(self, other):
            return 2.0

    base, derived = Base(), Derived()
    same_values(lambda x: (base + derived) * x, 3.0)
    same_values(lambda x: (derived + base) * x, 3.0)


def test_unsupported_operands_are_pythons_error() -> None:
    with pytest.raises(TypeError, match="unsupported operand type"):
        gr.grad(lambda x: x * (vector * np))(1.0)
