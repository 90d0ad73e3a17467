"""Exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Value
from ..ir.operation import Accuracy, Machine
from .record import binary, unary
from .scalar_code import constant, libm
from .type_rules import FLOAT

_LN_2 = math.log(2.0)
_LN_10 = math.log(10.0)


def _emit_logaddexp(m: Machine, x: Any, y: Any) -> Any:
    zero = constant(m, x, 0)
    # Where the two are equal the difference of infinities is not a number. This is the argument of
    # `expit` in the derivative: LLVM takes both exponentials as one.
    d = m.select(m.compare("==", x, y), zero, m.subtract(x, y))
    larger = m.select(m.compare(">", d, zero), x, y)
    return m.add(larger, m.call("log1p", m.call("exp", m.negate(m.intrinsic("fabs", d)))))


def _share(b: Builder, x: Value, y: Value) -> Value:
    """exp(x) / (exp(x) + exp(y)); one half where the two are the same infinity."""
    return b.expit(b.where(b.equal(x, y), b.like(x, 0), b.subtract(x, y)))


OPS = (
    unary("exp", FLOAT, np.exp, libm("exp"), lambda b, out, x: out, ulp=Accuracy(4, 3)),
    unary(
        "exp2", FLOAT, np.exp2, libm("exp2"),
        lambda b, out, x: b.multiply(out, b.like(x, _LN_2)),
        ulp=Accuracy(2, 2),
    ),
    unary(
        "expm1", FLOAT, np.expm1, libm("expm1"),
        lambda b, out, x: b.add(out, b.like(x, 1)),
        ulp=Accuracy(4, 3),
    ),
    unary("log", FLOAT, np.log, libm("log"), lambda b, out, x: b.reciprocal(x), ulp=Accuracy(2, 4)),
    unary(
        "log2", FLOAT, np.log2, libm("log2"),
        lambda b, out, x: b.divide(b.like(x, 1 / _LN_2), x),
        ulp=Accuracy(3, 3),
    ),
    unary(
        "log10", FLOAT, np.log10, libm("log10"),
        lambda b, out, x: b.divide(b.like(x, 1 / _LN_10), x),
        ulp=Accuracy(3, 4),
    ),
    unary(
        "log1p", FLOAT, np.log1p, libm("log1p"),
        lambda b, out, x: b.reciprocal(b.add(x, b.like(x, 1))),
        ulp=Accuracy(3, 3),
    ),
    binary(
        "logaddexp", FLOAT, np.logaddexp, _emit_logaddexp,
        lambda b, out, x, y: _share(b, x, y),
        lambda b, out, x, y: _share(b, y, x),
        ulp=Accuracy(4, 4, "of the largest of |x|, |y| and the result"),
    ),
)  # fmt: skip
