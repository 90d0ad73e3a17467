"""Floor division and remainder, with Python's signs: the remainder has that of the divisor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.operation import Machine
from .record import binary
from .scalar_code import constant, is_negative, is_zero, negation
from .type_rules import NUMBER


def _misses(m: Machine, rest: Any, y: Any) -> Any:
    """Whether a remainder of truncating division has to be moved by one divisor."""
    return m.bitand(negation(m, is_zero(m, rest)), m.bitxor(is_negative(m, rest), is_negative(m, y)))


def _safe_divisor(m: Machine, x: Any, y: Any) -> Any:
    """`y`, or 1 where the division would trap: by 0, and of the smallest integer by -1."""
    traps = is_zero(m, y)
    if x.dtype.is_signed:
        smallest = constant(m, x, int(np.iinfo(x.dtype.numpy).min))
        overflows = m.bitand(m.compare("==", x, smallest), m.compare("==", y, constant(m, y, -1)))
        traps = m.bitor(traps, overflows)
    return m.select(traps, constant(m, y, 1), y)


def _integer_floor_divide(m: Machine, x: Any, y: Any) -> Any:
    safe = _safe_divisor(m, x, y)
    quotient = m.quotient(x, safe)
    if x.dtype.is_signed:
        below = m.subtract(quotient, constant(m, x, 1))
        quotient = m.select(_misses(m, m.modulo(x, safe), safe), below, quotient)
    return m.select(is_zero(m, y), constant(m, x, 0), quotient)


def _integer_remainder(m: Machine, x: Any, y: Any) -> Any:
    safe = _safe_divisor(m, x, y)
    rest = m.modulo(x, safe)
    return m.select(_misses(m, rest, safe), m.add(rest, safe), rest) if x.dtype.is_signed else rest


def _float_floor_divide(m: Machine, x: Any, y: Any) -> Any:
    """The steps and roundings of NumPy's: (x - rest) / y is a whole number but for its last digit."""
    zero, one = constant(m, x, 0), constant(m, x, 1)
    rest = m.modulo(x, y)
    exact = m.divide(m.subtract(x, rest), y)
    exact = m.select(_misses(m, rest, y), m.subtract(exact, one), exact)
    whole = m.intrinsic("floor", exact)
    up = m.compare(">", m.subtract(exact, whole), constant(m, x, 0.5))
    whole = m.select(up, m.add(whole, one), whole)
    whole = m.select(is_zero(m, exact), m.intrinsic("copysign", zero, m.divide(x, y)), whole)
    return m.select(is_zero(m, y), m.divide(x, y), whole)


def _float_remainder(m: Machine, x: Any, y: Any) -> Any:
    rest = m.modulo(x, y)
    moved = m.select(_misses(m, rest, y), m.add(rest, y), rest)
    # A zero has the sign of the divisor; where the divisor is 0, rest is NaN already.
    return m.select(is_zero(m, rest), m.intrinsic("copysign", constant(m, x, 0), y), moved)


def _emit_floor_divide(m: Machine, x: Any, y: Any) -> Any:
    return (_float_floor_divide if x.dtype.is_float else _integer_floor_divide)(m, x, y)


def _emit_remainder(m: Machine, x: Any, y: Any) -> Any:
    return (_float_remainder if x.dtype.is_float else _integer_remainder)(m, x, y)


OPS = (
    binary("floor_divide", NUMBER, np.floor_divide, _emit_floor_divide),
    binary(
        "remainder", NUMBER, np.remainder, _emit_remainder,
        lambda b, out, x, y: b.like(x, 1),
        lambda b, out, x, y: b.neg(b.floor_divide(x, y)),
    ),
)  # fmt: skip
