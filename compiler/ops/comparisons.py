"""Comparisons, logic, and operations on the bits of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.operation import Machine, Op
from ..ir.types import DType
from .record import binary, unary
from .scalar_code import constant, is_negative, negation, primitive
from .type_rules import ANY, BITS, BOOLEAN, INTEGER


def _comparison(name: str, relation: str) -> Op:
    return binary(
        name, ANY, getattr(np, name), lambda m, x, y: m.compare(relation, x, y), result=DType.BOOL
    )  # fmt: skip


def _emit_invert(m: Machine, x: Any) -> Any:
    if x.dtype is DType.BOOL:
        return negation(m, x)
    return m.bitxor(x, constant(m, x, -1 if x.dtype.is_signed else int(np.iinfo(x.dtype.numpy).max)))


def _emit_shift(m: Machine, method: str, x: Any, y: Any, beyond: Any) -> Any:
    """Shift where the distance is below the width, otherwise give `beyond`; processors differ there."""
    width = constant(m, y, 8 * y.dtype.numpy.itemsize)
    inside = m.compare("<", y, width)
    if y.dtype.is_signed:
        inside = m.bitand(inside, negation(m, is_negative(m, y)))
    distance = m.select(inside, y, constant(m, y, 0))
    return m.select(inside, getattr(m, method)(x, distance), beyond)


def _emit_left_shift(m: Machine, x: Any, y: Any) -> Any:
    return _emit_shift(m, "shift_left", x, y, constant(m, x, 0))


def _emit_right_shift(m: Machine, x: Any, y: Any) -> Any:
    zero = constant(m, x, 0)
    beyond = m.select(is_negative(m, x), constant(m, x, -1), zero) if x.dtype.is_signed else zero
    return _emit_shift(m, "shift_right", x, y, beyond)


OPS = (
    _comparison("equal", "=="),
    _comparison("not_equal", "!="),
    _comparison("less", "<"),
    _comparison("less_equal", "<="),
    _comparison("greater", ">"),
    _comparison("greater_equal", ">="),
    unary("logical_not", BOOLEAN, np.logical_not, negation),
    binary("logical_and", BOOLEAN, np.logical_and, primitive("bitand")),
    binary("logical_or", BOOLEAN, np.logical_or, primitive("bitor")),
    binary("logical_xor", BOOLEAN, np.logical_xor, primitive("bitxor")),
    unary("invert", BITS, np.invert, _emit_invert),
    binary("bitwise_and", BITS, np.bitwise_and, primitive("bitand")),
    binary("bitwise_or", BITS, np.bitwise_or, primitive("bitor")),
    binary("bitwise_xor", BITS, np.bitwise_xor, primitive("bitxor")),
    binary("left_shift", INTEGER, np.left_shift, _emit_left_shift),
    binary("right_shift", INTEGER, np.right_shift, _emit_right_shift),
)
