"""break, continue and return in loops, `while`, `raise`: held to plain Python, values and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import agrees


def newton(a):
    x = a
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return x


def never_runs(a):
    x = a * a
    while x < 0:
        x = x + a
    return x


def long_while(a):
    x, i = a, 0
    while i < 10_000:
        x = x * 0.9999 + 1e-4 * a * a
        i += 1
    return x


def returns(x):
    for i in range(10):
        if x > 5:
            return x * i
        x = x * 1.5
    return x * x


def returns_from_two_loops(x):
    for i in range(10):
        for j in range(i):
            if x > 5.1 + j:
                return x * i + j
            x = x * 1.5
        x = x + 1
    return x * x


def continues_and_breaks(x):
    s = 0.0
    for _ in range(10):
        s = s + x
        if s > 8:
            continue
        s = s * x
        if s > 100:
            break
        s = s + 1
    return s


def while_else(x):
    i = 0
    while i < 5:
        x = x * 1.1
        if x > 4:
            break
        i += 1
    else:
        x = x * 100
    return x * i


def for_else(x):
    for i in range(4):  # noqa: B007
        if x > 4:
            break
        x = x * x
    else:
        x = x + 100
    return x + i


def endless(x):
    n = 0
    while True:
        n += 1
        x = x * 1.2
        if n == 3:
            continue
        if x > 50:
            return x * n


def while_in_for(x):
    s = 0.0
    for i in range(4):
        j = 0
        while s < i * x:
            j += 1
            s = s + x / j
            if j > 2:
                break
        s = s * 0.9
    return s * x


def adaptive_steps(k):
    t, y, h = 0.0, 1.0, 0.1
    while t < 1.0:
        if t + h > 1.0:
            h = 1.0 - t
        whole = y + h * (-k * y)
        half = y + 0.5 * h * (-k * y)
        halves = half + 0.5 * h * (-k * half)
        error = abs(halves - whole)
        if error > 1e-3:
            h = h * 0.5
            continue
        t = t + h
        y = halves
        if error < 1e-4:
            h = h * 1.5
    return y


def concrete_condition_of_a_list(x):
    xs = [x, x * 2, x * 3]
    while xs:
        y = xs.pop()
        x = x + y * y
    return x


def starts_as_none(x):
    d = None
    while d is None or abs(d) > 1e-9:
        d = (x * x - 2.0) * 0.1
        x = x - d
    return x * x * x


def breaks_in_an_unrolled_loop(x):
    for w in [1.0, 2.0, 3.0]:
        x = x * w
        if x > 4:
            break
    return x


def returns_in_an_inner_function(x):
    def g(t):
        for i in range(5):
            if t > i + 0.25:
                return t * i
        return t

    return g(x) + g(x * 2)


def raises(x):
    if x < 0:
        raise ValueError("negative")
    y = x * x
    for _ in range(3):
        if y > 1e6:
            raise OverflowError("too big")
        y = y * x
    return y


@pytest.mark.parametrize(
    ("function", "points"),
    [
        (newton, (2.0, 3.5)),
        (never_runs, (2.0,)),
        (long_while, (2.0,)),
        (returns, (2.0, 100.0, 0.001)),
        (returns_from_two_loops, (2.0, 100.0, -100.0)),
        (continues_and_breaks, (2.0, 0.1, 1.1)),
        (while_else, (2.0, 10.0, 3.0)),
        (for_else, (2.5, 0.5, 10.0)),
        (endless, (2.0, 60.0)),
        (while_in_for, (2.0, 0.3)),
        (adaptive_steps, (1.3,)),
        (concrete_condition_of_a_list, (2.0,)),
        (starts_as_none, (1.0,)),
        (breaks_in_an_unrolled_loop, (1.0, 0.1, 5.0)),
        (returns_in_an_inner_function, (1.5, -1.0, 0.1)),
        (raises, (2.0, 0.3)),
    ],
)
def test_scalars(function: Callable[[Any], Any], points: tuple[float, ...]) -> None:
    for x in points:
        agrees(function, x)


def sum_until_large(x):
    for _ in range(8):
        x = x * 1.3
        if np.sum(x) > 10:
            return np.sum(x**2)
    return np.sum(x)


def array_changed_before_and_after_the_return(x):
    a = x.copy()
    for i in range(8):
        a[i % 3] *= a[(i + 1) % 3] + 0.3
        if a[0] > 2.5:
            return a
    a[0] = 7
    return a


def size_found_by_a_while(x):
    n = 1
    while n < x.shape[0]:
        n *= 2
    y = np.zeros(n)
    y[: x.shape[0]] = x
    return y * n


@pytest.mark.parametrize(
    "function", [sum_until_large, array_changed_before_and_after_the_return, size_found_by_a_while]
)
@pytest.mark.parametrize("x", [[1.0, 2.0, 0.5], [0.1, 0.2, 0.1], [100.0, 0.2, 1.0]])
def test_arrays(function: Callable[[Any], Any], x: list[float]) -> None:
    agrees(lambda x: np.sum(function(x) ** 2), np.array(x))


def test_errors_are_raised_at_their_line() -> None:
    with pytest.raises(ValueError, match=r"negative[\s\S]*raise ValueError"):
        gr.grad(raises)(-1.0)
    with pytest.raises(OverflowError, match=r"too big[\s\S]*raise OverflowError"):
        gr.grad(raises)(1e3)


def test_an_error_of_the_users_own_class_is_refused_where_only_the_run_decides() -> None:
    class Diverged(Exception):
        pass

    def f(x):
        if x > 1:
            raise Diverged("x is large")
        return x

    with pytest.raises(gr.UnsupportedError, match=r"Diverged is raised where only the run decides"):
        gr.grad(f)(0.5)


def test_second_derivative_through_a_while() -> None:
    assert gr.grad(gr.grad(newton))(2.0) == pytest.approx(-0.25 * 2**-1.5, rel=1e-12)


def test_a_loop_with_break_stays_one_loop() -> None:
    for turns in (10, 10_000):

        def f(x, turns=turns):
            for i in range(2, turns, 3):
                if x > 1e6:
                    break
                x = x + i * x
            return x

        assert str(gr.jit(f).inspect(0.1).primal).count(" while ") == 1
        agrees(f, 1e-3)


def test_two_names_of_one_array_made_in_a_branch() -> None:
    def f(x):
        if x[0] > 0:
            a = np.zeros(3) + x
            b = a
        else:
            a = x * 1.0
            b = x * 2.0
        a[0] = 1.0
        return np.sum(b * b)

    with pytest.raises(gr.TraceError, match="may or may not share memory"):
        gr.grad(f)(np.ones(3))


def test_two_names_of_one_array_made_in_each_branch() -> None:
    def f(x):
        if x[0] > 0:
            a = b = np.zeros(3) + x
        else:
            a = b = x * 2.0
        a[0] = 1.0
        return np.sum(b * b)

    agrees(f, np.array([1.0, 2.0, 3.0]))
    agrees(f, np.array([-1.0, 2.0, 3.0]))


def test_two_names_of_one_array_made_in_a_loop() -> None:
    def f(x):
        for i in range(3):
            a = np.zeros(3) + x * i
            b = a
        a[0] = 1.0
        return np.sum(b * b)

    with pytest.raises(gr.TraceError, match="may or may not share memory"):
        gr.grad(f)(np.ones(3))


def divides_by_the_first_k(x, n):
    k = 0
    for i in range(n):
        if i > 0:
            x = x + 1.0 / k
        k += 1  # noqa: SIM113
    return x


def while_dividing_by_the_first_k(x, n):
    k = 0
    while k < n:
        if k != 0:
            x = x + 1.0 / k
        k += 1
    return x


def index_that_moves(x, n):
    k = -1
    for i in range(n):
        if i > 0:
            x = x * float(np.ones(3)[5 + k - i])
        k -= 1
    return x


def divides_by_zero_in_a_branch(x, n):
    k = 0
    if x > 5:
        x = x + n / k
    return x


@pytest.mark.parametrize(
    "function",
    [
        divides_by_the_first_k,
        while_dividing_by_the_first_k,
        index_that_moves,
        divides_by_zero_in_a_branch,
    ],
)
def test_errors_on_values_that_the_run_does_not_meet(function: Callable[[Any, int], Any]) -> None:
    agrees(function, 1.5, 3)
    agrees(function, 1.5, 0)


def test_an_error_of_python_in_a_branch_is_the_runs() -> None:
    with pytest.raises(ZeroDivisionError, match=r"division by zero[\s\S]*x = x \+ n / k"):
        gr.grad(divides_by_zero_in_a_branch)(7.0, 3)


def breaks_in_errstate(x):
    s = 0.0
    for i in range(6):
        with np.errstate(divide="ignore"):
            if s > 3:
                break
            s = s + x / (i + 1)
        s = s + 0.1
    return s


def returns_in_errstate(x):
    with np.errstate(all="ignore"):
        if x > 2:
            return x * x
        x = x + 1
    return x * 3


@pytest.mark.parametrize("function", [breaks_in_errstate, returns_in_errstate])
def test_ways_out_of_a_with(function: Callable[[Any], Any]) -> None:
    for x in (0.5, 2.5):
        agrees(function, x)
