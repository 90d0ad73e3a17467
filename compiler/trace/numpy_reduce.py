"""Reductions and scans along axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ShapeError, TraceError, UnsupportedError
from ..ir.graph import Value
from ..ir.types import ArrayType, DType
from .dispatch import implements
from .frame import Trace, user_location
from .numpy_elementwise import refuse_where, store
from .numpy_shape import as_axes, as_axis
from .operands import as_dtype, broadcast_to, lift, ordered, own_value, promoted
from .python_numbers import check
from .tracer import Array, Scalar, new_array, wrap

_NO = np._NoValue  # type: ignore[attr-defined]


class Axes:
    """The `axis` and `keepdims` arguments of a reduction of a value."""

    def __init__(self, value: Value, axis: Any, keepdims: Any, in_order: bool) -> None:
        rank = len(value.shape)
        self.axes = tuple(range(rank)) if axis is None else tuple(sorted(as_axes(axis, rank)))
        self.in_order = in_order
        self.keepdims = keepdims is not _NO and bool(keepdims)
        self.kept_shape = tuple(1 if k in self.axes else d for k, d in enumerate(value.shape))
        self.count = math.prod(value.shape[k] for k in self.axes)

    def reduce(self, trace: Trace, op: str, value: Value) -> Value:
        """Reduce, keeping the dims."""
        if not self.axes:
            return value
        return trace.b.reshape(trace.emit(op, value, axes=self.axes), shape=self.kept_shape)

    def drop(self, trace: Trace, kept: Value) -> Value:
        shape = tuple(d for k, d in enumerate(kept.shape) if k not in self.axes)
        return kept if shape == kept.shape else trace.b.reshape(kept, shape=shape)

    def finish(self, trace: Trace, result: Value) -> Scalar | Array:
        """Wrap a result whose reduced dims are dropped."""
        if self.keepdims:
            result = trace.b.reshape(result, shape=self.kept_shape)
        return new_array(trace, result, ordered=self.in_order) if result.shape else wrap(trace, result)

    def plain(self, trace: Trace, op: str, value: Value) -> Value:
        """Reduce, dropping the dims."""
        return trace.emit(op, value, axes=self.axes) if self.axes else value


def accumulator(dtype: DType, requested: Any) -> DType:
    """Return the dtype in which NumPy adds or multiplies up: small integers and bools widen to 64 bits."""
    if requested is not None:
        return as_dtype(requested)
    if dtype.is_float:
        return dtype
    return DType.U64 if dtype.is_integer and not dtype.is_signed else DType.I64


def _summed(op: str, combine: str, default_axis: Any) -> Callable[..., Any]:
    def handler(
        trace: Trace, a: Any, axis: Any = default_axis, dtype: Any = None, out: Any = None, keepdims: Any = _NO,
        initial: Any = _NO, where: Any = True,
    ) -> Any:  # fmt: skip
        refuse_where(where is _NO or where)
        a = lift(trace, a)
        value = own_value(trace, a)
        value = trace.b.cast(value, accumulator(value.dtype, dtype))
        axes = Axes(value, axis, keepdims, ordered([a]))
        if value.dtype is DType.BOOL:
            op_name = "any" if op == "sum" else "all"
        else:
            op_name = op
        result = axes.plain(trace, op_name, value)
        return store(trace, axes.finish(trace, with_initial(trace, result, initial, combine)), out)

    return handler


def with_initial(trace: Trace, result: Value, initial: Any, combine: str) -> Value:
    """Combine a reduction with the value that it starts from."""
    if initial is _NO or initial is None:
        return result
    start = trace.b.cast(own_value(trace, initial), result.dtype)
    return trace.emit(combine, broadcast_to(trace, start, result.shape), result)


np_sum = implements(np.sum, method="sum")(_summed("sum", "add", None))
implements(np.prod, method="prod")(_summed("prod", "multiply", None))
implements((np.add, "reduce"))(_summed("sum", "add", 0))
implements((np.multiply, "reduce"))(_summed("prod", "multiply", 0))


def _extreme(op: str, default_axis: Any) -> Callable[..., Any]:
    def handler(
        trace: Trace, a: Any, axis: Any = default_axis, out: Any = None, keepdims: Any = _NO,
        initial: Any = _NO, where: Any = True,
    ) -> Any:  # fmt: skip
        refuse_where(where is _NO or where)
        a = lift(trace, a)
        value = own_value(trace, a)
        axes = Axes(value, axis, keepdims, ordered([a]))
        if not axes.count:
            result = _empty_extreme(trace, op, axes, value, initial)
        else:
            result = with_initial(trace, axes.plain(trace, op, value), initial, op + "imum")
        return store(trace, axes.finish(trace, result), out)

    return handler


def _empty_extreme(trace: Trace, op: str, axes: Axes, value: Value, initial: Any) -> Value:
    shape = tuple(d for k, d in enumerate(value.shape) if k not in axes.axes)
    if initial is _NO and 0 not in shape:
        raise ShapeError(
            f"zero-size array to reduction operation {op}imum which has no identity", loc=user_location()
        )
    start = value if initial is _NO else trace.b.cast(own_value(trace, initial), value.dtype)
    return broadcast_to(trace, start, shape) if initial is not _NO else trace.b.reshape(start, shape=shape)


amax = implements(np.max, method="max")(_extreme("max", None))
amin = implements(np.min, method="min")(_extreme("min", None))
implements((np.maximum, "reduce"))(_extreme("max", 0))
implements((np.minimum, "reduce"))(_extreme("min", 0))


@implements(np.ptp)
def ptp(trace: Trace, a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NO) -> Any:
    return store(trace, amax(trace, a, axis, keepdims=keepdims) - amin(trace, a, axis, keepdims=keepdims), out)


def _truth(op: str, default_axis: Any) -> Callable[..., Any]:
    def handler(
        trace: Trace, a: Any, axis: Any = default_axis, out: Any = None, keepdims: Any = _NO, *, where: Any = True
    ) -> Any:
        refuse_where(where is _NO or where)
        a = lift(trace, a)
        value = trace.b.cast(own_value(trace, a), DType.BOOL)
        axes = Axes(value, axis, keepdims, ordered([a]))
        return store(trace, axes.finish(trace, axes.plain(trace, op, value)), out)

    return handler


implements(np.any, method="any")(_truth("any", None))
implements(np.all, method="all")(_truth("all", None))
implements((np.logical_or, "reduce"))(_truth("any", 0))
implements((np.logical_and, "reduce"))(_truth("all", 0))


@implements(np.count_nonzero)
def count_nonzero(trace: Trace, a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    a = lift(trace, a)
    value = trace.b.cast(trace.b.cast(own_value(trace, a), DType.BOOL), DType.I64)
    axes = Axes(value, axis, keepdims, ordered([a]))
    return axes.finish(trace, axes.plain(trace, "sum", value))


def _arg(op: str) -> Callable[..., Any]:
    def handler(trace: Trace, a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = _NO) -> Any:
        a = lift(trace, a)
        value = own_value(trace, a)
        axes = Axes(value, axis, keepdims, ordered([a]))
        if axis is None:
            value = trace.b.reshape(value, shape=(math.prod(value.shape),))
            axis = 0
        elif not value.shape:
            value = trace.b.reshape(value, shape=(1,))
        if not value.shape[axis]:
            raise ShapeError(f"attempt to get {op} of an empty sequence", loc=user_location())
        result = trace.emit(op, value, axis=as_axis(axis, len(value.shape)))
        return store(trace, axes.finish(trace, result), out)

    return handler


implements(np.argmax, method="argmax")(_arg("argmax"))
implements(np.argmin, method="argmin")(_arg("argmin"))


# Means.


def _mean_dtype(dtype: DType, requested: Any) -> DType:
    if requested is not None:
        return as_dtype(requested)
    return dtype if dtype.is_float else DType.F64


def _divided(trace: Trace, total: Value, count: int) -> Value:
    return trace.emit("divide", total, trace.b.like(total, count))


@implements(np.mean, method="mean")
def mean(
    trace: Trace, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _NO, *, where: Any = True
) -> Any:
    refuse_where(where is _NO or where)
    a = lift(trace, a)
    value = own_value(trace, a)
    value = trace.b.cast(value, _mean_dtype(value.dtype, dtype))
    if not value.dtype.is_float:
        raise UnsupportedError("the mean in an integer dtype is not supported", loc=user_location())
    axes = Axes(value, axis, keepdims, ordered([a]))
    return store(trace, axes.finish(trace, _divided(trace, axes.plain(trace, "sum", value), axes.count)), out)


def _variance(trace: Trace, a: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any, correction: Any) -> Any:
    a = lift(trace, a)
    value = own_value(trace, a)
    value = trace.b.cast(value, _mean_dtype(value.dtype, dtype))
    axes = Axes(value, axis, keepdims, ordered([a]))
    center = _divided(trace, axes.reduce(trace, "sum", value), axes.count)
    deviation = trace.emit("subtract", value, broadcast_to(trace, center, value.shape))
    total = axes.plain(trace, "sum", trace.emit("square", deviation))
    freedom = max(axes.count - (ddof if correction is _NO else correction), 0)
    return axes.finish(trace, _divided(trace, total, freedom))


@implements(np.var, method="var")
def var(
    trace: Trace, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = _NO, *,
    where: Any = True, correction: Any = _NO,
) -> Any:  # fmt: skip
    refuse_where(where is _NO or where)
    return store(trace, _variance(trace, a, axis, dtype, ddof, keepdims, correction), out)


@implements(np.std, method="std")
def std(
    trace: Trace, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = _NO, *,
    where: Any = True, correction: Any = _NO,
) -> Any:  # fmt: skip
    refuse_where(where is _NO or where)
    return store(trace, np.sqrt(_variance(trace, a, axis, dtype, ddof, keepdims, correction)), out)


@implements(np.average)
def average(
    trace: Trace, a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = _NO
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
        raise ShapeError("Shape of weights must be consistent with shape of a along specified axis.", loc=user_location())
    order = tuple(int(k) for k in np.argsort(axes))
    weight = weight if len(order) < 2 else trace.b.transpose(weight, axes=order)
    return trace.b.broadcast(weight, shape=value.shape, axes=tuple(sorted(axes)))


# Scans.


def _scan(op: str, default_axis: Any) -> Callable[..., Any]:
    def handler(trace: Trace, a: Any, axis: Any = default_axis, dtype: Any = None, out: Any = None) -> Any:
        operand = lift(trace, a)
        value = own_value(trace, operand)
        value = trace.b.cast(value, accumulator(value.dtype, dtype))
        in_order = ordered([operand])
        if axis is None or not value.shape:
            value = trace.b.reshape(value, shape=(math.prod(value.shape),))
            axis, in_order = 0, True
        result = trace.emit(op, value, axis=as_axis(axis, len(value.shape)), reverse=False)
        return store(trace, new_array(trace, result, ordered=in_order), out)

    return handler


implements(np.cumsum, method="cumsum")(_scan("cumsum", None))
implements(np.cumprod, method="cumprod")(_scan("cumprod", None))
implements((np.add, "accumulate"))(_scan("cumsum", 0))
implements((np.multiply, "accumulate"))(_scan("cumprod", 0))

__all__ = ["ArrayType"]
