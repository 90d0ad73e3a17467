"""Means, variances and averages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ShapeError, TraceError, UnsupportedError
from ..ir.graph import Value
from ..ir.types import DType
from .axes import Axes, along, as_axes
from .dispatch import NO_VALUE, implements
from .frame import Trace
from .location import user_location
from .numpy_elementwise import refuse_where, store
from .numpy_reduce import root_of_squares
from .operands import as_dtype, broadcast_to, lift, ordered, own_value, value_of
from .python_numbers import check


def _mean_dtype(dtype: DType, requested: Any) -> DType:
    if requested is not None:
        return as_dtype(requested)
    return dtype if dtype.is_float else DType.F64


def _divided(trace: Trace, total: Value, count: Any) -> Value:
    if isinstance(count, Value):
        count = broadcast_to(trace, trace.b.cast(count, total.dtype), total.shape)
    else:
        count = trace.b.like(total, count)
    return trace.emit("divide", total, count)


@implements(np.mean, method="mean")
def mean(
    trace: Trace,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    *,
    where: Any = True,
) -> Any:
    refuse_where(where is NO_VALUE or where)
    value, axes = along(trace, a, axis, keepdims)
    value = trace.b.cast(value, _mean_dtype(value.dtype, dtype))
    if not value.dtype.is_float:
        raise UnsupportedError("the mean in an integer dtype is not supported", loc=user_location())
    count = trace.sizes.count(axes.reduced)
    return store(trace, axes.finish(trace, _divided(trace, axes.plain(trace, "sum", value), count)), out)


def _variance(root: bool) -> Callable[..., Any]:
    def handler(
        trace: Trace,
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: Any = NO_VALUE,
        *,
        where: Any = True,
        correction: Any = NO_VALUE,
    ) -> Any:
        refuse_where(where is NO_VALUE or where)
        value, axes = along(trace, a, axis, keepdims)
        value = trace.b.cast(value, _mean_dtype(value.dtype, dtype))
        count = trace.sizes.count(axes.reduced)
        center = _divided(trace, axes.reduce(trace, "sum", value), count)
        deviation = trace.emit("subtract", value, broadcast_to(trace, center, value.shape))
        total = axes.plain(trace, "sum", trace.emit("square", deviation))
        freedom = _freedom(trace, count, ddof if correction is NO_VALUE else correction)
        variance = _divided(trace, total, freedom)
        result = root_of_squares(trace, variance) if root else variance
        return store(trace, axes.finish(trace, result), out)

    return handler


def _freedom(trace: Trace, count: Any, fewer: Any) -> Any:
    """Return the degrees of freedom: the count less some, but not below 0."""
    if not isinstance(count, Value):
        return max(count - fewer, 0)
    fewer = value_of(trace, lift(trace, fewer), DType.F64)
    freedom = trace.b.subtract(trace.b.cast(count, DType.F64), fewer)
    return trace.b.maximum(freedom, trace.b.like(freedom, 0))


implements(np.var, method="var")(_variance(root=False))
implements(np.std, method="std")(_variance(root=True))


@implements(np.average)
def average(
    trace: Trace,
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = NO_VALUE,
) -> Any:
    if returned:
        raise UnsupportedError("np.average with returned=True is not supported", loc=user_location())
    if weights is None:
        return mean(trace, a, axis, keepdims=keepdims)
    operands = [lift(trace, a), lift(trace, weights)]
    a = operands[0]
    value, weight = (own_value(trace, x) for x in operands)
    floor = () if value.dtype.is_float else (np.float64,)
    dtype = as_dtype(np.result_type(value.dtype.numpy, weight.dtype.numpy, *floor))
    value, weight = (trace.b.cast(x, dtype) for x in (value, weight))
    axes = Axes(value, axis, keepdims, ordered([a]))
    if weight.shape != value.shape:
        weight = _spread_weights(trace, weight, value, axis)
    total = axes.plain(trace, "sum", weight)
    fine = trace.emit("not_equal", total, trace.b.like(total, 0))
    fine = trace.emit("all", fine, axes=tuple(range(len(fine.shape)))) if fine.shape else fine
    check(trace, fine, "ZeroDivisionError", "Weights sum to zero, can't be normalized")
    weighted = axes.plain(trace, "sum", trace.emit("multiply", value, weight))
    return axes.finish(trace, trace.emit("divide", weighted, total))


def _spread_weights(trace: Trace, weight: Value, value: Value, axis: Any) -> Value:
    """Place weights along `axis`."""
    if axis is None:
        raise TraceError("Axis must be specified when shapes of a and weights differ.", loc=user_location())
    axes = as_axes(axis, len(value.shape))
    if weight.shape != tuple(value.shape[k] for k in axes):
        raise ShapeError(
            "Shape of weights must be consistent with shape of a along specified axis.", loc=user_location()
        )
    order = tuple(int(k) for k in np.argsort(axes))
    weight = weight if len(order) < 2 else trace.b.transpose(weight, axes=order)
    return trace.b.broadcast(weight, shape=value.shape, axes=tuple(sorted(axes)))
