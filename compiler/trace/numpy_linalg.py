"""The part of numpy.linalg that is supported: norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ShapeError, UnsupportedError
from ..ir.graph import Value
from .axes import as_axes
from .dispatch import implements
from .frame import Trace
from .location import user_location
from .numpy_reduce import root_of_squares
from .operands import own_value
from .tracer import wrap


@implements(np.linalg.norm)
def norm(trace: Trace, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    value = own_value(trace, x)
    if not value.dtype.is_float:
        from ..ir.types import DType

        value = trace.b.cast(value, DType.F64)
    rank = len(value.shape)
    flat = axis is None and (ord is None or (ord in ("f", "fro") and rank == 2) or (ord == 2 and rank == 1))
    axes = tuple(range(rank)) if axis is None else as_axes(axis, rank)
    if flat:
        result = root_of_squares(trace, _reduced(trace, "sum", trace.emit("square", value), axes))
    elif len(axes) == 1:
        result = _vector_norm(trace, value, ord, axes)
    elif len(axes) == 2:
        result = _matrix_norm(trace, value, ord, axes)
    else:
        raise ShapeError("Improper number of dimensions to norm.", loc=user_location())
    if keepdims:
        kept = tuple(1 if k in axes else d for k, d in enumerate(value.shape))
        result = trace.b.reshape(result, shape=kept)
    return wrap(trace, result)


def _reduced(trace: Trace, op: str, value: Value, axes: tuple[int, ...]) -> Value:
    return trace.emit(op, value, axes=tuple(sorted(axes))) if axes else value


def _vector_norm(trace: Trace, x: Value, ord: Any, axes: tuple[int, ...]) -> Value:
    if ord is None or ord == 2:
        return root_of_squares(trace, _reduced(trace, "sum", trace.emit("square", x), axes))
    if isinstance(ord, str):
        raise ShapeError(f"Invalid norm order '{ord}' for vectors", loc=user_location())
    if ord == 0:
        counted = trace.emit("not_equal", x, trace.b.like(x, 0))
        return _reduced(trace, "sum", trace.b.cast(counted, x.dtype), axes)
    size = trace.emit("abs", x)
    if ord in (math.inf, -math.inf):
        return _reduced(trace, "max" if ord > 0 else "min", size, axes)
    if ord == 1:
        return _reduced(trace, "sum", size, axes)
    total = _reduced(trace, "sum", trace.emit("power", size, trace.b.like(size, ord)), axes)
    return trace.emit("power", total, trace.b.like(total, 1 / ord))


def _matrix_norm(trace: Trace, x: Value, ord: Any, axes: tuple[int, ...]) -> Value:
    if ord in (None, "f", "fro"):
        return root_of_squares(trace, _reduced(trace, "sum", trace.emit("square", x), axes))
    if ord not in (1, -1, math.inf, -math.inf):
        raise UnsupportedError(
            f"np.linalg.norm of a matrix with ord={ord!r} is not supported", loc=user_location()
        )
    rows, columns = axes
    summed, compared = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = trace.emit("sum", trace.emit("abs", x), axes=(summed,))
    return trace.emit("max" if ord > 0 else "min", sums, axes=(compared - (compared > summed),))
