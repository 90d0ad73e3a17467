"""Rules of canonicalize for arithmetic: identities that hold to the last bit in IEEE arithmetic.

Exceptions, none of which changes a number other than the sign of a zero or the bits of a NaN:
`strong_multiply` by a known finite factor becomes `multiply`, and a product with -1 a negation.
Powers with some exponents become products and roots (powers.py).
"""

from __future__ import annotations

import numpy as np

from ..ir.graph import Value
from ..ir.types import DType
from .powers import power
from .site import Rule, Site
from .splat import SPREADING

# Numbers that leave the other operand as it is.


def _add_zero(s: Site) -> Value | None:
    # x + 0.0 turns -0.0 into 0.0, so for floats only -0.0 is neutral.
    zero = -0.0 if s.dtype.is_float else 0
    return s.x if s.is_number(s.y, zero) else s.y if s.is_number(s.x, zero) else None


def _subtract_zero(s: Site) -> Value | None:
    return s.x if s.is_number(s.y, 0.0) else None


def _multiply_by_one(s: Site) -> Value | None:
    if s.is_number(s.y, 1):
        return s.x
    if s.is_number(s.x, 1):
        return s.y
    if s.dtype.is_float:
        if s.is_number(s.y, -1):
            return s.b.neg(s.x)
        if s.is_number(s.x, -1):
            return s.b.neg(s.y)
    elif s.is_number(s.x, 0) or s.is_number(s.y, 0):
        return s.b.zeros(s.x.array)
    return None


def _divide_by_power_of_two(s: Site) -> Value | None:
    """Multiply by the reciprocal where that is exact."""
    divisor = s.number(s.y)
    if divisor is None or not np.isfinite(divisor) or divisor == 0:
        return None
    mantissa, _ = np.frexp(divisor)
    with np.errstate(all="ignore"):
        inverse = divisor.dtype.type(1) / divisor
    exact = abs(mantissa) == 0.5 and np.isfinite(inverse) and abs(inverse) >= np.finfo(divisor.dtype).tiny
    if not exact:
        return None
    return s.x if inverse == 1 else s.b.multiply(s.x, s.b.like(s.y, inverse))


def _integer_quotient(s: Site) -> Value | None:
    return s.x if not s.dtype.is_float and s.is_number(s.y, 1) else None


def _integer_remainder(s: Site) -> Value | None:
    return s.b.zeros(s.x.array) if not s.dtype.is_float and s.is_number(s.y, 1) else None


def _logaddexp(s: Site) -> Value | None:
    """A number comes second, so that its difference from the other operand is that in the derivative."""
    return s.b.logaddexp(s.y, s.x) if s.number(s.x) is not None and s.number(s.y) is None else None


# Signs.


def _double(name: str) -> Rule:
    """An operation that undoes itself."""

    def rule(s: Site) -> Value | None:
        inner = s.made_by(s.x, name)
        return inner.operands[0] if inner else None

    return rule


def _neg_of_difference(s: Site) -> Value | None:
    inner = None if s.dtype.is_float else s.made_by(s.x, "subtract")
    return s.b.subtract(inner.operands[1], inner.operands[0]) if inner else None


def _add_negated(s: Site) -> Value | None:
    if negated := s.made_by(s.y, "neg"):
        return s.b.subtract(s.x, negated.operands[0])
    if negated := s.made_by(s.x, "neg"):
        return s.b.subtract(s.y, negated.operands[0])
    return None


def _subtract_negated(s: Site) -> Value | None:
    negated = s.made_by(s.y, "neg")
    return s.b.add(s.x, negated.operands[0]) if negated else None


def _even(s: Site) -> Value | None:
    """A function that does not see the sign."""
    inner = s.made_by(s.x, "neg", "abs")
    return getattr(s.b, s.node.op.name)(inner.operands[0]) if inner else None


def _multiply_negated(s: Site) -> Value | None:
    left, right = s.made_by(s.x, "neg"), s.made_by(s.y, "neg")
    return s.b.multiply(left.operands[0], right.operands[0]) if left and right else None


# Integers, which wrap, so that sums may be regrouped.


def _subtract_itself(s: Site) -> Value | None:
    return s.b.zeros(s.x.array) if not s.dtype.is_float and s.x is s.y else None


