"""Scans along one axis: running sums and products, and the first-order linear recurrence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Value
from ..ir.operation import Attrs, Scan, Vjp, VjpContext
from ..ir.types import Type
from .record import Evaluate, operation
from .shapes import window
from .type_rules import FLOAT, NUMBER, arrays, axis_attr, demand_equal, demand_kind, flag_attr

# Type rules.


def _scan_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    (x,) = arrays(types, 1)
    demand_kind(x, NUMBER)
    axis_attr(attrs, x)
    flag_attr(attrs, "reverse")
    return (x,)


def _recurrence_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    a, b = arrays(types, 2)
    demand_equal([a, b])
    demand_kind(a, FLOAT)
    return _scan_type([b], attrs)


# Evaluation.


def _scan(function: Callable[..., Any]) -> Evaluate:
    def evaluate(x: Any, *, axis: int, reverse: bool) -> Any:
        x = np.flip(x, axis) if reverse else x
        result = function(x, axis=axis, dtype=x.dtype)
        return np.flip(result, axis) if reverse else result

    return evaluate


def _recurrence(a: Any, b: Any, *, axis: int, reverse: bool) -> Any:
    result = np.array(b)
    factors, states = np.moveaxis(a, axis, 0), np.moveaxis(result, axis, 0)
    if reverse:
        factors, states = factors[::-1], states[::-1]
    for i in range(1, len(states)):
        states[i] += factors[i] * states[i - 1]
    return result


# Derivatives.


def shifted(b: Builder, x: Value, axis: int, fill: float, *, reverse: bool) -> Value:
    """`x` moved one place on in the direction of a scan: result i is x[i - 1], the first is `fill`."""
    low = tuple(int(k == axis and not reverse) for k in range(len(x.shape)))
    high = tuple(int(k == axis and reverse) for k in range(len(x.shape)))
    longer = b.pad(x, b.full(x.array.with_shape(()), fill), low=low, high=high)
    return window(b, longer, axis, int(reverse), x.shape[axis])


def exclusive_product(b: Builder, x: Value, axis: int, *, reverse: bool) -> Value:
    """The product of all elements before each, in the direction of a scan."""
    return b.cumprod(shifted(b, x, axis, 1, reverse=reverse), axis=axis, reverse=reverse)


def _backward(b: Builder, factors: Value, ct: Value, axis: int, *, reverse: bool) -> Value:
    """The cotangents of all states: each one's own and its successor's, times the factor between."""
    following = shifted(b, factors, axis, 0, reverse=not reverse)
    return b.recurrence(following, ct, axis=axis, reverse=not reverse)


def _cumsum_vjp(c: VjpContext) -> list[Value | None]:
    return [c.b.cumsum(c.ct, axis=c.node.attrs["axis"], reverse=not c.node.attrs["reverse"])]


def _cumprod_vjp(c: VjpContext) -> list[Value | None]:
    """The product before each element times a recurrence over those after: exact, as nothing is divided."""
    b, x, axis, reverse = c.b, c.node.operands[0], c.node.attrs["axis"], c.node.attrs["reverse"]
    after = _backward(b, x, c.ct, axis, reverse=reverse)
    return [b.strong_multiply(after, exclusive_product(b, x, axis, reverse=reverse))]


def _recurrence_vjp(c: VjpContext) -> list[Value | None]:
    b, axis, reverse = c.b, c.node.attrs["axis"], c.node.attrs["reverse"]
    ct = _backward(b, c.node.operands[0], c.ct, axis, reverse=reverse)
    if not c.needed[0]:
        return [None, ct]
    return [b.strong_multiply(ct, shifted(b, c.node.result, axis, 0, reverse=reverse)), ct]


OPS = (
    operation(
        "cumsum", _scan_type, _scan(np.cumsum), Vjp(_cumsum_vjp),
        Scan(lambda m, x: x, lambda m, previous, x: m.add(previous, x)), attrs=("axis", "reverse"),
    ),
    operation(
        "cumprod", _scan_type, _scan(np.cumprod), Vjp(_cumprod_vjp),
        Scan(lambda m, x: x, lambda m, previous, x: m.multiply(previous, x)), attrs=("axis", "reverse"),
    ),
    operation(
        "recurrence", _recurrence_type, _recurrence, Vjp(_recurrence_vjp),
        Scan(lambda m, a, b: b, lambda m, previous, a, b: m.add(m.multiply(a, previous), b)),
        attrs=("axis", "reverse"),
    ),
)  # fmt: skip
