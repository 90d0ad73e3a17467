"""Arrays that hold one array for each index of their first axis."""

from __future__ import annotations

from ..ir.builder import Builder
from ..ir.graph import Span, Value
from ..ir.types import ArrayType


def rows(b: Builder, count: int, type: ArrayType) -> Value:
    """Build an array of `count` rows of a type, all zero."""
    return b.zeros(ArrayType(type.dtype, (count, *type.shape)))


def row(b: Builder, array: Value, at: Value) -> Value:
    """Build the row at an index that is in the array."""
    return b.emit("index", array, at, at=_at(array))[0]


def with_row(b: Builder, array: Value, at: Value, value: Value) -> Value:
    """Build the array with another row at an index that is in it."""
    return b.emit("update", array, value, at, at=_at(array))[0]


def _at(array: Value) -> tuple[Span | None, ...]:
    return (None, *(Span(0, size) for size in array.shape[1:]))