def _gather_constants(s: Site) -> Value | None:
    """Make `(x + 1) - 3` of integers `x + (-2)`, and a sum with a constant end with it."""
    if s.dtype.is_float:
        return None
    x, y = s.operands
    if s.node.op.name == "add" and s.number(x) is not None:
        x, y = y, x
    inner, outer = s.made_by(x, "add", "subtract"), s.number(y)
    if inner is None or outer is None:
        return None
    shift = s.number(inner.operands[1])
    if shift is None:
        return None
    with np.errstate(over="ignore"):
        total = (-outer if s.node.op.name == "subtract" else +outer) + (
            -shift if inner.op.name == "subtract" else +shift
        )
    return s.b.add(inner.operands[0], s.b.like(y, total))


def _negative_constant(s: Site) -> Value | None:
    """Make `x - 1` of signed integers `x + (-1)`: one form to recognise."""
    known = s.number(s.y) if s.dtype.is_signed else None
    if known is None:
        return None
    with np.errstate(over="ignore"):
        return s.b.add(s.x, s.b.like(s.y, -known))


# The product of the adjoint.


def _strong_multiply(s: Site) -> Value | None:
    ct, factor = s.number(s.x), s.number(s.y)
    if ct is not None:
        return s.b.zeros(s.x.array) if ct == 0 else s.b.multiply(s.x, s.y)
    if factor is not None and np.isfinite(factor):
        return s.b.multiply(s.x, s.y)
    flag = s.made_by(s.y, "convert")
    if flag and not flag.operands[0].dtype.is_float:
        return s.b.multiply(s.x, s.y)
    return None


# Conversions and choices.


def _convert(s: Site) -> Value | None:
    target: DType = s.attrs["dtype"]
    if s.dtype is target:
        return s.x
    inner = s.made_by(s.x, "convert")
    if inner is None or not _is_exact(inner.operands[0].dtype, s.dtype):
        return None
    # A float that is out of an integer's range becomes another integer than a wider integer does.
    if s.dtype.is_float and not target.is_float:
        return None
    return s.b.cast(inner.operands[0], target)


def _is_exact(source: DType, target: DType) -> bool:
    """Tell whether `target` holds every value of `source`."""
    if source is DType.BOOL or source is target:
        return True
    if target is DType.BOOL:
        return False
    if not target.is_float:
        return not source.is_float and bool(np.can_cast(source.numpy, target.numpy, "safe"))
    digits = {DType.F32: 24, DType.F64: 53}
    needed = digits[source] if source.is_float else np.iinfo(source.numpy).bits - source.is_signed
    return bool(needed <= digits[target])


def _where(s: Site) -> Value | None:
    condition, x, y = s.operands
    if x is y:
        return x
    known = s.number(condition)
    if known is not None:
        return x if known else y
    negated = s.made_by(condition, "logical_not")
    return s.b.where(negated.operands[0], y, x) if negated else None


def _logical(neutral: bool) -> Rule:
    """And (neutral: True) and or (neutral: False)."""

    def rule(s: Site) -> Value | None:
        for known, other in ((s.number(s.x), s.y), (s.number(s.y), s.x)):
            if known is not None:
                return other if known == neutral else s.b.like(s.x, not neutral)
        return s.x if s.x is s.y else None

    return rule


# The rules of these, for floats, say nothing unless one of these operations makes an operand.
FLOAT_ARITHMETIC = frozenset(("add", "subtract", "multiply", "strong_multiply", "divide"))
TELLING = SPREADING | {"constant", "neg", "convert"}

ALGEBRA: dict[str, tuple[Rule, ...]] = {
    "add": (_add_zero, _add_negated, _gather_constants),
    "subtract": (_subtract_zero, _subtract_itself, _subtract_negated, _gather_constants, _negative_constant),
    "multiply": (_multiply_by_one, _multiply_negated),
    "divide": (_divide_by_power_of_two,),
    "floor_divide": (_integer_quotient,),
    "remainder": (_integer_remainder,),
    "power": (power,),
    "logaddexp": (_logaddexp,),
    "neg": (_double("neg"), _neg_of_difference),
    "logical_not": (_double("logical_not"),),
    "invert": (_double("invert"),),
    "abs": (_even,),
    "square": (_even,),
    "strong_multiply": (_strong_multiply,),
    "convert": (_convert,),
    "where": (_where,),
    "logical_and": (_logical(True),),
    "logical_or": (_logical(False),),
}
