"""Powers and the cube root."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Value
from ..ir.operation import Accuracy, Machine
from .record import binary, unary
from .scalar_code import constant, is_zero, libm
from .type_rules import FLOAT, NUMBER


def _power(x: Any, y: Any) -> Any:
    # With a scalar exponent np.power takes short cuts: (-inf)**0.5 is NaN there, and inf elsewhere.
    return np.power(np.atleast_1d(x), np.atleast_1d(y)).reshape(np.shape(x))


def _emit_power(m: Machine, x: Any, y: Any) -> Any:
    """C's pow for floats; square and multiply for integers, whose products wrap as NumPy's do."""
    if x.dtype.is_float:
        return m.call("pow", x, y)
    one = constant(m, x, 1)
    result = one
    for bit in range(8 * x.dtype.numpy.itemsize - int(x.dtype.is_signed)):
        is_set = m.bitand(m.shift_right(y, constant(m, y, bit)), one)
        result = m.select(is_zero(m, is_set), result, m.multiply(result, x))
        x = m.multiply(x, x)
    return result


def _power_slope(b: Builder, x: Value, y: Value) -> Value:
    """y * x**(y - 1); the power may be infinite at x = 0, where a y of 0 makes the slope 0 all the same."""
    return b.strong_multiply(y, b.power(x, b.subtract(y, b.like(y, 1))))


def _exponent_slope(b: Builder, out: Value, x: Value) -> Value:
    """out * log(x); 0 at x = 0, which is the limit where y > 0."""
    at_zero = b.equal(x, b.like(x, 0))
    return b.strong_multiply(b.log(b.where(at_zero, b.like(x, 1), x)), out)


OPS = (
    unary(
        "cbrt", FLOAT, np.cbrt, libm("cbrt"),
        lambda b, out, x: b.reciprocal(b.multiply(b.like(x, 3), b.square(out))),
        ulp=Accuracy(4, 3),
    ),
    binary(
        "power", NUMBER, _power, _emit_power,
        lambda b, out, x, y: _power_slope(b, x, y),
        lambda b, out, x, y: _exponent_slope(b, out, x),
        ulp=Accuracy(2, 1),
    ),
)  # fmt: skip
