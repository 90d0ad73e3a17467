"""Trigonometric and hyperbolic functions, their inverses, and the length and angle of a vector."""

from __future__ import annotations

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Value
from ..ir.operation import Accuracy
from .record import binary, unary
from .scalar_code import libm
from .type_rules import FLOAT


def _one_minus_square(b: Builder, x: Value) -> Value:
    """1 - x**2, as a product that stays exact near |x| = 1."""
    one = b.like(x, 1)
    return b.multiply(b.subtract(one, x), b.add(one, x))


def _arcsin_slope(b: Builder, x: Value) -> Value:
    return b.reciprocal(b.sqrt(_one_minus_square(b, x)))


def _arccosh_slope(b: Builder, x: Value) -> Value:
    one = b.like(x, 1)
    return b.reciprocal(b.multiply(b.sqrt(b.subtract(x, one)), b.sqrt(b.add(x, one))))


def _cosine(b: Builder, side: Value, length: Value) -> Value:
    """side / length; 0 at the origin, a kink as that of abs."""
    return b.where(b.equal(length, b.like(length, 0)), b.like(side, 0), b.divide(side, length))


def _over_square(b: Builder, side: Value, x: Value, y: Value) -> Value:
    """side / (x**2 + y**2), where the squares might overflow."""
    length = b.hypot(x, y)
    return b.divide(b.divide(side, length), length)


OPS = (
    unary("sin", FLOAT, np.sin, libm("sin"), lambda b, out, x: b.cos(x), ulp=Accuracy(4, 3)),
    unary("cos", FLOAT, np.cos, libm("cos"), lambda b, out, x: b.neg(b.sin(x)), ulp=Accuracy(4, 3)),
    unary(
        "tan", FLOAT, np.tan, libm("tan"),
        lambda b, out, x: b.add(b.like(x, 1), b.square(out)),
        ulp=Accuracy(4, 4),
    ),
    unary(
        "arcsin", FLOAT, np.arcsin, libm("asin"),
        lambda b, out, x: _arcsin_slope(b, x),
        ulp=Accuracy(4, 4),
    ),
    unary(
        "arccos", FLOAT, np.arccos, libm("acos"),
        lambda b, out, x: b.neg(_arcsin_slope(b, x)),
        ulp=Accuracy(3, 3),
    ),
    unary(
        "arctan", FLOAT, np.arctan, libm("atan"),
        lambda b, out, x: b.reciprocal(b.add(b.like(x, 1), b.square(x))),
        ulp=Accuracy(3, 3),
    ),
    unary("sinh", FLOAT, np.sinh, libm("sinh"), lambda b, out, x: b.cosh(x), ulp=Accuracy(3, 3)),
    unary("cosh", FLOAT, np.cosh, libm("cosh"), lambda b, out, x: b.sinh(x), ulp=Accuracy(3, 3)),
    unary(
        "tanh", FLOAT, np.tanh, libm("tanh"),
        lambda b, out, x: b.subtract(b.like(x, 1), b.square(out)),
        ulp=Accuracy(3, 3),
    ),
    unary(
        "arcsinh", FLOAT, np.arcsinh, libm("asinh"),
        lambda b, out, x: b.reciprocal(b.hypot(b.like(x, 1), x)),
        ulp=Accuracy(3, 3),
    ),
    unary(
        "arccosh", FLOAT, np.arccosh, libm("acosh"),
        lambda b, out, x: _arccosh_slope(b, x),
        ulp=Accuracy(4, 4),
    ),
    unary(
        "arctanh", FLOAT, np.arctanh, libm("atanh"),
        lambda b, out, x: b.reciprocal(_one_minus_square(b, x)),
        ulp=Accuracy(3, 3),
    ),
    binary(
        "arctan2", FLOAT, np.arctan2, libm("atan2"),
        lambda b, out, y, x: _over_square(b, x, x, y),
        lambda b, out, y, x: b.neg(_over_square(b, y, x, y)),
        ulp=Accuracy(3, 4),
    ),
    binary(
        "hypot", FLOAT, np.hypot, libm("hypot"),
        lambda b, out, x, y: _cosine(b, x, out),
        lambda b, out, x, y: _cosine(b, y, out),
        ulp=Accuracy(3, 2),
    ),
)  # fmt: skip
