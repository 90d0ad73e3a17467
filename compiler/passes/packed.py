"""How what is decided lies on a tape: predicates as bits, and all with the sizes that memory has for it."""

from __future__ import annotations

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Span, Value
from ..ir.types import ArrayType, DType

_BITS = 8  # of an element of packed predicates


def element_of(type: ArrayType) -> ArrayType:
    """Return the type that values of a type have on a tape."""
    shape = dims.capacities(type.shape)
    return ArrayType(DType.U8, (_width(shape),)) if _is_packed(type) else ArrayType(type.dtype, shape)


def packed(b: Builder, value: Value) -> Value:
    """Build what stands for a value on a tape.

    Bit k of element i is the predicate of number i + k * width, so that loops over them walk side by side.
    """
    shape = dims.capacities(value.shape)
    if not dims.is_static(value.shape):
        value = b.emit("update", b.zeros(ArrayType(value.dtype, shape)), value, at=_spans(value.array))[0]
    if not _is_packed(value.array):
        return value
    count, width = dims.room(shape), _width(shape)
    flat = b.cast(b.reshape(value, shape=(count,)), DType.U8)
    zero = b.full(ArrayType(DType.U8, ()), 0)
    bits = b.full(ArrayType(DType.U8, (width,)), 0)
    for k in range(_BITS):
        size = min(width, count - k * width)
        if size <= 0:
            break
        plane = b.emit("index", flat, at=(Span(k * width, size),))[0]
        if size < width:
            plane = b.pad(plane, zero, low=(0,), high=(width - size,))
        bits = b.bitwise_or(bits, b.left_shift(plane, b.like(plane, k)))
    return bits


def unpacked(b: Builder, element: Value, type: ArrayType) -> Value:
    """Build the value of a type that an element of a tape stands for; the last node makes it."""
    shape = dims.capacities(type.shape)
    if _is_packed(type):
        element = _planes(b, element, shape)
    if not dims.is_static(type.shape):
        element = b.emit("index", element, at=_spans(type))[0]
    return b.not_equal(element, b.like(element, 0)) if _is_packed(type) else element


def _planes(b: Builder, bits: Value, shape: tuple[int, ...]) -> Value:
    count, width = dims.room(shape), bits.array.shape[0]
    planes = []
    for k in range(_BITS):
        size = min(width, count - k * width)
        if size <= 0:
            break
        part = bits if size == width else b.emit("index", bits, at=(Span(0, size),))[0]
        planes.append(b.bitwise_and(b.right_shift(part, b.like(part, k)), b.like(part, 1)))
    return b.reshape(b.concatenate(*planes, axis=0), shape=shape)


def _is_packed(type: ArrayType) -> bool:
    return type.dtype is DType.BOOL and dims.room(type.shape) >= _BITS


def _width(shape: tuple[int, ...]) -> int:
    return -(-dims.room(shape) // _BITS)


def _spans(type: ArrayType) -> tuple[Span, ...]:
    return tuple(Span(0, size) for size in type.shape)
