"""Choosing between values (where, clip, select, rounding) and small functions made of ufuncs."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError, TraceError, UnsupportedError
from ..ir.types import DType
from .dispatch import NO_VALUE, PROPERTIES, implements
from .frame import Trace
from .location import user_location
from .numpy_create import astype
from .numpy_elementwise import apply, store
from .operands import Operand, as_array, broadcast, lift, ordered, own_value, promote
from .tracer import Array, Scalar, Tracer, new_array
from .ufunc_rules import plain


@implements(np.where)
def where(trace: Trace, condition: Any, x: Any = None, y: Any = None) -> Array:
    if x is None or y is None:
        raise UnsupportedError(
            "np.where(condition) alone gives a number of indices that is only known at run time:"
            " use np.where(condition, x, y)",
            loc=user_location(),
        )
    operands = [lift(trace, v) for v in (condition, x, y)]
    chosen = trace.b.cast(own_value(trace, operands[0]), DType.BOOL)
    values = broadcast(trace, chosen, *promote(trace, *operands[1:]))
    return new_array(trace, trace.emit("where", *values), ordered=ordered(operands))


@implements(np.clip)
def clip(
    trace: Trace,
    a: Any,
    a_min: Any = NO_VALUE,
    a_max: Any = NO_VALUE,
    out: Any = None,
    *,
    min: Any = NO_VALUE,
    max: Any = NO_VALUE,
    dtype: Any = None,
) -> Any:
    low = (None if a_min is NO_VALUE else a_min) if min is NO_VALUE else min
    high = (None if a_max is NO_VALUE else a_max) if max is NO_VALUE else max
    return clipped(trace, a, low, high, out)


@implements(method="clip")
def clip_method(trace: Trace, a: Any, min: Any = None, max: Any = None, out: Any = None) -> Any:
    return clipped(trace, a, min, max, out)


def clipped(trace: Trace, a: Any, low: Any, high: Any, out: Any) -> Any:
    """`minimum(maximum(a, low), high)`, in the common dtype of all three."""
    a = lift(trace, a)
    if low is None and high is None:
        return store(trace, apply(trace, np.positive, lambda t, x: x, a), out)
    bounds = [lift(trace, bound) for bound in (low, high) if bound is not None]
    a, *bounds = _in_one_dtype(trace, [a, *bounds])
    result = a
    if low is not None:
        result = apply(trace, np.maximum, plain("maximum"), result, bounds[0])
    if high is not None:
        result = apply(trace, np.minimum, plain("minimum"), result, bounds[-1])
    return store(trace, result, out)


def _in_one_dtype(trace: Trace, operands: list[Operand]) -> list[Operand]:
    from .operands import promoted

    dtype = promoted(operands)
    return [astype(trace, x, dtype, copy=False) if isinstance(x, Tracer) else x for x in operands]


@implements(np.select)
def select(trace: Trace, condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Array:
    if len(condlist) != len(choicelist):
        raise ShapeError("list of cases must be same length as list of conditions", loc=user_location())
    if not condlist:
        raise ShapeError("select with an empty condition list is not possible", loc=user_location())
    conditions = [lift(trace, c) for c in condlist]
    for condition in conditions:
        if isinstance(condition, Tracer) and condition.value.dtype is not DType.BOOL:
            raise TraceError("the conditions of np.select should be boolean", loc=user_location())
    choices = promote(trace, *choicelist, default)
    values = broadcast(trace, *(own_value(trace, c) for c in conditions), *choices)
    masks, choices = values[: len(conditions)], values[len(conditions) :]
    result = choices.pop()
    for mask, choice in reversed(list(zip(masks, choices, strict=True))):
        result = trace.emit("where", mask, choice, result)
    return new_array(trace, result)


@implements(np.round, np.around, method="round")
def round_(trace: Trace, a: Any, decimals: Any = 0, out: Any = None) -> Any:
    a = lift(trace, a)
    digits = operator.index(decimals)
    if own_value(trace, a).dtype.is_float:
        scale = 10.0 ** abs(digits)
        if not digits:
            result = apply(trace, np.rint, plain("rint"), a)
        elif digits > 0:
            result = np.rint(np.multiply(a, scale)) / scale
        else:
            result = np.rint(np.divide(a, scale)) * scale
    elif digits < 0:
        raise UnsupportedError("rounding integers to tens is not supported", loc=user_location())
    else:
        result = apply(trace, np.positive, lambda t, x: x, a)
    return store(trace, result, out)


@implements(np.nan_to_num)
def nan_to_num(
    trace: Trace, x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    x = lift(trace, x)
    value = own_value(trace, x)
    if not value.dtype.is_float:
        return x
    limits = np.finfo(value.dtype.numpy)
    high = limits.max if posinf is None else posinf
    low = limits.min if neginf is None else neginf
    b = trace.b
    infinite = trace.emit("isinf", value)
    positive = trace.emit("greater", value, b.like(value, 0))
    result = trace.emit("where", trace.emit("isnan", value), b.like(value, nan), value)
    bounds = trace.emit("where", positive, b.like(value, high), b.like(value, low))
    result = trace.emit("where", infinite, bounds, result)
    if not result.shape:
        return Scalar(trace, result, weak=False)
    return new_array(trace, result, ordered=ordered([x]))


@implements(np.sinc)
def sinc(trace: Trace, x: Any) -> Any:
    x = as_array(trace, x) if not isinstance(x, Scalar) else x
    y = np.pi * np.where(x == 0, 1.0e-20, x)
    return np.sin(y) / y


@implements(np.isclose)
def isclose(
    trace: Trace, a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False
) -> Any:
    a, b = lift(trace, a), lift(trace, b)
    close = np.less_equal(np.abs(np.subtract(a, b)), np.add(atol, np.multiply(rtol, np.abs(b))))
    result = close & np.isfinite(b) | np.equal(a, b)
    return result | (np.isnan(a) & np.isnan(b)) if equal_nan else result


@implements(np.allclose)
def allclose(
    trace: Trace, a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False
) -> Any:
    result = np.all(isclose(trace, a, b, rtol, atol, equal_nan))
    return Scalar(trace, result.value, weak=True)  # type: ignore[attr-defined]


# The parts of a complex number, for real ones.


def _itself(trace: Trace, x: Any) -> Any:
    return x


def _zeros(trace: Trace, x: Any) -> Any:
    zeros = trace.b.like(x.value, 0)
    return Scalar(trace, zeros, weak=x.weak) if isinstance(x, Scalar) else new_array(trace, zeros)


@implements(np.real)
def real(trace: Trace, val: Any) -> Any:
    return lift(trace, val)


@implements(np.imag)
def imag(trace: Trace, val: Any) -> Any:
    return _zeros(trace, val)


PROPERTIES["real"] = _itself
PROPERTIES["imag"] = _zeros
implements(method="conj")(_itself)
implements(method="conjugate")(_itself)
