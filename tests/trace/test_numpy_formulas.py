"""Functions made of others, and conversions by NumPy's scalar types."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trace.numpy_oracle import agree, run, via

x2 = np.arange(12.0).reshape(3, 4) ** 2


def test_trapezoid():
    agree(np.trapezoid, x2)
    agree(lambda y: np.trapezoid(y, dx=0.5, axis=0), x2)
    agree(lambda y, x: np.trapezoid(y, x, axis=0), x2, np.array([0.0, 1.0, 4.0]))
    agree(lambda y: np.trapezoid(y, x=y), x2)


def test_polyval():
    for x in (x2, 2.0, np.float32(3), 3):
        agree(lambda t: via(np.polyval)([1.0, 2.0, 3.0], t), x)
    agree(lambda p: via(np.polyval)(p, 2), np.array([1.0, 2.0]))


def test_array_equal():
    agree(lambda x: np.array_equal(x, x + 0), x2)
    agree(lambda x: np.array_equal(x, x + 1), x2)
    agree(lambda x: np.array_equal(x, x[0]), x2)


def test_fill_diagonal():
    def fun(x):
        np.fill_diagonal(x, 7)
        np.fill_diagonal(x[:, :2], x[0, :2])
        return x

    agree(fun, x2)


def test_scalar_types():
    for x in (2.7, 3, True, np.float32(1.5), np.array(2.5), np.array([1.5, 2.0])):
        for kind in (np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_):
            agree(via(kind), x)
    with pytest.raises(OverflowError, match="out of bounds for int8"):
        run(via(np.int8), 300)
    with pytest.raises(OverflowError, match="out of bounds for uint8"):
        run(lambda x, y: x + y, np.arange(3, dtype=np.uint8), -1)
    with pytest.raises(ValueError, match="NaN"):
        run(via(np.int64), float("nan"))
