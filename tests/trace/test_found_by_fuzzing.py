"""Programs that were once wrong, made small: found by `tests/fuzz` and by hand beside it."""

from __future__ import annotations

import functools
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import same_values

A = np.array([0.3, -0.7, 1.2])


@pytest.mark.parametrize(
    "root", [np.std, np.linalg.norm, lambda x: np.linalg.norm(x, axis=0), lambda x: np.std(x, ddof=1)]
)
def test_the_root_of_no_squares_has_no_slope(root: Any) -> None:
    assert gr.grad(root)(np.zeros(3)).tolist() == [0.0] * 3
    assert gr.grad(root)(np.zeros(3, np.float32)).dtype == np.float32
    gr.check_grads(root, (A,))


def test_the_deviation_of_one_number_is_constant() -> None:
    assert gr.grad(lambda x: np.std(x, axis=1).sum())(np.ones((2, 1))).tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("x", [np.ones(2, np.float32), np.float32(2.0)])
def test_a_branch_does_not_decide_a_dtype(x: Any) -> None:
    def f(x, s):
        y = x
        if s > 0:
            y = np.float64(2.0) * y
        return np.sum(y)

    with pytest.raises(gr.UnboundError, match=r"'y' is f64\S* in one branch and f32\S* in the other"):
        gr.grad(f)(x, 1.0)


def test_a_branch_may_choose_between_a_number_of_python_s_and_one_of_numpy_s() -> None:
    def f(x):
        total = 0.0
        if x[0] > 0:
            total = x[0]
        return total * 2

    for dtype in (np.float64, np.float32):
        value, gradient = gr.value_and_grad(f)(A.astype(dtype))
        assert value.dtype == gradient.dtype == dtype
        assert gradient.tolist() == [2.0, 0.0, 0.0]


def test_a_loop_that_changes_a_dtype_has_its_first_turn_apart() -> None:
    def f(x):
        for _ in range(3):
            x = x * np.float64(0.5)
        return x.sum()

    same_values(f, np.ones(2, np.float32))
    graph = gr.trace(f)(np.ones(2, np.float32))
    assert sum(node.op.name == "for" for node in graph.block.nodes) == 1


def test_a_loop_of_unknown_length_that_changes_a_dtype_is_fixed_by_its_length() -> None:
    def f(x, n):
        for _ in range(n):
            x = x * np.float64(0.5)
        return x.sum()

    for n in range(4):
        same_values(f, np.ones(2, np.float32), n)


def test_conditions_of_mixed_types() -> None:
    def f(x):
        y = 1.0 if x[0] > 0 and x[1] else 2.0
        return y * (x[0] > 0 or x[2]) + (x[1] > 0 and x[2])

    for x in (A, -A):
        assert gr.jit(f)(x) == f(x)


def test_numpy_s_scalar_types_convert() -> None:
    same_values(lambda x: (np.float64(x), np.float32(x), np.int64(x), np.bool_(x)), 1.5)
    same_values(lambda x: (np.float64(x), np.float32(x), np.int64(x)), A)
    assert gr.grad(lambda x: np.float64(x) * 2)(3.0) == 2.0


def test_elements_as_python_numbers() -> None:
    x = np.arange(6.0).reshape(2, 3)
    same_values(lambda x: (x.sum().item(), x.item(2), x.item(1, 2), x.item((1, 0)), x[:1, :1].item()), x)
    same_values(lambda x: (x.tolist(), x[0].tolist(), (x > 0).tolist(), x.sum().tolist()), x)
    same_values(lambda x: (x[0, 1].item(), (x[0, 1] > 0).item()), x.astype(np.float32))
    with pytest.raises(gr.TraceError, match="can only convert an array of size 1 to a Python scalar"):
        gr.grad(lambda x: x.item())(x)


def test_any_and_all_of_a_generator() -> None:
    def f(x):
        return any(v > 1 for v in x), all(v > -1 for v in x), max(v * v for v in x), any([]), all(iter(x))

    for x in (A, -A):
        assert gr.jit(f)(x) == f(x)


