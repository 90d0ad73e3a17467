"""Joining and splitting arrays."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import ShapeError, UnsupportedError
from ..ir.graph import Span, Value
from .axes import as_axis
from .dispatch import implements
from .frame import Trace
from .lens import Basic
from .location import user_location
from .numpy_elementwise import store
from .numpy_shape import atleast_1d, atleast_2d, atleast_3d, expand_dims, swapaxes
from .operands import as_array, as_dtype, ordered
from .tracer import Array, new_array


def _arrays(trace: Trace, sequence: Any, to: str = "concatenate") -> list[Array]:
    """Return the arrays in a sequence, or along the first axis of an array; there has to be one."""
    if not isinstance(sequence, (Array, list, tuple, np.ndarray)):
        raise UnsupportedError("a list or tuple of arrays is needed here", loc=user_location())
    parts = [as_array(trace, part) for part in sequence]
    if not parts:
        raise ShapeError(f"need at least one array to {to}", loc=user_location())
    return parts


@implements(np.concatenate)
def concatenate(
    trace: Trace,
    arrays: Any,
    axis: Any = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    parts = _arrays(trace, arrays)
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
def stack(
    trace: Trace,
    arrays: Any,
    axis: Any = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    parts = _arrays(trace, arrays, "stack")
    if any(p.shape != parts[0].shape for p in parts):
        shapes = ", ".join(str(s) for s in dict.fromkeys(p.shape for p in parts))
        raise ShapeError(f"all input arrays must have the same shape, not {shapes}", loc=user_location())
    return concatenate(trace, [expand_dims(trace, p, axis) for p in parts], axis, out, dtype=dtype)


@implements(np.hstack)
def hstack(trace: Trace, tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = [atleast_1d(trace, p) for p in _arrays(trace, tup)]
    return concatenate(trace, parts, 0 if parts[0].ndim == 1 else 1, dtype=dtype)


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
    return [slice_axis(x, axis, slice(a, b)) for a, b in pairwise(bounds)]


def slice_axis(x: Array, axis: int, part: slice) -> Array:
    start, stop, _ = part.indices(x.shape[axis])
    count = max(stop - start, 0)
    at = [Span(0, d) for d in x.shape]
    at[axis] = Span(start if count else 0, count)
    return x.through(Basic(tuple(at)))


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
    return tuple(x[(*before, k, ...)] for k in range(x.shape[axis]))
