"""Arrays of regular contents: ranges, identities and triangles of ones."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..ir.graph import Value
from ..ir.types import DType
from .dispatch import implements
from .frame import Trace
from .numpy_create import refuse_layout
from .operands import (
    as_dtype,
    broadcast_to,
    lift,
    promoted,
    value_of,
)
from .tracer import Array, Scalar, new_array

_INLINE = 64  # larger regular arrays are computed, not stored in the program


def _concrete(x: Any) -> Any:
    """Return a bound as a number; a traced int becomes a guard on its value, anything else is refused."""
    if isinstance(x, (Scalar, Array)):
        return operator.index(x) if x.value.dtype.is_integer else float(x)
    return x


@implements(np.arange, creates=True)
def arange(
    trace: Trace, start: Any = None, stop: Any = None, step: Any = 1, dtype: Any = None, *, like: Any = None
) -> Array:
    refuse_layout(None, like)
    if isinstance(start, Scalar) and stop is None and isinstance(step, int) and step == 1:
        size = trace.sizes.size_of(start)
        if not isinstance(size, int):
            return new_array(trace, trace.emit("iota", size=size, dtype=as_dtype(dtype or np.int64)))
    start, stop, step = (_concrete(x) for x in (start, stop, step))
    bounds: Any = (0, start, step) if stop is None else (0 if start is None else start, stop, step)
    make: Any = np.arange
    whole: np.ndarray[Any, Any] = make(*bounds, dtype)
    if whole.size <= _INLINE:
        return new_array(trace, trace.b.literal(whole.astype(as_dtype(whole.dtype).numpy)))
    element = as_dtype(whole.dtype)
    indices = trace.emit("iota", size=whole.size, dtype=element)
    delta = whole[1] - whole[0]
    if delta != 1:
        indices = trace.emit("multiply", indices, trace.b.like(indices, delta))
    return new_array(
        trace, indices if not whole[0] else trace.emit("add", indices, trace.b.like(indices, whole[0]))
    )


@implements(np.linspace, creates=True)
def linspace(
    trace: Trace,
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    from .numpy_shape import moveaxis

    num = operator.index(num)
    intervals = num - 1 if endpoint else num
    bounds = [lift(trace, x) for x in (start, stop)]
    element = as_dtype(np.result_type(promoted(bounds), 0.0))
    first, last = (value_of(trace, x, element) for x in bounds)
    shape = np.broadcast_shapes(first.shape, last.shape)
    first, last = (broadcast_to(trace, x, shape) for x in (first, last))
    step = trace.emit("divide", trace.emit("subtract", last, first), trace.b.like(first, intervals or np.nan))
    ramp = trace.emit("iota", size=num, dtype=element)
    ramp = trace.b.broadcast(ramp, shape=(num, *shape), axes=(0,))
    if intervals:
        ramp = trace.emit("multiply", ramp, broadcast_to(trace, step, ramp.shape))
    result = trace.emit("add", ramp, broadcast_to(trace, first, ramp.shape))
    if endpoint and num > 1:
        from ..ir.graph import Span

        at = (num - 1, *(Span(0, d) for d in shape))
        result = trace.b.update(result, last, at=at)
    if dtype is not None and as_dtype(dtype).is_integer:
        result = trace.emit("floor", result)
    whole = new_array(trace, result if dtype is None else trace.b.cast(result, as_dtype(dtype)))
    whole = whole if not axis else moveaxis(trace, whole, 0, axis)
    return (
        (whole, Scalar(trace, step, weak=False))
        if retstep and not shape
        else (whole, new_array(trace, step))
        if retstep
        else whole
    )


def band(trace: Trace, rows: int, columns: int, k: int, relation: str) -> Value:
    """The bools `row + k <relation> column` of a matrix."""
    if rows * columns <= _INLINE:
        table = getattr(np, relation)(np.arange(rows)[:, None] + k, np.arange(columns)[None, :])
        return trace.b.literal(table)
    row, column = (trace.emit("iota", size=n, dtype=DType.I64) for n in (rows, columns))
    row = row if not k else trace.emit("add", row, trace.b.like(row, k))
    row = trace.b.broadcast(row, shape=(rows, columns), axes=(0,))
    return trace.emit(relation, row, trace.b.broadcast(column, shape=(rows, columns), axes=(1,)))


@implements(np.eye, creates=True)
def eye(
    trace: Trace, N: Any, M: Any = None, k: Any = 0, dtype: Any = float, order: str = "C", *, like: Any = None
) -> Array:
    refuse_layout(order, like)
    rows = operator.index(N)
    columns = rows if M is None else operator.index(M)
    return new_array(
        trace, trace.b.cast(band(trace, rows, columns, operator.index(k), "equal"), as_dtype(dtype))
    )


@implements(np.identity, creates=True)
def identity(trace: Trace, n: Any, dtype: Any = None, *, like: Any = None) -> Array:
    return eye(trace, n, dtype=float if dtype is None else dtype, like=like)


@implements(np.tri, creates=True)
def tri(trace: Trace, N: Any, M: Any = None, k: Any = 0, dtype: Any = float, *, like: Any = None) -> Array:
    rows = operator.index(N)
    columns = rows if M is None else operator.index(M)
    return new_array(
        trace, trace.b.cast(band(trace, rows, columns, operator.index(k), "greater_equal"), as_dtype(dtype))
    )
