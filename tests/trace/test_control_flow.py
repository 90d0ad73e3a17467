"""Staging: Python's control flow on traced values becomes regions, on concrete ones it runs in Python."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import agrees, loops_of, same_values

POINTS = [-2.0, -0.5, 0.5, 1.5, 4.0]


def connectives(x):
    a = x > 0 and x < 2
    b = not a or x > 1
    c = 0 < x < 3
    y = x if a else 2 * x
    return (y if b else 3 * y) + (1.0 if c else 0.5) * x


def short_circuit(x):
    # The second operand divides by zero where the first one says no.
    return 1.0 if x != 0 and 1 / x > 1 else 2.0 * x


def one_branch_only(x):
    y = x
    if x > 1:
        y = y * y
    return y + x


def nested_functions(x):
    scale = 2.0

    def inner(y, k=3):
        if y > 1:
            return y * scale
        return y * k

    return inner(x) + (lambda t: t * x if t > 0 else x)(x)


@pytest.mark.parametrize("x", POINTS)
@pytest.mark.parametrize(
    "fun",
    [connectives, one_branch_only, nested_functions],
    ids=lambda f: f.__name__,
)
def test_branches_agree_with_python(fun: Any, x: float) -> None:
    agrees(fun, x)


@pytest.mark.parametrize("x", [0.0, 0.5, 3.0])
def test_only_the_branch_taken_runs(x: float) -> None:
    same_values(short_circuit, x)


def test_a_branch_on_a_concrete_value_leaves_no_trace() -> None:
    def f(x, mode):
        if mode == "double":
            return x * 2
        return x

    assert "if" not in str(gr.trace(f)(1.0, "double"))
    assert gr.jit(f)(1.5, "double") == 3.0
    assert gr.jit(f)(1.5, "other") == 1.5


def accumulate(x, n):
    s = 0
    for i in range(n):
        s = s + x**2 * i
    return s


def test_a_loop_with_a_traced_bound_is_one_for() -> None:
    assert loops_of(accumulate, 1.5, 4) == 1
    f = gr.value_and_grad(accumulate)
    for n in (2, 3, 17):
        value, slope = f(1.5, n)
        assert value == pytest.approx(accumulate(1.5, n))
        assert slope == pytest.approx(2 * 1.5 * sum(range(n)))
    assert f.cache_info().currsize == 1


def test_a_loop_that_never_runs() -> None:
    assert gr.value_and_grad(accumulate)(1.5, 0)[0] == 0
    assert gr.value_and_grad(accumulate)(1.5, -3) == (0.0, 0.0)


def descending(x, n):
    total = x * 0
    for i in range(n, 0, -2):
        total = total + x[i] * i
    return np.sum(total)


def test_descending_ranges() -> None:
    agrees(descending, np.linspace(0.5, 1.5, 8), 7)
    agrees(descending, np.linspace(0.5, 1.5, 8), 6)


def last_index(x):
    for i in range(3):
        x = x * (1.5 + 0 * i)
    return x * i


def test_a_loop_variable_after_its_loop() -> None:
    agrees(last_index, 2.0)


def growing(x):
    s = 0.0
    for i in range(5):
        s = s + x * i  # a number before the loop, an array after one turn
    return np.sum(s * s)


def test_a_variable_that_changes_its_shape_once_is_peeled() -> None:
    agrees(growing, np.array([1.0, 2.0]))
    assert loops_of(growing, np.array([1.0, 2.0])) == 1


def listed(params, x):
    for i in range(3):
        x = x * params[i] + params[f"{i}"] if isinstance(params, dict) else np.sin(x * params[i])
    return x


def test_an_index_of_a_container_unrolls_the_loop() -> None:
    f = gr.value_and_grad(listed)
    value, (a, b, c) = f([0.5, 1.5, 2.5], 0.3)
    assert value == pytest.approx(listed([0.5, 1.5, 2.5], 0.3))
    assert all(isinstance(g, float) for g in (a, b, c))
    decisions = f.inspect([0.5, 1.5, 2.5], 0.3).decisions
    assert ["unrolled" in d.what for d in decisions] == [True]
    assert decisions[0].loc is not None
    assert decisions[0].loc.function == "listed"


def appending(x):
    xs = []
    for i in range(4):
        xs.append(x * i)
    return sum(xs) * len(xs)


def test_appending_to_a_list_unrolls_the_loop_once() -> None:
    agrees(appending, 1.5)


def with_break(x):
    for k in (1, 2, 3, 4):
        if k == 3:
            break
        if k == 1:
            continue
        x = x * k
    else:
        x = x + 100
    return x


def test_break_and_continue_in_a_loop_over_a_container() -> None:
    agrees(with_break, 1.5)


def test_a_loop_too_long_to_be_unrolled_is_refused_with_the_reason() -> None:
    def f(x):
        xs = []
        for _ in range(100_000):
            xs.append(x)
        return xs[0]

    reason = r"100000 turns.*a list or dict gets or loses items in the loop[\s\S]*range\(100_000\)"
    with pytest.raises(gr.TraceError, match=reason):
        gr.grad(f)(1.0)


def test_the_variable_that_keeps_a_long_loop_from_rolling_is_named() -> None:
    def f(x):
        y = x
        for _ in range(5_000):
            y = np.concatenate((y, x[:1]))
        return np.sum(y)

    reason = r"variable 'y' is f64\[3\] before the loop and f64\[4\][\s\S]*4096 turns[\s\S]*range\(5_000\)"
    with pytest.raises(gr.TraceError, match=reason):
        gr.grad(f)(np.ones(2))


def test_branches_of_different_shapes_are_refused_where_the_variable_is_read() -> None:
    def f(x):
        y = x[:2]
        if x[0] > 1:
            y = x[:3]
        return np.sum(y)

    with pytest.raises(gr.TraceError, match=r"'y' is f64\[3\] in one branch and f64\[2\] in the other"):
        gr.grad(f)(np.ones(4))


def test_compile_time_does_not_depend_on_the_trip_count() -> None:
    def f(x, n):
        for _ in range(n):
            x = np.sin(x) + 0.1
        return x

    short, long = (gr.trace(f)(1.0, n) for n in (10, 10_000_000))
    assert short == long


def three_levels(a):
    n = a.shape[0]
    total = 0.0
    for i in range(n):
        for j in range(i + 1):
            for k in range(j, i + 1):
                total = total + a[i, k] * a[k, j]
    return total


def test_triangular_nests() -> None:
    agrees(three_levels, np.random.default_rng(0).normal(size=(4, 4)))
    assert loops_of(three_levels, np.ones((4, 4))) == 3


def matched(x, kind):
    match kind:
        case "square":
            return x * x
        case ("scale", k):
            return x * k
        case _:
            return x


def test_match_on_concrete_values() -> None:
    assert gr.grad(matched)(3.0, "square") == 6.0
    assert gr.grad(matched)(3.0, "other") == 1.0


def test_a_rolled_chain_of_sigmoids() -> None:
    def chain(x, depth):
        for _ in range(depth):
            x = 1 / (1 + np.exp(-x))
        return x

    d = gr.grad(chain)
    assert d(0.0, 10) == pytest.approx(3.8752e-07, rel=1e-4)
    assert d(0.0, 20) == pytest.approx(1.2718e-13, rel=1e-4)


def test_an_int_argument_as_a_size_is_guarded() -> None:
    def f(x, n):
        half = n // 2
        a = np.zeros(half) + x
        return np.sum(a * np.arange(half))

    d = gr.grad(f)
    assert [d(1.0, n) for n in (4, 6, 7, 4)] == [1.0, 3.0, 3.0, 1.0]
    assert d.cache_info().currsize == 3


def test_an_int_argument_in_a_condition_stays_dynamic_where_it_can() -> None:
    def schedule(x, step):
        return x * x if step % 10 == 0 else x

    d = gr.grad(schedule)
    assert [d(3.0, step) for step in range(9, 12)] == [1.0, 6.0, 1.0]
    assert d.cache_info().currsize == 1


def test_an_int_argument_in_a_condition_is_guarded_where_the_branches_differ() -> None:
    def f(x, axis):
        if axis == 0:
            return np.sum(x.sum(axis=0)[:3] ** 2)
        y = x.sum(axis=1)
        return np.sum(y[:2] ** 3)

    def g(x, axis):
        y = x.sum(0) if axis == 0 else x.sum(1)
        return np.sum(y**2)

    x = np.arange(6.0).reshape(2, 3)
    for fun in (f, g):
        for axis in (0, 1):
            agrees(fun, x, axis)


def test_a_loop_over_an_int_argument_that_cannot_be_rolled_is_unrolled() -> None:
    def f(ws, x, n):
        for i in range(n):
            x = np.tanh(ws[i] * x)
        return x

    d = gr.grad(f, argnums=1)
    for n in (1, 2, 3):
        assert d([0.5, 1.5, 2.5], 0.3, n) == pytest.approx(gr.grad(f, argnums=1)([0.5, 1.5, 2.5], 0.3, n))
    gr.check_grads(lambda x: f([0.5, 1.5, 2.5], x, 3), (0.3,))


def no_return_at_its_end(x):  # noqa: RET503 (the mistake that is tested)
    if x > 0.0:
        return x


def test_a_missing_return_is_named() -> None:
    with pytest.raises(gr.GradirError, match="a `return` or a `raise` is missing, perhaps at the end"):
        gr.grad(no_return_at_its_end)(1.0)
