"""Arithmetic on traced Python numbers: `int`, `float` and `bool` by Python's rules, its errors included."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import TraceError
from ..ir.graph import Value
from ..ir.types import DType
from .frame import Trace
from .location import user_location
from .operands import value_of
from .tracer import Scalar, Tracer

_ORDER = (DType.BOOL, DType.I64, DType.F64)
_KINDS = {bool: DType.BOOL, int: DType.I64, float: DType.F64}


def number_kind(x: Any) -> DType:
    """Return the dtype of a Python number, traced or not."""
    return x.value.dtype if isinstance(x, Tracer) else _KINDS[type(x) if type(x) in _KINDS else float]


def common_kind(*xs: Any, at_least: DType = DType.BOOL) -> DType:
    return max((at_least, *map(number_kind, xs)), key=_ORDER.index)


def weak(trace: Trace, value: Value) -> Scalar:
    return Scalar(trace, value, weak=True)


def check(trace: Trace, condition: Value, exception: str, message: str) -> None:
    """End the run with Python's exception where `condition` is false."""
    trace.emit_all("check", condition, exception=exception, message=message)


def python_message(function: Callable[..., Any], *args: Any) -> str:
    """Return the text of the error that this Python gives for `function(*args)`."""
    try:
        function(*args)
    except (ArithmeticError, ValueError) as error:
        return str(error)
    raise AssertionError(f"{function} takes {args}")


def check_divisor(trace: Trace, function: Callable[..., Any], divisor: Any, kind: DType) -> Value:
    """Return the divisor's value; a zero ends the run with ZeroDivisionError."""
    value = value_of(trace, divisor, kind)
    if isinstance(divisor, Tracer) or not divisor:
        one, zero = (1.0, 0.0) if kind is DType.F64 else (1, 0)
        message = python_message(function, one, zero)
        check(trace, trace.emit("not_equal", value, trace.b.like(value, 0)), "ZeroDivisionError", message)
    return value


def check_finite(trace: Trace, result: Value, operands: list[Value], message: str) -> None:
    """End the run with OverflowError where finite operands gave an infinite result."""
    allowed = trace.emit("logical_not", trace.emit("isinf", result))
    for x in operands:
        allowed = trace.emit("logical_or", allowed, trace.emit("isinf", x))
    check(trace, allowed, "OverflowError", message)


# Operators.


def _arithmetic(op: str) -> Callable[..., Scalar]:
    def apply(trace: Trace, x: Any, y: Any) -> Scalar:
        kind = common_kind(x, y, at_least=DType.I64)
        return weak(trace, trace.emit(op, value_of(trace, x, kind), value_of(trace, y, kind)))

    return apply


def _division(op: str, function: Callable[..., Any], at_least: DType) -> Callable[..., Scalar]:
    def apply(trace: Trace, x: Any, y: Any) -> Scalar:
        kind = common_kind(x, y, at_least=at_least)
        integers = common_kind(x, y) is not DType.F64
        divisor = check_divisor(trace, _on_integers if integers and op == "divide" else function, y, kind)
        return weak(trace, trace.emit(op, value_of(trace, x, kind), divisor))

    return apply


def _on_integers(x: float, y: float) -> float:
    return int(x) / int(y)


def _comparison(op: str) -> Callable[..., Scalar]:
    def apply(trace: Trace, x: Any, y: Any) -> Scalar:
        kind = common_kind(x, y, at_least=DType.I64)
        return weak(trace, trace.emit(op, value_of(trace, x, kind), value_of(trace, y, kind)))

    return apply


def _bits(symbol: str, integers: str, bools: str | None) -> Callable[..., Scalar]:
    def apply(trace: Trace, x: Any, y: Any) -> Scalar:
        kind = common_kind(x, y)
        if kind is DType.F64:
            raise TraceError(f"unsupported operand types for {symbol}: a float", loc=user_location())
        op = bools if kind is DType.BOOL and bools else integers
        kind = kind if op == bools else DType.I64
        count = value_of(trace, y, kind)
        if bools is None:
            check_shift(trace, y, count)
        return weak(trace, trace.emit(op, value_of(trace, x, kind), count))

    return apply


def check_shift(trace: Trace, count: Any, value: Value) -> None:
    if isinstance(count, Tracer) or count < 0:
        check(
            trace, trace.emit("greater_equal", value, trace.b.int64(0)), "ValueError", "negative shift count"
        )


