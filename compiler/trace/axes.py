"""The `axis` and `keepdims` arguments of NumPy's functions."""

from __future__ import annotations

import operator
from typing import Any

from ..errors import ShapeError
from ..ir.graph import Value
from .dispatch import NO_VALUE
from .frame import Trace
from .location import user_location
from .operands import lift, ordered, own_value
from .tracer import Array, Scalar, new_array, wrap


def as_axis(axis: Any, rank: int, *, name: str = "axis") -> int:
    """Return a non-negative axis; one that does not exist is refused as NumPy does."""
    given = operator.index(axis)
    if not -rank <= given < rank:
        raise ShapeError(
            f"{name} {given} is out of bounds for array of dimension {rank}", loc=user_location()
        )
    return given % rank


def as_axes(axis: Any, rank: int) -> tuple[int, ...]:
    """Return an axis, or several, as distinct non-negative axes in the given order."""
    given = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple(as_axis(a, rank) for a in given)
    if len(set(axes)) != len(axes):
        raise ShapeError("duplicate value in 'axis'", loc=user_location())
    return axes


class Axes:
    """The `axis` and `keepdims` arguments of a reduction of a value."""

    def __init__(self, value: Value, axis: Any, keepdims: Any, in_order: bool) -> None:
        rank = len(value.shape)
        self.axes = tuple(range(rank)) if axis is None else tuple(sorted(as_axes(axis, rank)))
        self.in_order = in_order
        self.keepdims = keepdims is not NO_VALUE and bool(keepdims)
        self.kept_shape = tuple(1 if k in self.axes else d for k, d in enumerate(value.shape))
        self.reduced = tuple(value.shape[k] for k in self.axes)

    def reduce(self, trace: Trace, op: str, value: Value) -> Value:
        """Reduce, keeping the dims."""
        if not self.axes:
            return value
        return trace.b.reshape(trace.emit(op, value, axes=self.axes), shape=self.kept_shape)

    def drop(self, trace: Trace, kept: Value) -> Value:
        shape = tuple(d for k, d in enumerate(kept.shape) if k not in self.axes)
        return kept if shape == kept.shape else trace.b.reshape(kept, shape=shape)

    def finish(self, trace: Trace, result: Value) -> Scalar | Array:
        """Wrap a result whose reduced dims are dropped."""
        if self.keepdims:
            result = trace.b.reshape(result, shape=self.kept_shape)
        return new_array(trace, result, ordered=self.in_order) if result.shape else wrap(trace, result)

    def plain(self, trace: Trace, op: str, value: Value) -> Value:
        """Reduce, dropping the dims."""
        return trace.emit(op, value, axes=self.axes) if self.axes else value


def along(trace: Trace, a: Any, axis: Any, keepdims: Any) -> tuple[Value, Axes]:
    """Return the value of an operand that is reduced, and the axes that it is reduced along."""
    a = lift(trace, a)
    value = own_value(trace, a)
    return value, Axes(value, axis, keepdims, ordered([a]))
