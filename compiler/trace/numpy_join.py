"""Joining, splitting and repeating arrays."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError, UnsupportedError
from ..ir.graph import Span, Value
from .dispatch import implements
from .frame import Trace, user_location
from .lens import Basic
from .numpy_elementwise import store
from .numpy_shape import as_axes, as_axis, atleast_1d, atleast_2d, atleast_3d, expand_dims, swapaxes
from .operands import as_array, as_dtype, lift, ordered, own_value, value_of
from .tracer import Array, Tracer, new_array


def _arrays(trace: Trace, sequence: Any) -> list[Array]:
    """Return the arrays in a sequence, or along the first axis of an array."""
    if isinstance(sequence, Array):
        return [as_array(trace, part) for part in sequence]
    if not isinstance(sequence, (list, tuple, np.ndarray)):
        raise UnsupportedError("a list or tuple of arrays is needed here", loc=user_location())
    return [as_array(trace, part) for part in sequence]


@implements(np.concatenate)
def concatenate(
    trace: Trace, arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    parts = _arrays(trace, arrays)
    if not parts:
        raise ShapeError("need at least one array to concatenate", loc=user_location())
    in_order = axis is None or ordered(parts)
    common = np.result_type(*(p.dtype for p in parts)) if dtype is None else np.dtype(dtype)
    values = [trace.b.cast(p.value, as_dtype(common)) for p in parts]
    if axis is None:
        values, axis = [trace.b.reshape(v, shape=(int(np.prod(v.shape, dtype=int)),)) for v in values], 0
    if not values[0].shape:
        raise ShapeError("zero-dimensional arrays cannot be concatenated", loc=user_location())
    axis = as_axis(axis, len(values[0].shape))
    _check_joined(values, axis)
    result = trace.b.concatenate(*values, axis=axis)
    return store(trace, new_array(trace, result, ordered=in_order), out)


def _check_joined(values: Sequence[Value], axis: int) -> None:
    first = values[0].shape
    for k, value in enumerate(values):
        if len(value.shape) != len(first):
            raise ShapeError(
                "all the input array dimensions must match, but the array at index 0 has"
                f" {len(first)} dimension(s) and the array at index {k} has {len(value.shape)} dimension(s)",
                loc=user_location(),
            )
        for dim, (a, b) in enumerate(zip(first, value.shape, strict=True)):
            if dim != axis and a != b:
                raise ShapeError(
                    "all the input array dimensions except for the concatenation axis must match exactly, but"
                    f" along dimension {dim}, the array at index 0 has size {a} and the array at index {k}"
                    f" has size {b} (the shapes are {first} and {value.shape})",
                    loc=user_location(),
                )


@implements(np.stack)
def stack(trace: Trace, arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = _arrays(trace, arrays)
    if not parts:
        raise ShapeError("need at least one array to stack", loc=user_location())
    if any(p.shape != parts[0].shape for p in parts):
        shapes = ", ".join(str(s) for s in dict.fromkeys(p.shape for p in parts))
        raise ShapeError(f"all input arrays must have the same shape, not {shapes}", loc=user_location())
    return concatenate(trace, [expand_dims(trace, p, axis) for p in parts], axis, out, dtype=dtype)


@implements(np.hstack)
def hstack(trace: Trace, tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = [atleast_1d(trace, p) for p in _arrays(trace, tup)]
    return concatenate(trace, parts, 0 if parts and parts[0].ndim == 1 else 1, dtype=dtype)


@implements(np.vstack)
def vstack(trace: Trace, tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return concatenate(trace, [atleast_2d(trace, p) for p in _arrays(trace, tup)], 0, dtype=dtype)


@implements(np.dstack)
def dstack(trace: Trace, tup: Any) -> Any:
    return concatenate(trace, [atleast_3d(trace, p) for p in _arrays(trace, tup)], 2)


@implements(np.column_stack)
def column_stack(trace: Trace, tup: Any) -> Any:
    parts = _arrays(trace, tup)
    columns = [p if p.ndim > 1 else swapaxes(trace, atleast_2d(trace, p), 0, 1) for p in parts]
    return concatenate(trace, columns, 1)


@implements(np.append)
def append(trace: Trace, arr: Any, values: Any, axis: Any = None) -> Any:
    return concatenate(trace, (arr, values), axis)


# Splitting.


@implements(np.array_split)
def array_split(trace: Trace, ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Array]:
    x = as_array(trace, ary)
    axis = as_axis(axis, x.ndim)
    size = x.shape[axis]
    if isinstance(indices_or_sections, (list, tuple, np.ndarray)):
        bounds = [0, *(operator.index(i) for i in indices_or_sections), size]
    else:
        sections = operator.index(indices_or_sections)
        if sections <= 0:
            raise ShapeError("number sections must be larger than 0.", loc=user_location())
        each, extra = divmod(size, sections)
        bounds = [k * each + min(k, extra) for k in range(sections + 1)]
    return [_part(x, axis, slice(a, b)) for a, b in zip(bounds, bounds[1:], strict=False)]


def _part(x: Array, axis: int, part: slice) -> Array:
    start, stop, _ = part.indices(x.shape[axis])
    count = max(stop - start, 0)
    at = [Span(0, d) for d in x.shape]
    at[axis] = Span(start if count else 0, count)
    return x.view(Basic(tuple(at)))


@implements(np.split)
def split(trace: Trace, ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Array]:
    x = as_array(trace, ary)
    if not isinstance(indices_or_sections, (list, tuple, np.ndarray)):
        size = x.shape[as_axis(axis, x.ndim)]
        if size % operator.index(indices_or_sections):
            raise ShapeError("array split does not result in an equal division", loc=user_location())
    return array_split(trace, x, indices_or_sections, axis)


@implements(np.hsplit)
def hsplit(trace: Trace, ary: Any, indices_or_sections: Any) -> list[Array]:
    x = as_array(trace, ary)
    return split(trace, x, indices_or_sections, 1 if x.ndim > 1 else 0)


@implements(np.vsplit)
def vsplit(trace: Trace, ary: Any, indices_or_sections: Any) -> list[Array]:
    return split(trace, ary, indices_or_sections, 0)


@implements(np.dsplit)
def dsplit(trace: Trace, ary: Any, indices_or_sections: Any) -> list[Array]:
    return split(trace, ary, indices_or_sections, 2)


@implements(np.unstack)
def unstack(trace: Trace, x: Any, /, *, axis: Any = 0) -> tuple[Any, ...]:
    x = as_array(trace, x)
    before = (slice(None),) * as_axis(axis, x.ndim)
    return tuple(x[(*before, k, ...)] for k in range(x.shape[axis]))  # type: ignore[index]


# Repeating and moving along axes.


@implements(np.tile)
def tile(trace: Trace, A: Any, reps: Any) -> Array:
    x = as_array(trace, A)
    counts = tuple(operator.index(r) for r in (reps if isinstance(reps, (tuple, list, np.ndarray)) else (reps,)))
    rank = max(len(counts), x.ndim)
    counts = (1,) * (rank - len(counts)) + counts
    shape = (1,) * (rank - x.ndim) + x.shape
    spread = tuple(d for pair in zip(counts, shape, strict=True) for d in pair)
    value = trace.b.broadcast(
        trace.b.reshape(x.value, shape=shape), shape=spread, axes=tuple(range(1, 2 * rank, 2))
    )
    return new_array(trace, trace.b.reshape(value, shape=tuple(c * d for c, d in zip(counts, shape, strict=True))))


@implements(np.repeat, method="repeat")
def repeat(trace: Trace, a: Any, repeats: Any, axis: Any = None) -> Array:
    x = as_array(trace, a)
    value = x.value
    if axis is None:
        value, axis = trace.b.reshape(value, shape=(x.size,)), 0
    axis = as_axis(axis, len(value.shape))
    counts = [operator.index(r) for r in (repeats if isinstance(repeats, (tuple, list, np.ndarray)) else (repeats,))]
    size = value.shape[axis]
    if len(counts) not in (1, size):
        raise ShapeError(f"cannot repeat: {len(counts)} counts for axis {axis} with size {size}", loc=user_location())
    if len(counts) != 1:
        places = trace.b.literal(np.repeat(np.arange(size), counts))
        return new_array(trace, along(trace, value, axis, places))
    shape = (*value.shape[: axis + 1], counts[0], *value.shape[axis + 1 :])
    axes = tuple(k for k in range(len(shape)) if k != axis + 1)
    value = trace.b.broadcast(value, shape=shape, axes=axes)
    return new_array(trace, trace.b.reshape(value, shape=(*shape[:axis], size * counts[0], *shape[axis + 2 :])))


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
def pad(trace: Trace, array: Any, pad_width: Any, mode: Any = "constant", *, constant_values: Any = 0) -> Array:
    x = as_array(trace, array)
    widths = np.broadcast_to(np.asarray(pad_width, dtype=np.int64), (x.ndim, 2)).tolist()
    if mode == "constant":
        return new_array(trace, _padded(trace, x.value, widths, constant_values))
    if mode not in ("edge", "wrap", "reflect", "symmetric"):
        raise UnsupportedError(f"np.pad with mode={mode!r} is not supported", loc=user_location())
    value = x.value
    for axis, (low, high) in enumerate(widths):
        places = np.pad(np.arange(value.shape[axis]), (low, high), mode)
        value = along(trace, value, axis, trace.b.literal(places)) if low or high else value
    return new_array(trace, value)


def _padded(trace: Trace, value: Value, widths: list[list[int]], fill: Any) -> Value:
    if not isinstance(fill, (tuple, list, np.ndarray)):
        scalar = value_of(trace, lift(trace, fill), value.dtype)
        low, high = (tuple(w[k] for w in widths) for k in (0, 1))
        return trace.b.pad(value, trace.b.reshape(scalar, shape=()), low=low, high=high)
    fills = np.broadcast_to(np.asarray(fill), (len(widths), 2))
    for axis, width in enumerate(widths):
        for side in (0, 1):
            low, high = ([0] * len(widths), [0] * len(widths))
            (low if side == 0 else high)[axis] = width[side]
            scalar = value_of(trace, fills[axis, side].item(), value.dtype)
            value = trace.b.pad(value, scalar, low=tuple(low), high=tuple(high))
    return value


@implements(np.diff)
def diff(trace: Trace, a: Any, n: Any = 1, axis: Any = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Any:  # type: ignore[attr-defined]
    from .numpy_operators import apply_operator

    x = as_array(trace, a)
    axis = as_axis(axis, x.ndim)
    ends = [as_array(trace, e) if e is not np._NoValue else None for e in (prepend, append)]  # type: ignore[attr-defined]
    if any(e is not None for e in ends):
        x = concatenate(trace, [e for e in (ends[0], x, ends[1]) if e is not None], axis)
    for _ in range(operator.index(n)):
        size = x.shape[axis]
        later, earlier = _part(x, axis, slice(1, size)), _part(x, axis, slice(0, max(size - 1, 0)))
        x = apply_operator(trace, "ne" if x.dtype == bool else "sub", later, earlier)
    return x


@implements(np.meshgrid)
def meshgrid(trace: Trace, *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
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
            x.reshape(tuple(x.size if a == order[k] else 1 for a in range(rank))) for k, x in enumerate(arrays)
        )
    return tuple(
        new_array(trace, trace.b.broadcast(x.value, shape=tuple(shape), axes=(order[k],))) for k, x in enumerate(arrays)
    )


__all__ = ["Tracer", "as_axes", "own_value"]