def power(trace: Trace, x: Any, y: Any) -> Scalar:
    """`x ** y`; an int to a negative int is a float, so the sign of a traced exponent must be known."""
    kind = common_kind(x, y, at_least=DType.I64)
    if kind is DType.I64 and not isinstance(y, Tracer) and y < 0:
        kind = DType.F64
    if kind is DType.F64:
        return _float_power(trace, x, y)
    base, exponent = value_of(trace, x, kind), value_of(trace, y, kind)
    if isinstance(y, Tracer):
        message = "an int to the power of a negative traced int is not supported: make one of them a float"
        check(trace, trace.emit("greater_equal", exponent, trace.b.int64(0)), "ValueError", message)
    elif y == 2:
        return weak(trace, trace.emit("square", base))
    return weak(trace, trace.emit("power", base, exponent))


def _float_power(trace: Trace, x: Any, y: Any) -> Scalar:
    base, exponent = value_of(trace, x, DType.F64), value_of(trace, y, DType.F64)
    b, zero = trace.b, trace.b.literal(np.float64(0))
    known = not isinstance(y, Tracer)
    if not known or y < 0:
        fine = b.not_equal(base, zero)
        if not known:
            fine = b.logical_or(fine, b.logical_not(b.less(exponent, zero)))
        check(trace, fine, "ZeroDivisionError", python_message(operator.pow, 0.0, -1.0))
    if not known or not float(y).is_integer():
        fine = b.logical_not(b.logical_and(b.less(base, zero), b.isfinite(base)))
        if not known:
            fine = b.logical_or(fine, b.equal(exponent, b.rint(exponent)))
        message = "a negative number to a fractional power is complex, which is not supported"
        check(trace, fine, "ValueError", message)
    result = b.square(base) if known and y == 2 else b.power(base, exponent)
    operands = [base] if known else [base, exponent]
    check_finite(trace, result, operands, python_message(operator.pow, 1e200, 2.0))
    return weak(trace, result)


def _unary(op: str) -> Callable[..., Scalar]:
    def apply(trace: Trace, x: Any) -> Scalar:
        return weak(trace, trace.emit(op, value_of(trace, x, common_kind(x, at_least=DType.I64))))

    return apply


def positive(trace: Trace, x: Any) -> Scalar:
    return weak(trace, value_of(trace, x, common_kind(x, at_least=DType.I64)))


def invert(trace: Trace, x: Any) -> Scalar:
    if number_kind(x) is DType.F64:
        raise TraceError("bad operand type for unary ~: 'float'", loc=user_location())
    return weak(trace, trace.emit("invert", value_of(trace, x, DType.I64)))


def divmod_(trace: Trace, x: Any, y: Any) -> tuple[Scalar, Scalar]:
    kind = common_kind(x, y, at_least=DType.I64)
    dividend, divisor = value_of(trace, x, kind), check_divisor(trace, divmod, y, kind)
    parts = (trace.emit(op, dividend, divisor) for op in ("floor_divide", "remainder"))
    quotient, rest = (weak(trace, part) for part in parts)
    return quotient, rest


def matmul(trace: Trace, x: Any, y: Any) -> Scalar:
    raise TraceError("unsupported operand types for @: numbers", loc=user_location())


OPERATORS: dict[str, Callable[..., Any]] = {
    "add": _arithmetic("add"),
    "sub": _arithmetic("subtract"),
    "mul": _arithmetic("multiply"),
    "truediv": _division("divide", operator.truediv, DType.F64),
    "floordiv": _division("floor_divide", operator.floordiv, DType.I64),
    "mod": _division("remainder", operator.mod, DType.I64),
    "divmod": divmod_,
    "pow": power,
    "matmul": matmul,
    "lshift": _bits("<<", "left_shift", None),
    "rshift": _bits(">>", "right_shift", None),
    "and": _bits("&", "bitwise_and", "logical_and"),
    "or": _bits("|", "bitwise_or", "logical_or"),
    "xor": _bits("^", "bitwise_xor", "logical_xor"),
    "eq": _comparison("equal"),
    "ne": _comparison("not_equal"),
    "lt": _comparison("less"),
    "le": _comparison("less_equal"),
    "gt": _comparison("greater"),
    "ge": _comparison("greater_equal"),
    "neg": _unary("neg"),
    "abs": _unary("abs"),
    "pos": positive,
    "invert": invert,
}
