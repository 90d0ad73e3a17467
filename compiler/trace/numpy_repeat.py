"""Repeating, shifting and padding along axes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..errors import ShapeError, UnsupportedError
from ..ir.graph import Span, Value
from .axes import as_axis
from .dispatch import NO_VALUE, implements
from .frame import Trace
from .location import user_location
from .numpy_join import concatenate, slice_axis
from .operands import as_array, lift, value_of
from .tracer import Array, new_array

_MOST_RUNS = 6  # of the places along an axis of a padded array: each is a loop of its own


@implements(np.tile)
def tile(trace: Trace, A: Any, reps: Any) -> Array:
    x = as_array(trace, A)
    counts = tuple(
        operator.index(r) for r in (reps if isinstance(reps, (tuple, list, np.ndarray)) else (reps,))
    )
    rank = max(len(counts), x.ndim)
    counts = (1,) * (rank - len(counts)) + counts
    shape = (1,) * (rank - x.ndim) + x.shape
    spread = tuple(d for pair in zip(counts, shape, strict=True) for d in pair)
    value = trace.b.broadcast(
        trace.b.reshape(x.value, shape=shape), shape=spread, axes=tuple(range(1, 2 * rank, 2))
    )
    return new_array(
        trace, trace.b.reshape(value, shape=tuple(c * d for c, d in zip(counts, shape, strict=True)))
    )


@implements(np.repeat, method="repeat")
def repeat(trace: Trace, a: Any, repeats: Any, axis: Any = None) -> Array:
    x = as_array(trace, a)
    value = x.value
    if axis is None:
        value, axis = trace.b.reshape(value, shape=(x.size,)), 0
    axis = as_axis(axis, len(value.shape))
    counts = [
        operator.index(r) for r in (repeats if isinstance(repeats, (tuple, list, np.ndarray)) else (repeats,))
    ]
    size = value.shape[axis]
    if len(counts) not in (1, size):
        raise ShapeError(
            f"cannot repeat: {len(counts)} counts for axis {axis} with size {size}", loc=user_location()
        )
    if len(counts) != 1:
        places = trace.b.literal(np.repeat(np.arange(size), counts))
        return new_array(trace, along(trace, value, axis, places))
    shape = (*value.shape[: axis + 1], counts[0], *value.shape[axis + 1 :])
    axes = tuple(k for k in range(len(shape)) if k != axis + 1)
    value = trace.b.broadcast(value, shape=shape, axes=axes)
    return new_array(
        trace, trace.b.reshape(value, shape=(*shape[:axis], size * counts[0], *shape[axis + 2 :]))
    )


def along(trace: Trace, value: Value, axis: int, places: Value) -> Value:
    """Return the elements at `places` along one axis."""
    result = trace.emit("gather", value, places, axes=(axis,))
    if not axis:
        return result
    return trace.b.transpose(result, axes=(*range(1, axis + 1), 0, *range(axis + 1, len(result.shape))))


@implements(np.roll)
def roll(trace: Trace, a: Any, shift: Any, axis: Any = None) -> Array:
    x = as_array(trace, a)
    if axis is None:
        flat = trace.b.reshape(x.value, shape=(x.size,))
        return new_array(trace, trace.b.reshape(_rolled(trace, flat, shift, 0), shape=x.shape))
    shifts = shift if isinstance(shift, (tuple, list)) else (shift,)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    if len(axes) == 1:
        axes = tuple(axes) * len(shifts)
    elif len(shifts) == 1:
        shifts = tuple(shifts) * len(axes)
    value = x.value
    for count, one in zip(shifts, axes, strict=True):
        value = _rolled(trace, value, count, as_axis(one, x.ndim))
    return new_array(trace, value)


def _rolled(trace: Trace, value: Value, shift: Any, axis: int) -> Value:
    size = value.shape[axis]
    count = operator.index(shift) % size if size else 0
    if not count:
        return value

    def part(start: int, length: int) -> Value:
        at = tuple(Span(start, length) if k == axis else Span(0, d) for k, d in enumerate(value.shape))
        return trace.b.index(value, at=at)

    return trace.b.concatenate(part(size - count, count), part(0, size - count), axis=axis)


@implements(np.pad)
def pad(
    trace: Trace, array: Any, pad_width: Any, mode: Any = "constant", *, constant_values: Any = 0
) -> Array:
    x = as_array(trace, array)
    widths = np.broadcast_to(np.asarray(pad_width, dtype=np.int64), (x.ndim, 2)).tolist()
    if mode == "constant":
        return new_array(trace, _padded(trace, x.value, widths, constant_values))
    if mode not in ("edge", "wrap", "reflect", "symmetric"):
        raise UnsupportedError(f"np.pad with mode={mode!r} is not supported", loc=user_location())
    value = x.value
    for axis, (low, high) in enumerate(widths):
        places = np.pad(np.arange(value.shape[axis]), (low, high), mode).tolist()
        before, after = _runs(places[:low]), _runs(places[len(places) - high :])
        if len(before) + len(after) > _MOST_RUNS:
            value = along(trace, value, axis, trace.b.literal(np.array(places)))
        elif before or after:
            parts = [[_run(trace, value, axis, run) for run in runs] for runs in (before, after)]
            value = trace.b.concatenate(*parts[0], value, *parts[1], axis=axis)
    return new_array(trace, value)


_Run = tuple[int, int, int]  # the first place, how many there are, and the step; 0 repeats one place


def _runs(places: list[int]) -> list[_Run]:
    """Places one after the other as slices."""
    found: list[_Run] = []
    for place in places:
        start, size, step = found[-1] if found else (place - 2, 1, 0)
        if size == 1 and abs(place - start) <= 1:
            found[-1] = start, 2, place - start
        elif size > 1 and place == start + size * step:
            found[-1] = start, size + 1, step
        else:
            found.append((place, 1, 1))
    return found


def _run(trace: Trace, value: Value, axis: int, run: _Run) -> Value:
    """The elements of a run of places along one axis."""
    start, size, step = run
    span = Span(start, size, step) if step else Span(start, 1)
    part = trace.b.index(
        value, at=tuple(span if k == axis else Span(0, d) for k, d in enumerate(value.shape))
    )
    if step:
        return part
    shape = tuple(size if k == axis else d for k, d in enumerate(value.shape))
    kept = tuple(k for k in range(len(shape)) if k != axis)
    one = trace.b.reshape(part, shape=tuple(shape[k] for k in kept))
    return trace.b.broadcast(one, shape=shape, axes=kept)


def _padded(trace: Trace, value: Value, widths: list[list[int]], fill: Any) -> Value:
    if not isinstance(fill, (tuple, list, np.ndarray)):
        scalar = value_of(trace, lift(trace, fill), value.dtype)
        low, high = (tuple(w[k] for w in widths) for k in (0, 1))
        return trace.b.pad(value, trace.b.reshape(scalar, shape=()), low=low, high=high)
    fills = np.broadcast_to(np.asarray(fill), (len(widths), 2))
    for axis, width in enumerate(widths):
        for side in (0, 1):
            amounts = [[0] * len(widths), [0] * len(widths)]
            amounts[side][axis] = width[side]
            scalar = value_of(trace, fills[axis, side].item(), value.dtype)
            value = trace.b.pad(value, scalar, low=tuple(amounts[0]), high=tuple(amounts[1]))
    return value


@implements(np.diff)
def diff(
    trace: Trace, a: Any, n: Any = 1, axis: Any = -1, prepend: Any = NO_VALUE, append: Any = NO_VALUE
) -> Any:
    from .numpy_operators import apply_operator

    x = as_array(trace, a)
    axis = as_axis(axis, x.ndim)
    ends = [_end(trace, e, x, axis) if e is not NO_VALUE else None for e in (prepend, append)]
    if any(e is not None for e in ends):
        x = concatenate(trace, [e for e in (ends[0], x, ends[1]) if e is not None], axis)
    for _ in range(operator.index(n)):
        size = x.shape[axis]
        later, earlier = slice_axis(x, axis, slice(1, size)), slice_axis(x, axis, slice(0, max(size - 1, 0)))
        x = apply_operator(trace, "ne" if x.dtype == bool else "sub", later, earlier)
    return x


def _end(trace: Trace, end: Any, x: Array, axis: int) -> Array:
    """What is put before or after an array: a number stands for one element of each line."""
    given = as_array(trace, end)
    if given.shape:
        return given
    shape = tuple(1 if k == axis else d for k, d in enumerate(x.shape))
    return new_array(trace, trace.b.broadcast(given.value, shape=shape, axes=()))


@implements(np.meshgrid)
def meshgrid(
    trace: Trace, *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    arrays = [as_array(trace, x).reshape(-1) for x in xi]
    rank = len(arrays)
    order = list(range(rank))
    if indexing == "xy" and rank > 1:
        order[0], order[1] = 1, 0
    shape = [0] * rank
    for k, x in enumerate(arrays):
        shape[order[k]] = x.size
    if sparse:
        return tuple(
            x.reshape(tuple(x.size if a == order[k] else 1 for a in range(rank)))
            for k, x in enumerate(arrays)
        )
    return tuple(
        new_array(trace, trace.b.broadcast(x.value, shape=tuple(shape), axes=(order[k],)))
        for k, x in enumerate(arrays)
    )
