"""Reading what stands between the brackets of `x[...]`: one item for each axis, errors in NumPy's words."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import OutOfBoundsError, TraceError, UnsupportedError
from ..ir.graph import Span, Value
from ..ir.types import DType
from .frame import Trace
from .known import known_value
from .location import user_location
from .operands import as_array, is_number
from .slices import span
from .tracer import Array, Scalar, Tracer, wrap


@dataclass(frozen=True, slots=True)
class Number:
    """An int, or a traced one that is checked already."""

    at: int | Value


@dataclass(frozen=True, slots=True)
class NewAxis:
    """An axis of size 1 that the base does not have."""


@dataclass(frozen=True, slots=True, eq=False)
class Indices:
    """An integer array, wrapped and checked."""

    value: Value


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice; `start` is where it begins, if only the run knows."""

    span: Span
    start: Value | None = None


Item = Number | NewAxis | Slice | Indices


@dataclass(frozen=True, slots=True)
class Index:
    """One item for each axis of the base and for each new axis, in order.

    `dots` says that there was an Ellipsis, `copied` that an index of rank 0 makes NumPy copy.
    """

    items: tuple[Item, ...]
    dots: bool
    copied: bool

    @property
    def is_basic(self) -> bool:
        return not any(isinstance(item, Indices) for item in self.items)


def parse_index(trace: Trace, shape: tuple[Any, ...], index: Any) -> Index:
    """Read an index into an array of `shape`."""
    parts = [_prepared(trace, part) for part in (index if isinstance(index, tuple) else (index,))]
    consumed = sum(_width(part) for part in parts)
    if consumed > len(shape):
        raise OutOfBoundsError(
            f"too many indices for array: array is {len(shape)}-dimensional, but {consumed} were indexed",
            loc=user_location(),
        )
    dots = [k for k, part in enumerate(parts) if part is Ellipsis]
    if len(dots) > 1:
        raise OutOfBoundsError("an index can only have a single ellipsis ('...')", loc=user_location())
    place = dots[0] if dots else len(parts)
    rest = [slice(None)] * (len(shape) - consumed)
    parts = [*parts[:place], *rest, *parts[place + len(dots) :]]
    items: list[Item] = []
    axis = 0
    for part in parts:
        items += _items(trace, shape, axis, part)
        axis += _width(part)
    copied = any(isinstance(p, Array) and not p.shape for p in parts)
    return Index(tuple(items), bool(dots), copied)


def _prepared(trace: Trace, part: Any) -> Any:
    """Turn sequences and arrays into tracers or known ndarrays; leave the rest as it is."""
    if isinstance(part, list) and not _has_tracers(part):
        known = np.asarray(part) if part else np.zeros(0, np.int64)
        _check_kind(known.dtype)
        return known
    if isinstance(part, (list, np.ndarray)):
        part = as_array(trace, part)
    if isinstance(part, Tracer):
        _check_kind(part.dtype)
    if not isinstance(part, Tracer) or part.value.dtype is not DType.BOOL:
        return part
    mask = known_value(trace, part.value)
    if mask is None:
        raise UnsupportedError(
            "a traced boolean mask selects a number of elements that is only known at run time:"
            " use np.where(mask, ..., ...) instead",
            loc=user_location(),
        )
    return mask


def _has_tracers(part: Any) -> bool:
    return isinstance(part, list) and any(isinstance(x, Tracer) or _has_tracers(x) for x in part)


def _width(part: Any) -> int:
    """The number of axes of the base that a part of an index uses."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype == bool else 1


def _check_kind(dtype: Any) -> None:
    if np.dtype(dtype).kind not in "iub":
        raise OutOfBoundsError(
            "arrays used as indices must be of integer (or boolean) type", loc=user_location()
        )


def _items(trace: Trace, shape: tuple[Any, ...], axis: int, part: Any) -> list[Item]:
    if part is None:
        return [NewAxis()]
    if isinstance(part, slice):
        return [slice_of(trace, part, shape[axis])]
    if isinstance(part, np.ndarray) and part.dtype == bool:
        return _mask(trace, shape, axis, part)
    if isinstance(part, np.ndarray) and not isinstance(shape[axis], int):
        part = wrap(trace, trace.b.literal(part.astype(np.int64)))
    if isinstance(part, np.ndarray):
        return [Indices(trace.b.literal(wrapped(part.astype(np.int64), axis, shape[axis])))]
    if isinstance(part, Tracer):
        value = checked_index(trace, part, axis, shape[axis])
        return [Number(value) if not part.shape else Indices(value)]
    if (
        isinstance(part, bool)
        or not (is_number(part) or hasattr(part, "__index__"))
        or isinstance(part, float)
    ):
        raise OutOfBoundsError(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean"
            " arrays are valid indices",
            loc=user_location(),
        )
    if not isinstance(shape[axis], int):
        return [Number(trace.sizes.place(operator.index(part), shape[axis], axis))]
    return [Number(int(wrapped(np.array(operator.index(part)), axis, shape[axis])))]


def _mask(trace: Trace, shape: tuple[Any, ...], axis: int, mask: np.ndarray) -> list[Item]:
    for k, size in enumerate(mask.shape):
        if shape[axis + k] != size:
            raise OutOfBoundsError(
                f"boolean index did not match indexed array along axis {axis + k}; size of axis is"
                f" {shape[axis + k]} but size of corresponding boolean axis is {size}",
                loc=user_location(),
            )
    if not mask.ndim:
        raise UnsupportedError("indexing with a single bool is not supported", loc=user_location())
    return [Indices(trace.b.literal(places)) for places in np.nonzero(mask)]


def wrapped(index: np.ndarray, axis: int, size: Any) -> np.ndarray:
    """Return known indices without negative ones; one that does not exist raises."""
    bad = index[(index < -size) | (index >= size)]
    if bad.size:
        raise OutOfBoundsError(
            f"index {bad.flat[0]} is out of bounds for axis {axis} with size {size}", loc=user_location()
        )
    return np.where(index < 0, index + size, index)


def checked_index(trace: Trace, index: Tracer, axis: int, size: Any) -> Value:
    """Return traced indices as i64, wrapped; one that does not exist ends the run."""
    value = trace.b.cast(index.value, DType.I64)
    (checked,) = trace.emit_all("check_index", value, size=size, axis=axis)
    return checked


def slice_of(trace: Trace, part: slice, size: Any) -> Slice:
    """Return the elements that a slice picks of an axis."""
    if any(isinstance(bound, (Array, float)) for bound in (part.start, part.stop, part.step)):
        raise TraceError("slice indices must be integers or None", loc=user_location())
    if not isinstance(size, int) or isinstance(part.start, Scalar) or isinstance(part.stop, Scalar):
        return Slice(*span(trace, part, size))
    start, stop, step = slice(*(_bound(b) for b in (part.start, part.stop, part.step))).indices(size)
    count = len(range(start, stop, step))
    return Slice(Span(start if count else 0, count, step))


def _bound(bound: Any) -> Any:
    return None if bound is None else operator.index(bound)
