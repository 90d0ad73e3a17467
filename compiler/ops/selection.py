"""Choosing between values: where, the larger and the smaller of two; and conversion of dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.graph import Value
from ..ir.operation import Attrs, Elementwise, Machine, Op, Vjp, VjpContext
from ..ir.types import DType, Type
from .record import Emit, Evaluate, operation, unary
from .scalar_code import is_nan, primitive
from .type_rules import ANY, arrays, demand, demand_equal, dtype_attr, listing, same_type

# where


def _where_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    condition, x, y = arrays(types, 3)
    demand_equal([x, y])
    fits = condition == x.with_dtype(DType.BOOL)
    demand(fits, f"condition and values do not fit: {listing([condition, x])}")
    return (x,)


def _where_vjp(c: VjpContext) -> list[Value | None]:
    condition = c.node.operands[0]
    zero = c.b.like(c.ct, 0)
    return [
        None,
        c.b.where(condition, c.ct, zero) if c.needed[1] else None,
        c.b.where(condition, zero, c.ct) if c.needed[2] else None,
    ]


# convert


def _convert_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    (x,) = arrays(types, 1)
    return (x.with_dtype(dtype_attr(attrs)),)


def _convert_vjp(c: VjpContext) -> list[Value | None]:
    (x,) = c.node.operands
    return [c.b.cast(c.ct, x.dtype) if x.dtype.is_float and c.ct.dtype.is_float else None]


# maximum, minimum, fmax, fmin


def _extreme_vjp(c: VjpContext, loses: str, *, skips_nan: bool) -> list[Value | None]:
    """All to the operand that was taken. At a tie one half to each where both are needed; otherwise 0,
    so that the derivative of maximum(x, 0) is 0 at 0."""
    b = c.b
    x, y = c.node.operands
    zero = b.like(c.ct, 0)

    def share(mine: Value, other: Value, needed: bool) -> Value | None:
        if not needed:
            return None
        # The negated comparison also holds where one of the two is NaN.
        wins = b.logical_not(getattr(b, loses)(mine, other))
        if skips_nan:
            wins = b.logical_and(wins, b.logical_not(b.isnan(mine)))
        return b.where(wins, c.ct, zero)

    found = [share(x, y, c.needed[0]), share(y, x, c.needed[1])]
    if all(c.needed):
        tie, half = b.equal(x, y), b.multiply(c.ct, b.like(c.ct, 0.5))
        return [b.where(tie, half, ct) for ct in found if ct is not None]
    return found


def _emit_extreme(relation: str, *, skips_nan: bool) -> Emit:
    """Of equals the second is taken, as by the processor's instructions that NumPy uses."""

    def emit(m: Machine, x: Any, y: Any) -> Any:
        first = m.compare(relation, x, y)
        if x.dtype.is_float:
            first = m.bitor(first, is_nan(m, y if skips_nan else x))
        return m.select(first, x, y)

    return emit


def _extreme(name: str, evaluate: Evaluate, relation: str, loses: str, *, skips_nan: bool) -> Op:
    return operation(
        name,
        same_type(2, ANY),
        evaluate,
        Vjp(lambda c: _extreme_vjp(c, loses, skips_nan=skips_nan)),
        Elementwise(_emit_extreme(relation, skips_nan=skips_nan)),
    )


OPS = (
    operation("where", _where_type, np.where, Vjp(_where_vjp), Elementwise(primitive("select"))),
    operation(
        "convert", _convert_type, lambda x, *, dtype: np.asarray(x).astype(dtype.numpy), Vjp(_convert_vjp),
        Elementwise(lambda m, x, *, attrs: m.convert(x, attrs["dtype"]), with_attrs=True), attrs=("dtype",),
    ),
    unary("stop_gradient", ANY, lambda x: x, lambda m, x: x),
    _extreme("maximum", np.maximum, ">", "less_equal", skips_nan=False),
    _extreme("minimum", np.minimum, "<", "greater_equal", skips_nan=False),
    _extreme("fmax", np.fmax, ">", "less_equal", skips_nan=True),
    _extreme("fmin", np.fmin, "<", "greater_equal", skips_nan=True),
)  # fmt: skip