def test_an_int_power_of_a_known_base() -> None:
    same_values(lambda k: (2**k, 3**k, k**2, (-2) ** k), 5)
    assert gr.jit(lambda k: np.int64(3) ** k)(41) == np.int64(3) ** 41


def test_a_cached_function_and_a_dispatching_one() -> None:
    @functools.lru_cache
    def twice(x):
        return x * 2 if x > 0 else x

    @functools.singledispatch
    def total(x):
        return x * 5

    @total.register
    def _(x: np.ndarray):
        return x.sum() * 3

    assert gr.grad(lambda x: twice(x))(2.0) == 2.0
    assert gr.grad(total)(A).tolist() == [3.0] * 3
    assert gr.grad(lambda x: total(x[0]))(A).tolist() == [5.0, 0.0, 0.0]


def test_the_text_of_an_int_argument() -> None:
    def f(x, k):
        return x * {"w1": 2.0, "w2": 3.0}["w" + str(k)]

    assert [gr.grad(f)(1.0, k) for k in (1, 2, 1)] == [2.0, 3.0, 2.0]


def test_a_lost_array_that_is_returned_is_refused_at_the_function() -> None:
    def f(x):
        a = np.array(x)
        b = x
        for _ in range(3):
            b = a
        a[0] = 5.0
        return b

    with pytest.raises(gr.TraceError, match="may or may not share memory") as caught:
        gr.jit(f)(A)
    assert caught.value.loc is not None
    assert caught.value.loc.line == f.__code__.co_firstlineno


def test_a_function_of_scipy_is_named() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    special = pytest.importorskip("scipy.special")
    with pytest.raises(
        gr.UnsupportedError, match=r"^scipy\.linalg\.solve is not supported on traced values\n"
    ):
        gr.grad(lambda x: linalg.solve(np.eye(3), x).sum())(A)
    with pytest.raises(gr.UnsupportedError, match=r"^scipy\.special\.jv is not supported") as caught:
        gr.grad(lambda x: special.jv(0, x).sum())(A)
    assert caught.value.loc is not None
    assert caught.value.loc.file == __file__


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_loop_under_a_branch_to_second_order(n: int) -> None:
    def f(x):
        a = np.zeros(2)
        a[...] = x
        if x > 0:
            for _ in range(n):
                a[:] **= 2
        return np.sum(a)

    def slope(x):
        return gr.grad(f)(x) * 2.0

    for x in (1.01, -1.5):
        gr.check_grads(f, (x,))
        gr.check_grads(slope, (x,))


def test_a_break_in_the_else_of_an_inner_loop_is_the_outer_one_s() -> None:
    def f(s):
        k = 0
        while s > 0.1 and k < 4:
            k += 1
            for _ in range(3):
                s = s + 0.1
            else:
                if s > 2.0:
                    s = s * 0.5
                    break
            s = s * 0.9
        return s

    for s in (0.05, 0.3, 3.0):
        same_values(f, s)
        gr.check_grads(f, (s,))


def test_a_number_that_a_branch_gives_back_as_it_is() -> None:
    def f(x, z):
        s = z
        if z > 0:
            s = +s
        t = +s if z < 2 else s
        for _ in range(2):
            t = +t
        return np.sum(x * s) * t

    for z in (0.5, -0.5, np.float64(3.0)):
        same_values(f, A, z)
        gr.check_grads(f, (A, z))


def test_a_branch_may_make_a_number_of_python_s_one_of_numpy_s() -> None:
    def f(x):
        if x > 0:
            x = np.float64(x)
        return x

    assert type(gr.jit(f)(2.0)) is np.float64


def rotated_with_one_of_a_loop(x, y, n):
    a = x[0] * 2.0
    for _ in range(n):
        b = -0.104
    for _ in range(len(x)):
        b, y, a = y, a, b
    return y + 10.0 * a + 100.0 * b


def test_a_variable_of_a_loop_that_takes_part_in_a_rotation() -> None:
    args = np.ones(4), 3.0, 2
    assert gr.value_and_grad(rotated_with_one_of_a_loop)(*args)[0] == rotated_with_one_of_a_loop(*args)
