"""Python's builtins on traced values: abs, min, max, sum, float, int, round, pow, divmod, any, all."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import TraceError, UnsupportedError
from ..ir.graph import Value
from ..ir.types import DType
from .dispatch import find_function, implements
from .folds import FOLDS, rolled
from .frame import Trace
from .location import user_location
from .numpy_operators import apply_operator
from .operands import as_dtype, default_dtype, is_number, is_weak, lift, ordered, promoted, value_of
from .python_numbers import check, common_kind, number_kind, weak
from .tracer import Array, Scalar, Tracer, new_array


def as_number(trace: Trace, x: Any, what: str) -> Scalar | int | float:
    """Return a number, also from an array of rank 0."""
    number = lift(trace, x)
    if isinstance(number, Array):
        if number.shape:
            raise TraceError(
                f"{what} takes a number, not an array of shape {number.shape}", loc=user_location()
            )
        return Scalar(trace, number.value, weak=False)
    assert not isinstance(number, Tracer) or isinstance(number, Scalar)
    return number


def float_value(trace: Trace, x: Any, what: str) -> Value:
    """Return a number as f64."""
    return value_of(trace, as_number(trace, x, what), DType.F64)


@implements(float)
def float_(trace: Trace, x: Any = 0.0) -> Scalar:
    return weak(trace, float_value(trace, x, "float()"))


@implements(int)
def int_(trace: Trace, x: Any = 0) -> Scalar:
    number = as_number(trace, x, "int()")
    if isinstance(number, Scalar) and not number.value.dtype.is_float:
        if number.weak and number.value.dtype is DType.I64:
            return number
        return weak(trace, value_of(trace, number, DType.I64))
    return to_int(trace, trace.emit("trunc", float_value(trace, number, "int()")))


def to_int(trace: Trace, whole: Value) -> Scalar:
    """Return a float without a fractional part as an int; what has no int ends the run as in Python."""
    b = trace.b
    check(trace, b.logical_not(b.isnan(whole)), "ValueError", "cannot convert float NaN to integer")
    check(trace, b.logical_not(b.isinf(whole)), "OverflowError", "cannot convert float infinity to integer")
    fits = b.less(b.abs(whole), b.like(whole, 2.0**63))
    check(trace, fits, "OverflowError", "an int outside of 64 bits is not supported")
    return weak(trace, b.cast(whole, DType.I64))


def _constructor(dtype: DType) -> None:
    """Register `np.float64(x)` and its like: a NumPy scalar, or an array of an array."""

    def handler(trace: Trace, x: Any = 0) -> Any:
        operand = lift(trace, x)
        if isinstance(operand, Array) and operand.shape:
            return new_array(trace, trace.b.cast(operand.value, dtype), ordered=ordered([operand]))
        if dtype.is_integer and default_dtype(operand).is_float:
            operand = int_(trace, operand)
        return Scalar(trace, value_of(trace, operand, dtype), weak=False)

    implements(dtype.numpy.type)(handler)


for _dtype in DType:
    _constructor(_dtype)


@implements(round)
def round_(trace: Trace, number: Any, ndigits: Any = None) -> Any:
    if isinstance(number, Array) or not is_weak(number):
        if ndigits is not None or isinstance(number, Array):
            return number.round(0 if ndigits is None else ndigits)
        return to_int(trace, trace.emit("rint", float_value(trace, number, "round()")))
    if number_kind(number) is not DType.F64 and (ndigits is None or ndigits >= 0):
        return int_(trace, number)
    if ndigits is not None:
        raise UnsupportedError(
            "round() of a float to digits is not supported: use np.round", loc=user_location()
        )
    return to_int(trace, trace.emit("rint", float_value(trace, number, "round()")))


@implements(abs)
def abs_(trace: Trace, x: Any) -> Any:
    return apply_operator(trace, "abs", x)


@implements(str, repr, ascii)
def text(trace: Trace, object: Any) -> str:
    """The text of a number that is known while tracing; that of other traced values is refused."""
    return format(object, "") if isinstance(object, Tracer) else repr(object)


@implements(method="item")
def item(trace: Trace, a: Any, *args: Any) -> Scalar:
    """The Python number of an element."""
    place = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
    if len(place) == 1 and a.shape:
        a = a.reshape(-1)
    elif not place and a.size != 1:
        raise TraceError("can only convert an array of size 1 to a Python scalar", loc=user_location())
    value = (a[place] if place else a.reshape(())[()] if a.shape else a).value
    kind = DType.F64 if value.dtype.is_float else DType.BOOL if value.dtype is DType.BOOL else DType.I64
    return weak(trace, trace.b.cast(value, kind))


@implements(method="tolist")
def tolist(trace: Trace, a: Any) -> Any:
    return [tolist(trace, x) for x in a] if a.shape else item(trace, a)


@implements(divmod)
def divmod_(trace: Trace, x: Any, y: Any) -> Any:
    return apply_operator(trace, "divmod", x, y)


@implements(pow)
def pow_(trace: Trace, base: Any, exp: Any, mod: Any = None) -> Any:
    if mod is not None:
        raise UnsupportedError("pow with a modulus is not supported", loc=user_location())
    return apply_operator(trace, "pow", base, exp)


@implements(sum)
def sum_(trace: Trace, iterable: Any, start: Any = 0) -> Any:
    if (
        isinstance(iterable, Array)
        and is_number(start)
        and start == 0
        and iterable.shape
        and iterable.shape[0]
    ):
        handler = find_function(np.sum)
        assert handler is not None
        dtype = None if iterable.dtype == bool else iterable.dtype
        return handler(trace, iterable, 0, dtype)
    found = rolled(trace, iterable)
    if found is not None:
        return FOLDS[sum](trace, found, start)
    total = start
    for x in iterable:
        total = total + x
    return total


# min and max.


def _items(what: str, args: tuple[Any, ...]) -> list[Any]:
    items = list(args[0]) if len(args) == 1 else list(args)
    if not items:
        raise TraceError(f"{what}() arg is an empty sequence", loc=user_location())
    return items


def _extreme(name: str) -> Any:
    def handler(trace: Trace, *args: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], Array) and len(args[0].shape) > 1:
            raise TraceError(
                "The truth value of an array with more than one element is ambiguous", loc=user_location()
            )
        items = _items(name, args)
        result = items[0]
        for x in items[1:]:
            concrete = not isinstance(result, Tracer) and not isinstance(x, Tracer)
            result = getattr(builtins, name)(result, x) if concrete else _pair(trace, name, result, x)
        return result

    return handler


def _pair(trace: Trace, name: str, x: Any, y: Any) -> Any:
    """Python's max(x, y) is x where the comparison with a NaN fails; ties are those of np.maximum."""
    numbers = [as_number(trace, v, f"{name}()") for v in (x, y)]
    both_weak = all(is_weak(v) for v in numbers)
    dtype = common_kind(*numbers) if both_weak else as_dtype(promoted(numbers))
    first, second = (value_of(trace, v, dtype) for v in numbers)
    result = trace.emit(f"{name}imum", first, second)
    if dtype.is_float and (isinstance(y, Tracer) or y != y):
        result = trace.emit("where", trace.emit("isnan", second), first, result)
    return Scalar(trace, result, weak=both_weak)


implements(min)(_extreme("min"))
implements(max)(_extreme("max"))


def _fold(op: str, empty: bool) -> Any:
    def handler(trace: Trace, iterable: Iterable[Any]) -> Any:
        truth = find_function(bool)
        assert truth is not None
        values = [truth(trace, x) for x in iterable]
        if not values:
            return empty
        result = value_of(trace, values[0], DType.BOOL)
        for x in values[1:]:
            result = trace.emit(op, result, value_of(trace, x, DType.BOOL))
        return weak(trace, result)

    return handler


implements(any)(_fold("logical_or", False))
implements(all)(_fold("logical_and", True))


def _install() -> None:
    def __round__(self: Tracer, ndigits: Any = None) -> Any:
        return round_(self.run, self, ndigits)

    Tracer.__round__ = __round__  # type: ignore[attr-defined]


_install()
