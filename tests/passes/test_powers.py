"""Powers with a known exponent: which are products and roots, and how near they come to the true power."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from gradir.ir.graph import Graph, walk
from gradir.ir.interpreter import interpret
from gradir.ir.types import DType
from gradir.passes.canonicalize import canonicalize
from gradir.passes.powers import _FORMULAS

from tests.lower.build import array, build

WORK = {"add", "multiply", "square", "sqrt", "reciprocal", "divide", "power"}


def _graph(exponent: float, count: int, dtype: DType) -> Graph:
    return build(lambda b, x: b.power(x, b.like(x, exponent)), array(count, dtype=dtype))


def _power(exponent: float, x: np.ndarray) -> np.ndarray:
    graph = canonicalize(_graph(exponent, len(x), DType.F32 if x.dtype == np.float32 else DType.F64))
    (y,) = interpret(graph, x)
    return y


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("exponent", _FORMULAS)
def test_error(exponent: float, dtype: type) -> None:
    rng = np.random.default_rng(0)
    most = np.log10(float(np.finfo(dtype).max)) / 1.01
    x = np.concatenate([rng.uniform(0.5, 2, 300), 10 ** rng.uniform(-most, most, 300)]).astype(dtype)
    with mpmath.workprec(200):
        for a, got in zip(x, _power(exponent, x), strict=True):
            true = mpmath.mpf(float(a)) ** mpmath.mpf(exponent)
            with np.errstate(over="ignore"):
                nearest = dtype(float(true))
            if np.isinf(nearest):
                assert got == nearest
            else:
                assert abs(mpmath.mpf(float(got)) - true) < 3 * float(np.spacing(nearest))


@pytest.mark.parametrize("exponent", _FORMULAS)
def test_special_arguments(exponent: float) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, -2.0, -1e-310])
    with np.errstate(all="ignore"):
        want = np.power(x, np.full(len(x), exponent))
        np.testing.assert_array_equal(_power(exponent, x), want)


@pytest.mark.parametrize(
    ("exponent", "work"),
    [
        (2.0, ["square"]),
        (3.0, ["square", "multiply"]),
        (4.0, ["square", "square"]),
        (-1.0, ["reciprocal"]),
        (-0.5, ["add", "sqrt", "reciprocal"]),
        (1.5, ["add", "sqrt", "multiply"]),
        (5.0, ["power"]),
        (2.5, ["power"]),
        (0.3, ["power"]),
    ],
)
def test_operations(exponent: float, work: list[str]) -> None:
    after = canonicalize(_graph(exponent, 8, DType.F64))
    assert [n.op.name for n in walk(after.block) if n.op.name in WORK] == work
