"""The math module on traced values: floats in, a float out, and Python's errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..ir.graph import Value
from .dispatch import implements
from .frame import Trace
from .python_builtins import as_number, float_value, int_, sum_, to_int
from .python_numbers import check, check_finite, python_message, weak
from .tracer import Scalar

# What math functions accept: a condition on the operand that Python would raise outside of.
Domain = Callable[[Trace, Value], Value]


def _unless(relation: str, bound: float, *, size: bool = False) -> Domain:
    """Everything but where `x <relation> bound` (NaN compares false, and goes through)."""

    def allowed(trace: Trace, x: Value) -> Value:
        measured = trace.emit("abs", x) if size else x
        return trace.emit("logical_not", trace.emit(relation, measured, trace.b.like(x, bound)))

    return allowed


def _not_infinite(trace: Trace, x: Value) -> Value:
    return trace.emit("logical_not", trace.emit("isinf", x))


def _function(
    function: Callable[..., float],
    op: str,
    domain: Domain | None = None,
    outside: float = math.nan,
    overflow: float | None = None,
) -> None:
    """Register a function of one float.

    `outside` is a number that Python raises a domain error for, `overflow` one that is too large.
    """

    def handler(trace: Trace, x: Any) -> Scalar:
        value = float_value(trace, x, f"math.{function.__name__}()")
        if domain is not None:
            check(trace, domain(trace, value), "ValueError", python_message(function, outside))
        result = trace.emit(op, value)
        if overflow is not None:
            check_finite(trace, result, [value], python_message(function, overflow))
        return weak(trace, result)

    implements(function)(handler)


for _f in (math.atan, math.asinh, math.tanh, math.erf, math.erfc):
    _function(_f, {"atan": "arctan", "asinh": "arcsinh"}.get(_f.__name__, _f.__name__))
_function(math.fabs, "abs")
_function(math.cbrt, "cbrt")
_function(math.exp, "exp", overflow=1e4)
_function(math.exp2, "exp2", overflow=1e4)
_function(math.expm1, "expm1", overflow=1e4)
_function(math.sinh, "sinh", overflow=1e4)
_function(math.cosh, "cosh", overflow=1e4)
_function(math.sin, "sin", _not_infinite, math.inf)
_function(math.cos, "cos", _not_infinite, math.inf)
_function(math.tan, "tan", _not_infinite, math.inf)
_function(math.sqrt, "sqrt", _unless("less", 0.0), -1.0)
_function(math.log2, "log2", _unless("less_equal", 0.0), -1.0)
_function(math.log10, "log10", _unless("less_equal", 0.0), -1.0)
_function(math.log1p, "log1p", _unless("less_equal", -1.0), -2.0)
_function(math.asin, "arcsin", _unless("greater", 1.0, size=True), 2.0)
_function(math.acos, "arccos", _unless("greater", 1.0, size=True), 2.0)
_function(math.acosh, "arccosh", _unless("less", 1.0), 0.0)
_function(math.atanh, "arctanh", _unless("greater_equal", 1.0, size=True), 2.0)


def _no_pole(trace: Trace, x: Value) -> Value:
    """Everything but 0, -1, -2 ..."""
    b = trace.b
    whole = b.logical_and(b.equal(x, b.floor(x)), b.isfinite(x))
    return b.logical_not(b.logical_and(whole, b.less_equal(x, b.like(x, 0))))


@implements(math.lgamma)
def lgamma(trace: Trace, x: Any) -> Scalar:
    value = float_value(trace, x, "math.lgamma()")
    check(trace, _no_pole(trace, value), "ValueError", python_message(math.lgamma, -1.0))
    result = trace.emit("gammaln", value)
    return weak(trace, trace.emit("where", trace.emit("isinf", value), trace.emit("abs", value), result))


@implements(math.log)
def log(trace: Trace, x: Any, base: Any = None) -> Scalar:
    result = _log(trace, x)
    if base is None:
        return weak(trace, result)
    divisor = _log(trace, base)
    nonzero = trace.emit("not_equal", divisor, trace.b.like(divisor, 0))
    check(trace, nonzero, "ZeroDivisionError", python_message(math.log, 2.0, 1.0))
    return weak(trace, trace.emit("divide", result, divisor))


def _log(trace: Trace, x: Any) -> Value:
    value = float_value(trace, x, "math.log()")
    check(trace, _unless("less_equal", 0.0)(trace, value), "ValueError", python_message(math.log, -1.0))
    return trace.emit("log", value)


@implements(math.pow)
def pow_(trace: Trace, x: Any, y: Any) -> Scalar:
    base, exponent = (float_value(trace, v, "math.pow()") for v in (x, y))
    b = trace.b
    result = b.power(base, exponent)
    strange = b.logical_and(b.isnan(result), b.logical_not(b.logical_or(b.isnan(base), b.isnan(exponent))))
    pole = b.logical_and(b.isinf(result), b.logical_and(b.equal(base, b.like(base, 0)), b.isfinite(exponent)))
    message = python_message(math.pow, -1.0, 0.5)
    check(trace, b.logical_not(b.logical_or(strange, pole)), "ValueError", message)
    check_finite(trace, result, [base, exponent], python_message(math.pow, 1e300, 2.0))
    return weak(trace, result)


@implements(math.fmod)
def fmod(trace: Trace, x: Any, y: Any) -> Scalar:
    dividend, divisor = (float_value(trace, v, "math.fmod()") for v in (x, y))
    b = trace.b
    either_nan = b.logical_or(b.isnan(dividend), b.isnan(divisor))
    fine = b.logical_and(b.not_equal(divisor, b.like(divisor, 0)), b.logical_not(b.isinf(dividend)))
    check(trace, b.logical_or(fine, either_nan), "ValueError", python_message(math.fmod, 1.0, 0.0))
    return weak(trace, b.copysign(b.remainder(b.abs(dividend), b.abs(divisor)), dividend))


@implements(math.atan2)
def atan2(trace: Trace, y: Any, x: Any) -> Scalar:
    return weak(trace, trace.emit("arctan2", *(float_value(trace, v, "math.atan2()") for v in (y, x))))


@implements(math.copysign)
def copysign(trace: Trace, x: Any, y: Any) -> Scalar:
    return weak(trace, trace.emit("copysign", *(float_value(trace, v, "math.copysign()") for v in (x, y))))


@implements(math.hypot)
def hypot(trace: Trace, *coordinates: Any) -> Any:
    values = [float_value(trace, x, "math.hypot()") for x in coordinates]
    result = trace.emit("abs", values[0])
    for k, value in enumerate(values[1:]):
        result = trace.emit("hypot", result if k else values[0], value)
    return weak(trace, result)


@implements(math.dist)
def dist(trace: Trace, p: Any, q: Any) -> Any:
    return hypot(trace, *(a - b for a, b in zip(p, q, strict=True)))


@implements(math.fsum)
def fsum(trace: Trace, seq: Any) -> Any:
    return weak(trace, float_value(trace, sum_(trace, seq, 0.0), "math.fsum()"))


@implements(math.prod)
def prod(trace: Trace, iterable: Any, *, start: Any = 1) -> Any:
    result = start
    for x in iterable:
        result = result * x
    return result


def _scaled(function: Callable[..., float], factor: float) -> None:
    def handler(trace: Trace, x: Any) -> Scalar:
        value = float_value(trace, x, f"math.{function.__name__}()")
        return weak(trace, trace.emit("multiply", value, trace.b.like(value, factor)))

    implements(function)(handler)


_scaled(math.radians, math.pi / 180)
_scaled(math.degrees, 180 / math.pi)


def _question(function: Callable[..., bool], op: str) -> None:
    def handler(trace: Trace, x: Any) -> Scalar:
        return weak(trace, trace.emit(op, float_value(trace, x, f"math.{function.__name__}()")))

    implements(function)(handler)


_question(math.isnan, "isnan")
_question(math.isinf, "isinf")
_question(math.isfinite, "isfinite")


def _whole(function: Callable[..., Any], op: str) -> None:
    def handler(trace: Trace, x: Any) -> Scalar:
        number = as_number(trace, x, f"math.{function.__name__}()")
        if isinstance(number, Scalar) and not number.value.dtype.is_float:
            return int_(trace, number)
        return to_int(trace, trace.emit(op, float_value(trace, number, op)))

    implements(function)(handler)


_whole(math.floor, "floor")
_whole(math.ceil, "ceil")
_whole(math.trunc, "trunc")


@implements(math.isclose)
def isclose(trace: Trace, a: Any, b: Any, *, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> Scalar:
    x, y = (float_value(trace, v, "math.isclose()") for v in (a, b))
    bld = trace.b
    size = bld.maximum(bld.abs(x), bld.abs(y))
    allowed = bld.maximum(bld.multiply(bld.like(x, rel_tol), size), bld.like(x, abs_tol))
    near = bld.logical_and(bld.less_equal(bld.abs(bld.subtract(x, y)), allowed), bld.isfinite(size))
    return weak(trace, bld.logical_or(near, bld.equal(x, y)))
