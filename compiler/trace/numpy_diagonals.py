"""Diagonals and triangles of matrices."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.graph import Span
from .axes import as_axis
from .dispatch import implements
from .frame import Trace
from .lens import Diagonal, Transpose
from .location import user_location
from .numpy_ramps import band
from .numpy_reduce import np_sum
from .numpy_shape import ravel
from .operands import as_array, broadcast_to, ordered
from .tracer import Array, new_array


def diagonal_view(x: Array, offset: int, axis1: int, axis2: int, *, readonly: bool = True) -> Array:
    """Return the diagonal of two axes as a view with the diagonal last."""
    rest = [k for k in range(x.ndim) if k not in (axis1, axis2)]
    order = (axis1, axis2, *rest)
    front = x if order == tuple(range(x.ndim)) else x.through(Transpose(order))
    rows, columns = front.shape[:2]
    row, column = max(-offset, 0), max(offset, 0)
    size = max(min(rows - row, columns - column), 0)
    return front.through(Diagonal(row * columns + column if size else 0, size, readonly))


@implements(np.diagonal, method="diagonal")
def diagonal(trace: Trace, a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Array:
    x = as_array(trace, a)
    if x.ndim < 2:
        raise ShapeError("diag requires an array of at least two dimensions", loc=user_location())
    first, second = as_axis(axis1, x.ndim), as_axis(axis2, x.ndim)
    if first == second:
        raise ShapeError("axis1 and axis2 cannot be the same", loc=user_location())
    return diagonal_view(x, operator.index(offset), first, second)


@implements(np.diag)
def diag(trace: Trace, v: Any, k: Any = 0) -> Array:
    x = as_array(trace, v)
    if x.ndim == 2:
        return diagonal(trace, x, k)
    if x.ndim != 1:
        raise ShapeError("Input must be 1- or 2-d.", loc=user_location())
    offset = operator.index(k)
    n = x.size + abs(offset)
    start = offset if offset >= 0 else -offset * n
    zeros = trace.b.zeros(x.value.array.with_shape((n * n,)))
    at = (Span(start if x.size else 0, x.size, n + 1),)
    return new_array(trace, trace.b.reshape(trace.b.update(zeros, x.value, at=at), shape=(n, n)))


@implements(np.diagflat)
def diagflat(trace: Trace, v: Any, k: Any = 0) -> Array:
    return diag(trace, ravel(trace, v), k)


@implements(np.trace, method="trace")
def trace_(
    trace: Trace, a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1, dtype: Any = None, out: Any = None
) -> Any:
    return np_sum(trace, diagonal(trace, a, offset, axis1, axis2), -1, dtype, out)


def _triangle(trace: Trace, m: Any, k: int, relation: str) -> Array:
    x = as_array(trace, m)
    shape = x.shape if x.ndim > 1 else (*x.shape, *x.shape)
    rows, columns = shape[-2:]
    mask = broadcast_to(trace, band(trace, rows, columns, k, relation), shape)
    value = broadcast_to(trace, x.value, shape)
    return new_array(trace, trace.emit("where", mask, value, trace.b.like(value, 0)), ordered=ordered([x]))


@implements(np.tril)
def tril(trace: Trace, m: Any, k: Any = 0) -> Array:
    return _triangle(trace, m, operator.index(k), "greater_equal")


@implements(np.triu)
def triu(trace: Trace, m: Any, k: Any = 0) -> Array:
    return _triangle(trace, m, operator.index(k), "less_equal")
