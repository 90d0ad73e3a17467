"""ufuncs and operators against NumPy: values, dtypes, shapes, and Python's own numbers."""

from __future__ import annotations

import itertools
import operator

import numpy as np
import pytest
from gradir.errors import GradirError, ShapeError, TraceError, UnsupportedError

from tests.trace.numpy_oracle import agree, run

UNARY = (
    "negative absolute fabs sign exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal sin cos tan"
    " arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh floor ceil rint trunc isnan isinf isfinite"
    " logical_not invert positive conjugate signbit deg2rad rad2deg radians degrees"
).split()
BINARY = (
    "add subtract multiply divide floor_divide remainder fmod power float_power arctan2 hypot maximum"
    " minimum fmax fmin logaddexp copysign equal not_equal less less_equal greater greater_equal logical_and"
    " logical_or logical_xor bitwise_and bitwise_or bitwise_xor left_shift right_shift heaviside divmod"
).split()
SPECIAL = np.array([0.0, -0.0, 0.5, 1.0, -2.0, 3.7, np.inf, -np.inf, np.nan])
OPERANDS = [
    SPECIAL,
    SPECIAL.astype(np.float32),
    np.array([[1], [2], [5]]),
    np.array([3, 0, 7], np.int32),
    np.array([True, False, True]),
    np.float64(1.5),
    np.float32(0.25),
    np.int64(3),
    2.5,
    3,
    True,
    np.zeros((0, 3)),
    np.array(2.0),
]


def same_or_refused(fun, *args):
    """Agree with NumPy, or raise a gradir error where NumPy raises or the dtype is not supported."""
    try:
        with np.errstate(all="ignore"):
            fun(*args)
    except TypeError:
        refused: type[GradirError] = GradirError
    else:
        if not _refused(fun, *args):
            agree(fun, *args)
            return
        refused = UnsupportedError
    with pytest.raises(refused):
        run(fun, *args)


