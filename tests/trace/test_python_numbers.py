"""Builtins, math and scipy.special on traced numbers, against Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special as sp
from gradir.errors import GradirError, TraceError, UnsupportedError

from tests.trace.numpy_oracle import agree, agree_or_fail_alike, run, via

BUILTINS = [
    lambda x: via(abs)(x),
    lambda x: via(float)(x),
    lambda x: via(int)(x),
    lambda x: via(bool)(x),
    lambda x: via(round)(x),
    lambda x: via(pow)(x, 2),
    lambda x: via(divmod)(x, 2),
    lambda x: via(divmod)(7, x),
    lambda x: via(min)(x, x + 1),
    lambda x: via(sum)([x, x, x]),
    lambda x: via(sum)((x, 2 * x), x),
    lambda x: via(any)([x > 3, x < 2]),
    lambda x: via(all)([x > -3, x]),
    lambda x: (x == 2, x != 2, x < 2.5, not isinstance(x, str)),
    lambda x: -x + (+x) * 2 - x / 3 // 1 % 5,
]


@pytest.mark.parametrize("k", range(len(BUILTINS)))
@pytest.mark.parametrize("x", [2.5, -3.5, 4, -3, np.float64(2.5), np.float32(-1.5), np.int64(3)])
def test_builtins(k, x):
    agree(BUILTINS[k], x, rtol=1e-6 if isinstance(x, np.float32) else 1e-13)


@pytest.mark.parametrize("function", [min, max])
def test_extremes(function):
    for a, b in [
        (1.0, 2.0),
        (2.0, 1.0),
        (math.nan, 1.0),
        (1.0, math.nan),
        (-math.inf, math.inf),
        (2, 3),
        (3, 3),
    ]:
        agree(lambda x, y: via(function)(x, y), a, b)
        agree(lambda x, b=b: via(function)(x, b), a)
        agree(lambda x, b=b: via(function)([b, x, x]), a)
    agree(lambda x: via(function)(x), np.array([3.0, 1.0, 2.0]))
    with pytest.raises(TraceError, match="ambiguous"):
        run(via(function), np.ones((2, 2)))


def test_sum_of_arrays():
    agree(via(sum), np.arange(6.0).reshape(2, 3))
    agree(via(sum), np.array([True, True]))
    agree(via(sum), np.arange(3, dtype=np.int32))


MATH = (
    "sqrt exp expm1 exp2 cbrt log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh"
    " atanh erf erfc lgamma fabs floor ceil trunc radians degrees isnan isinf isfinite"
).split()
POINTS = [
    0.5,
    -0.25,
    1.5,
    3.0,
    0.0,
    -1.0,
    1.0,
    -2.0,
    800.0,
    2,
    True,
    math.inf,
    -math.inf,
    math.nan,
    np.float64(0.75),
    np.float32(0.5),
    np.array(0.5),
]


@pytest.mark.parametrize("name", MATH)
def test_math(name):
    for x in POINTS:
        if name != "trunc" or not isinstance(x, (np.generic, np.ndarray)):
            agree_or_fail_alike(via(getattr(math, name)), x, rtol=1e-12)


def test_math_of_two():
    pairs = [
        (1.5, 2.0),
        (-1.5, 3.0),
        (0.5, -2.0),
        (2, 3),
        (0.0, 2.0),
        (math.inf, 1.0),
        (1.0, 0.0),
        (-8.0, 0.5),
    ]
    for function in (math.atan2, math.copysign, math.hypot, math.pow, math.fmod):
        for x, y in [*pairs, (1e300, 2.0)]:
            agree_or_fail_alike(via(function), x, y)
    agree(lambda x: via(math.log)(x, 2), 8.0)
    agree(lambda x: via(math.log)(10, x), 8.0)
    agree(lambda x: via(math.dist)([x, 1.0], [2.0, 3 * x]), 0.5)
    agree(lambda x: via(math.prod)([x, 2, x]), 3)
    agree(lambda x: via(math.fsum)([x, 0.5, x]), 3.0)
    agree(lambda x, y: via(math.isclose)(x, y), 1.0, 1.0 + 1e-12)
    agree(lambda x: via(math.hypot)(x, 2.0, 3.0), 1.0)


def test_conversions_that_fail():
    for function, x in [(int, math.nan), (int, math.inf), (math.floor, math.nan), (round, math.inf)]:
        with pytest.raises((ValueError, OverflowError)) as expected:
            function(x)
        with pytest.raises(type(expected.value), match=str(expected.value)):
            run(via(function), x)
    with pytest.raises(OverflowError, match="64 bits"):
        run(via(int), 1e30)
    with pytest.raises(TraceError, match="takes a number"):
        run(via(math.sin), np.ones(3))
    with pytest.raises(UnsupportedError, match=r"np\.round"):
        run(lambda x: via(round)(x, 2), 2.5)


def test_numbers_of_numpy():
    agree(lambda x: round(x, 1), np.float64(2.25))
    agree(lambda x: x.round(1), np.array([2.25, -1.55]))
    agree(lambda x: np.round(x), np.array([0.5, 1.5, -2.5]))
    agree(lambda x: np.round(x, -1), np.array([5.0, 15.0, 26.0]))
    agree(lambda x: x.clip(0, 1), np.array([-1.0, 0.5, 3]))
    agree(lambda x: np.clip(x, 0, None), np.array([-1.0, 0.5, 3], np.float32))
    agree(lambda x, y: np.clip(x, y, 2), np.array([-1.0, 0.5, 3]), 1)
    agree(lambda x: np.clip(x, a_min=-1, a_max=x.max() / 2), np.array([-5, 0, 3]))
    agree(lambda x: np.clip(x, min=1), 0.5)
    agree(lambda x: np.where(x > 1, x, 0), np.array([0.5, 2.0], np.float32))
    agree(lambda x: np.where(x > 1, x, 0.0), 2)
    agree(lambda x: np.where([True, False], x, [1, 2]), np.int64(3))
    agree(lambda x: np.select([x < 1, x < 2], [x, x * 10], -1), np.array([0.5, 1.5, 2.5]))
    agree(lambda x: np.nan_to_num(x), np.array([np.nan, np.inf, -np.inf, 1]))
    agree(np.sinc, np.array([0.0, 0.5, -1]))
    agree(lambda x: np.isclose(x, [1.0, 2.0]), np.array([1.0, 2.1]))
    agree(lambda x: np.allclose(x, [1.0, 2.0]), np.array([1.0, 2.0]))


SPECIAL = "erf erfc expit logit gammaln digamma psi log1p expm1 exp2 cbrt ndtr log_expit entr".split()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SPECIAL)
def test_special(name):
    function = getattr(sp, name)
    for x in (
        np.array([0.1, 0.5, 0.9, 0.0, 1.0]),
        np.float64(0.3),
        0.25,
        np.array([0.5], np.float32),
        np.array([1, 2]),
        2,
        np.inf,
        np.nan,
    ):
        agree(via(function), x, rtol=1e-12)


def test_special_of_two():
    x = np.array([0.0, 1.0, 2.0, np.nan])
    agree(via(sp.xlogy), x[:, None], x)
    agree(via(sp.xlog1py), x[:, None], x)
    agree(lambda t: via(sp.polygamma)(1, t), np.array([0.5, 2.0]), rtol=1e-12)
    agree(lambda t: via(sp.polygamma)(2, t), 1.5, rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("function", [sp.softmax, sp.log_softmax, sp.logsumexp])
def test_exponentials_of_many(function):
    x = np.random.default_rng(2).normal(size=(3, 4)) * 30
    for axis in (None, 0, -1, (0, 1)):
        agree(lambda t, a=axis: via(function)(t, axis=a), x, rtol=1e-12)
    agree(via(function), x.astype(np.float32))
    agree(via(function), np.array([0.0, -40.0]), rtol=1e-12)
    agree(via(function), np.array([1000.0, 1000.0, -np.inf]))
    agree(via(function), np.array([1, 2, 3]), rtol=1e-12)
    if function is sp.logsumexp:
        agree(via(function), np.array([-np.inf, -np.inf]))
        agree(via(function), np.array([np.inf, 1.0]))
        agree(lambda t: via(function)(t, axis=1, keepdims=True), x, rtol=1e-12)
        with pytest.raises(UnsupportedError, match="b="):
            run(lambda t: via(function)(t, b=2.0), x)


def test_asking_for_values_is_refused():
    for fun in (float, bool, lambda x: [1, 2][x]):
        with pytest.raises(GradirError):
            run(fun, np.array(1))
