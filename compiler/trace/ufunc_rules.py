"""What a ufunc does to operands of its loop's dtypes and one shape, as operations."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import UnsupportedError
from ..ir.graph import Value
from ..ir.types import ArrayType, DType
from .frame import Trace
from .location import user_location

Rule = Callable[..., Value]


def plain(op: str) -> Rule:
    """The ufunc is the operation itself."""
    return lambda trace, *xs: trace.emit(op, *xs)


def on_bools(op: str, bool_op: str) -> Rule:
    """The ufunc is `op`, and `bool_op` for bools."""
    return lambda trace, *xs: trace.emit(bool_op if xs[0].dtype is DType.BOOL else op, *xs)


def on_floats(op: str) -> Rule:
    """The ufunc is `op` for floats and changes nothing in integers and bools."""
    return lambda trace, x: trace.emit(op, x) if x.dtype.is_float else x


def logical(op: str) -> Rule:
    """The operands count as true where they are not zero."""
    return lambda trace, *xs: trace.emit(op, *(trace.b.cast(x, DType.BOOL) for x in xs))


def classify(op: str, otherwise: bool) -> Rule:
    """A question about floats, with the answer for everything else."""

    def rule(trace: Trace, x: Value) -> Value:
        if x.dtype.is_float:
            return trace.emit(op, x)
        return trace.b.full(ArrayType(DType.BOOL, x.shape), otherwise)

    return rule


def scaled(factor: float) -> Rule:
    return lambda trace, x: trace.emit("multiply", x, trace.b.like(x, factor))


def absolute(trace: Trace, x: Value) -> Value:
    return x if x.dtype is DType.BOOL else trace.emit("abs", x)


def reciprocal(trace: Trace, x: Value) -> Value:
    if not x.dtype.is_float:
        raise UnsupportedError("np.reciprocal of integers is not supported", loc=user_location())
    return trace.emit("reciprocal", x)


def integer_power(trace: Trace, x: Value, y: Value) -> Value:
    """`power`; integers to negative integer powers end the run, as in NumPy."""
    if not x.dtype.is_float and y.dtype.is_signed:
        positive = trace.emit("greater_equal", y, trace.b.like(y, 0))
        if positive.shape:
            positive = trace.emit("all", positive, axes=tuple(range(len(positive.shape))))
        message = "Integers to negative integer powers are not allowed."
        trace.emit_all("check", positive, exception="ValueError", message=message)
    return trace.emit("power", x, y)


def fmod(trace: Trace, x: Value, y: Value) -> Value:
    """C's remainder has the sign of `x`."""
    rest = trace.emit("remainder", trace.emit("abs", x), trace.emit("abs", y))
    if x.dtype.is_float:
        return trace.emit("copysign", rest, x)
    return trace.emit("multiply", trace.emit("sign", x), rest)


def heaviside(trace: Trace, x: Value, at_zero: Value) -> Value:
    zero = trace.b.like(x, 0)
    step = trace.emit("where", trace.emit("greater", x, zero), trace.b.like(x, 1), zero)
    step = trace.emit("where", trace.emit("equal", x, zero), at_zero, step)
    return trace.emit("where", trace.emit("isnan", x), x, step)


def signbit(trace: Trace, x: Value) -> Value:
    return trace.emit("less", trace.emit("copysign", trace.b.like(x, 1), x), trace.b.like(x, 0))


def identity(trace: Trace, x: Value) -> Value:
    return x