def _refused(fun, *args):
    """Loops in float16, and 1 / x of integers, are not supported."""
    with np.errstate(all="ignore"):
        result = fun(*args)
    parts = result if isinstance(result, tuple) else (result,)
    kinds = {np.result_type(x).kind for x in args}
    half = any(np.result_type(p) == np.float16 for p in parts) or (fun is np.signbit and kinds == {"b"})
    return half or (fun is np.reciprocal and kinds <= set("biu"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    for x in OPERANDS:
        same_or_refused(getattr(np, name), x)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", BINARY)
def test_binary(name):
    ufunc = getattr(np, name)
    for x, y in itertools.product(OPERANDS[2:], OPERANDS[2:]):
        try:
            np.broadcast_shapes(np.shape(x), np.shape(y))
        except ValueError:
            with pytest.raises(GradirError):
                run(ufunc, x, y)
            continue
        same_or_refused(ufunc, x, y)
    if name not in ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"):
        agree(ufunc, SPECIAL[:, None], SPECIAL)


OPERATORS = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
]
NUMBERS = [
    2.5,
    -1.25,
    3,
    2,
    True,
    np.float64(1.5),
    np.float32(0.25),
    np.int64(3),
    np.array([1.0, 2.0], np.float32),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("op", OPERATORS)
def test_operators_of_numbers(op):
    for x, y in itertools.product(NUMBERS, NUMBERS):
        if op is operator.pow and isinstance(op(x, y), complex):
            continue
        same_or_refused(op, x, y)
        if not isinstance(y, np.ndarray):
            same_or_refused(lambda t, y=y: op(t, y), x)
        same_or_refused(lambda t, x=x: op(x, t), y)


@pytest.mark.parametrize("op", [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift])
def test_bit_operators(op):
    for x, y in itertools.product([5, 3, True, np.int64(6), np.array([1, 2, 9])], repeat=2):
        agree(op, x, y)
    agree(op, np.array([True, False]), np.array([True, True])) if op not in (
        operator.lshift,
        operator.rshift,
    ) else None


@pytest.mark.parametrize("op", [operator.neg, operator.pos, operator.abs, operator.invert])
def test_unary_operators(op):
    for x in [5, -3, True, np.int64(6), np.array([1, 2, 9])]:
        agree(op, x)
    if op is not operator.invert:
        agree(op, -2.5)
        agree(op, np.float32([-1, 2]))


@pytest.mark.parametrize(
    ("fun", "x", "exception"),
    [
        (lambda x: 1 / x, 0.0, ZeroDivisionError),
        (lambda x: 1 // x, 0, ZeroDivisionError),
        (lambda x: 1.0 % x, 0.0, ZeroDivisionError),
        (lambda x: divmod(1.0, x), 0.0, ZeroDivisionError),
        (lambda x: x**-1, 0.0, ZeroDivisionError),
        (lambda x: x**2, 1e200, OverflowError),
        (lambda x: x / 0, 1.0, ZeroDivisionError),
        (lambda x: 1 << x, -1, ValueError),
        (lambda x: np.array([1, 2]) ** x, np.int64(-1), ValueError),
    ],
)
def test_python_errors(fun, x, exception):
    with pytest.raises(exception) as expected:
        fun(x)
    with pytest.raises(exception) as found:
        run(fun, x)
    assert str(expected.value) in str(found.value)


def test_a_negative_number_to_a_fraction_is_refused():
    with pytest.raises(ValueError, match="complex"):
        run(lambda x: x**0.5, -1.0)


def test_numpy_division_by_zero_is_inf():
    agree(lambda x: x / 0, np.float64(2.0))
    agree(lambda x: 1 / x, np.array([0.0, 1.0]))
    agree(lambda x: x // 0, np.array([3, 0]))


def test_square_and_sqrt_shortcuts_of_power():
    x = np.array([-np.inf, -0.0, 4.0])
    for exponent in (0.5, 2, 2.0, np.float64(0.5)):
        agree(lambda t, e=exponent: t**e, x)
        agree(lambda t, e=exponent: np.power(t, e), x)
        agree(lambda t, e=exponent: t**e, np.float64(-np.inf))
        agree(lambda t, e=exponent: t**e, np.arange(3))


def test_in_place_operators():
    def fun(x, y):
        z = x
        x += y
        x *= 2
        x[1:] -= 1
        return x, z

    agree(fun, np.arange(4.0), np.arange(4))
    agree(fun, np.arange(4), np.int64(3))


@pytest.mark.parametrize(("other", "error"), [(1.5, TraceError), (np.ones((2, 3)), ShapeError)])
def test_in_place_refusals(other, error):
    def fun(x):
        x += other
        return x

    x = np.arange(3) if error is TraceError else np.ones(3)
    with pytest.raises(error, match=r"same_kind|doesn't match"):
        run(fun, x)


def test_out():
    def fun(x, y):
        out = np.add(x, 1, out=y)
        return out, y

    agree(fun, np.arange(3.0), np.zeros((2, 3)))
    with pytest.raises(UnsupportedError, match="where"):
        run(lambda x: np.add(x, 1, where=x > 1), np.arange(3.0))


def test_shapes_that_do_not_fit_name_both():
    with pytest.raises(ShapeError, match=r"\(3,\) and \(4,\)"):
        run(lambda x, y: x + y, np.ones(3), np.ones(4))


def test_mixed_arguments():
    agree(lambda x: x + [1, 2, 3], np.arange(3.0))  # noqa: RUF005
    agree(lambda x: np.float64(2) * x, 3.0)
    agree(lambda x: np.float64(2) * x, np.float32(3))
    agree(lambda x: np.float32(2) * x, 3.0)
    agree(lambda x: np.add.outer(x, x), np.arange(3.0))
    agree(lambda x: np.add(x, 1, dtype=np.float32), np.arange(3, dtype=np.int8))


def test_complex_is_refused():
    with pytest.raises(UnsupportedError, match="complex"):
        run(lambda x: x * 1j, 2.0)


def test_unknown_functions_are_refused_by_name():
    with pytest.raises(UnsupportedError, match=r"np\.frexp"):
        run(np.frexp, np.ones(3))
    with pytest.raises(UnsupportedError, match=r"np\.sort"):
        run(np.sort, np.ones(3))
    with pytest.raises(UnsupportedError, match=r"ndarray\.sort"):
        run(lambda x: x.sort(), np.ones(3))
