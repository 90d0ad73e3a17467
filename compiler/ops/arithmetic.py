"""Addition to division, signs, and the product that the adjoint multiplies cotangents with."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Value
from ..ir.operation import Accuracy, Machine
from .record import binary, unary
from .scalar_code import constant, intrinsic, is_negative, is_zero, primitive
from .type_rules import FLOAT, NUMBER


def _one(b: Builder, out: Value, x: Value, *others: Value) -> Value:
    return b.like(x, 1)


def _minus_one(b: Builder, out: Value, x: Value, *others: Value) -> Value:
    return b.like(x, -1)


def _absolute(m: Machine, x: Any) -> Any:
    if x.dtype.is_float:
        return m.intrinsic("fabs", x)
    return m.select(is_negative(m, x), m.negate(x), x)


def _sign(m: Machine, x: Any) -> Any:
    zero, one = constant(m, x, 0), constant(m, x, 1)
    if not x.dtype.is_float and not x.dtype.is_signed:
        return m.select(is_zero(m, x), zero, one)
    signed = m.select(is_negative(m, x), constant(m, x, -1), zero)
    signed = m.select(m.compare(">", x, zero), one, signed)
    return m.select(m.compare("!=", x, x), x, signed) if x.dtype.is_float else signed


def _strong_product(ct: Any, d: Any) -> Any:
    return np.where(ct == 0, ct.dtype.type(0), ct * d)


def _emit_strong_product(m: Machine, ct: Any, d: Any) -> Any:
    zero = constant(m, ct, 0)
    # In this order: a vector product that leaves zeros where a mask says so is one instruction.
    return m.select(m.compare("!=", ct, zero), m.multiply(ct, d), zero)


OPS = (
    unary("neg", NUMBER, np.negative, primitive("negate"), _minus_one, finite=True),
    unary("abs", NUMBER, np.abs, _absolute, lambda b, out, x: b.sign(x)),
    unary("sign", NUMBER, np.sign, _sign),
    unary(
        "square", NUMBER, np.square, lambda m, x: m.multiply(x, x),
        lambda b, out, x: b.multiply(b.like(x, 2), x),
    ),
    unary(
        "reciprocal", FLOAT, np.reciprocal, lambda m, x: m.divide(constant(m, x, 1), x),
        lambda b, out, x: b.neg(b.square(out)),
    ),
    unary(
        "sqrt", FLOAT, np.sqrt, intrinsic("sqrt"),
        lambda b, out, x: b.divide(b.like(x, 0.5), out),
        ulp=Accuracy(0.5, 0.5),
    ),
    binary("add", NUMBER, np.add, primitive("add"), _one, _one, finite=True),
    binary("subtract", NUMBER, np.subtract, primitive("subtract"), _one, _minus_one, finite=True),
    binary(
        "multiply", NUMBER, np.multiply, primitive("multiply"),
        lambda b, out, x, y: y,
        lambda b, out, x, y: x,
    ),
    # One division serves both partials once common subexpressions are merged.
    binary(
        "divide", FLOAT, np.divide, primitive("divide"),
        lambda b, out, x, y: b.reciprocal(y),
        lambda b, out, x, y: b.neg(b.multiply(out, b.reciprocal(y))),
    ),
    binary(
        "strong_multiply", FLOAT, _strong_product, _emit_strong_product,
        lambda b, out, ct, d: d,
        lambda b, out, ct, d: ct,
    ),
)  # fmt: skip
