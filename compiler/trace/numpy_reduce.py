"""Reductions along axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.graph import Value
from ..ir.types import DType
from .axes import Axes, along, as_axis
from .dispatch import NO_VALUE, implements
from .frame import Trace
from .location import user_location
from .numpy_elementwise import refuse_where, store
from .operands import as_dtype, broadcast_to, own_value
from .python_numbers import check


def accumulator(dtype: DType, requested: Any) -> DType:
    """Return the dtype in which NumPy adds or multiplies up: small integers and bools widen to 64 bits."""
    if requested is not None:
        return as_dtype(requested)
    if dtype.is_float:
        return dtype
    return DType.U64 if dtype.is_integer and not dtype.is_signed else DType.I64


def _summed(op: str, combine: str, default_axis: Any) -> Callable[..., Any]:
    def handler(
        trace: Trace,
        a: Any,
        axis: Any = default_axis,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = NO_VALUE,
        initial: Any = NO_VALUE,
        where: Any = True,
    ) -> Any:
        refuse_where(where is NO_VALUE or where)
        value, axes = along(trace, a, axis, keepdims)
        value = trace.b.cast(value, accumulator(value.dtype, dtype))
        if value.dtype is DType.BOOL:
            op_name = "any" if op == "sum" else "all"
        else:
            op_name = op
        result = axes.plain(trace, op_name, value)
        return store(trace, axes.finish(trace, with_initial(trace, result, initial, combine)), out)

    return handler


def with_initial(trace: Trace, result: Value, initial: Any, combine: str) -> Value:
    """Combine a reduction with the value that it starts from."""
    if initial is NO_VALUE or initial is None:
        return result
    start = trace.b.cast(own_value(trace, initial), result.dtype)
    return trace.emit(combine, broadcast_to(trace, start, result.shape), result)


np_sum = implements(np.sum, method="sum")(_summed("sum", "add", None))
implements(np.prod, method="prod")(_summed("prod", "multiply", None))
implements((np.add, "reduce"))(_summed("sum", "add", 0))
implements((np.multiply, "reduce"))(_summed("prod", "multiply", 0))


def _extreme(op: str, default_axis: Any) -> Callable[..., Any]:
    def handler(
        trace: Trace,
        a: Any,
        axis: Any = default_axis,
        out: Any = None,
        keepdims: Any = NO_VALUE,
        initial: Any = NO_VALUE,
        where: Any = True,
    ) -> Any:
        refuse_where(where is NO_VALUE or where)
        value, axes = along(trace, a, axis, keepdims)
        if 0 in axes.reduced:
            result = _empty_extreme(trace, op, axes, value, initial)
        else:
            if initial is NO_VALUE:
                message = f"zero-size array to reduction operation {op}imum which has no identity"
                check_some(trace, axes, message)
            result = with_initial(trace, axes.plain(trace, op, value), initial, op + "imum")
        return store(trace, axes.finish(trace, result), out)

    return handler


def check_some(trace: Trace, axes: Axes, message: str) -> None:
    """End the run where there are no elements to reduce, if only the run knows."""
    if not trace.sizes.surely_some(d for d in axes.reduced if not isinstance(d, int)):
        count = trace.sizes.count(axes.reduced)
        assert isinstance(count, Value)
        check(trace, trace.emit("less", trace.b.int64(0), count), "ValueError", message)


def _empty_extreme(trace: Trace, op: str, axes: Axes, value: Value, initial: Any) -> Value:
    if initial is NO_VALUE:
        raise ShapeError(
            f"zero-size array to reduction operation {op}imum which has no identity", loc=user_location()
        )
    shape = tuple(d for k, d in enumerate(value.shape) if k not in axes.axes)
    return broadcast_to(trace, trace.b.cast(own_value(trace, initial), value.dtype), shape)


amax = implements(np.max, method="max")(_extreme("max", None))
amin = implements(np.min, method="min")(_extreme("min", None))
implements((np.maximum, "reduce"))(_extreme("max", 0))
implements((np.minimum, "reduce"))(_extreme("min", 0))


@implements(np.ptp)
def ptp(trace: Trace, a: Any, axis: Any = None, out: Any = None, keepdims: Any = NO_VALUE) -> Any:
    return store(
        trace, amax(trace, a, axis, keepdims=keepdims) - amin(trace, a, axis, keepdims=keepdims), out
    )


def _truth(op: str, default_axis: Any) -> Callable[..., Any]:
    def handler(
        trace: Trace,
        a: Any,
        axis: Any = default_axis,
        out: Any = None,
        keepdims: Any = NO_VALUE,
        *,
        where: Any = True,
    ) -> Any:
        refuse_where(where is NO_VALUE or where)
        value, axes = along(trace, a, axis, keepdims)
        result = axes.plain(trace, op, trace.b.cast(value, DType.BOOL))
        return store(trace, axes.finish(trace, result), out)

    return handler


implements(np.any, method="any")(_truth("any", None))
implements(np.all, method="all")(_truth("all", None))
implements((np.logical_or, "reduce"))(_truth("any", 0))
implements((np.logical_and, "reduce"))(_truth("all", 0))


@implements(np.count_nonzero)
def count_nonzero(trace: Trace, a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    value, axes = along(trace, a, axis, keepdims)
    value = trace.b.cast(trace.b.cast(value, DType.BOOL), DType.I64)
    return axes.finish(trace, axes.plain(trace, "sum", value))


def _arg(op: str) -> Callable[..., Any]:
    def handler(trace: Trace, a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = NO_VALUE) -> Any:
        value, axes = along(trace, a, axis, keepdims)
        if axis is None:
            value = trace.b.reshape(value, shape=(math.prod(value.shape),))
            axis = 0
        elif not value.shape:
            value = trace.b.reshape(value, shape=(1,))
        if value.shape[axis] == 0:
            raise ShapeError(f"attempt to get {op} of an empty sequence", loc=user_location())
        check_some(trace, axes, f"attempt to get {op} of an empty sequence")
        result = trace.emit(op, value, axis=as_axis(axis, len(value.shape)))
        return store(trace, axes.finish(trace, result), out)

    return handler


implements(np.argmax, method="argmax")(_arg("argmax"))
implements(np.argmin, method="argmin")(_arg("argmin"))


def root_of_squares(trace: Trace, total: Value) -> Value:
    """Return the square root of a sum of squares, with derivative 0 where that is 0, as abs has it."""
    b = trace.b
    is_zero = b.equal(total, b.like(total, 0))
    return b.where(is_zero, total, b.sqrt(b.where(is_zero, b.like(total, 1), total)))
