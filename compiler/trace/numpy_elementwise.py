"""NumPy's ufuncs on traced values: the loop that NumPy would take, as one operation or a few."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..errors import ShapeError, TraceError, UnsupportedError
from ..ir.graph import Value
from ..ir.types import ArrayType, DType
from .dispatch import FUNCTIONS, implements
from .frame import Trace, user_location
from .operands import (
    Operand,
    as_dtype,
    broadcast,
    broadcast_to,
    default_dtype,
    finish,
    is_weak,
    lift,
    promoted,
    value_of,
)
from .tracer import Array, Scalar, Tracer

# Builds the result from operands of the loop's dtypes and one shape.
Rule = Callable[..., Value]


def loop_kind(x: Operand) -> Any:
    """Return what decides NumPy's loop: a dtype, or `int` and `float` for the weak numbers."""
    if isinstance(x, Tracer):
        weak = isinstance(x, Scalar) and x.weak
        return x.python_type if weak and x.value.dtype is not DType.BOOL else x.dtype  # type: ignore[union-attr]
    return np.dtype(bool) if isinstance(x, bool) else type(x)


@cache
def _loop(ufunc: Any, kinds: tuple[Any, ...], dtype: Any) -> tuple[np.dtype[Any], ...]:
    # NumPy takes no signature of None, so it is given only where there is one.
    options = {} if dtype is None else {"signature": (None,) * ufunc.nin + (dtype,) * ufunc.nout}
    return tuple(ufunc.resolve_dtypes((*kinds, *(None,) * ufunc.nout), **options))


def loop_dtypes(ufunc: Any, operands: Sequence[Operand], dtype: Any = None) -> tuple[DType, ...]:
    """Return the dtypes of the operands and results in the loop that NumPy would run."""
    try:
        loop = _loop(ufunc, tuple(loop_kind(x) for x in operands), dtype)
    except TypeError as error:
        raise TraceError(str(error), loc=user_location()) from None
    return tuple(as_dtype(d) for d in loop)


def apply(trace: Trace, ufunc: Any, rule: Rule, *xs: Any, dtype: Any = None) -> Scalar | Array:
    """Apply a ufunc with one result to anything array-like."""
    operands = [lift(trace, x) for x in xs]
    loop = loop_dtypes(ufunc, operands, dtype)
    values = [value_of(trace, x, d) for x, d in zip(operands, loop, strict=False)]
    result = rule(trace, *broadcast(trace, *values))
    assert result.dtype is loop[-1], f"{ufunc} gave {result.dtype}, not {loop[-1]}"
    return finish(trace, result, operands)


def store(trace: Trace, result: Any, out: Any, what: str = "the result") -> Any:
    """Write `result` into the `out=` argument, where there is one, as NumPy does."""
    if isinstance(out, tuple):
        (out,) = out
    if out is None:
        return result
    if not isinstance(out, Array):
        raise UnsupportedError("out= takes an array made in the traced function", loc=user_location())
    if not np.can_cast(result.dtype, out.dtype, "same_kind"):
        raise TraceError(
            f"Cannot cast {what} from {result.dtype!r} to {out.dtype!r} with casting rule 'same_kind'",
            loc=user_location(),
        )
    fits = len(result.shape) <= len(out.shape)
    if not fits or any(d not in (1, o) for d, o in zip(result.shape[::-1], out.shape[::-1], strict=False)):
        raise ShapeError(
            f"non-broadcastable output operand with shape {out.shape} doesn't match the shape {result.shape}",
            loc=user_location(),
        )
    value = trace.b.cast(result.value, out.value.dtype)
    out.write(broadcast_to(trace, value, out.shape))
    return out


def refuse_where(where: Any) -> None:
    """Refuse a `where=` mask: the elements that it leaves out would not be defined."""
    if where is not True:
        raise UnsupportedError("where= is not supported: use np.where on the result", loc=user_location())


def register(ufunc: Any, rule: Rule, *aliases: Any) -> None:
    """Register the handlers of a ufunc: its call and, where it has two operands, `outer`."""

    def unary(trace: Trace, x: Any, out: Any = None, *, where: Any = True, dtype: Any = None) -> Any:
        refuse_where(where)
        return store(trace, apply(trace, ufunc, rule, x, dtype=dtype), out, f"ufunc '{ufunc.__name__}' output")

    def binary(trace: Trace, x1: Any, x2: Any, out: Any = None, *, where: Any = True, dtype: Any = None) -> Any:
        refuse_where(where)
        if ufunc is np.power and dtype is None:
            result = power(trace, x1, x2)
        else:
            result = apply(trace, ufunc, rule, x1, x2, dtype=dtype)
        return store(trace, result, out, f"ufunc '{ufunc.__name__}' output")

    def outer(trace: Trace, a: Any, b: Any) -> Any:
        from .numpy_shape import reshape

        a, b = lift(trace, a), lift(trace, b)
        if isinstance(a, Tracer) and isinstance(b, Tracer) and b.shape:
            a = reshape(trace, a, (*a.shape, *(1,) * len(b.shape)))
        return binary(trace, a, b)

    implements(ufunc, *aliases)(unary if ufunc.nin == 1 else binary)
    if ufunc.nin == 2:
        implements((ufunc, "outer"))(outer)


def power(trace: Trace, base: Any, exponent: Any) -> Scalar | Array:
    """`np.power`, which takes `square` and `sqrt` for an exponent that is the number 2 or 0.5."""
    if isinstance(exponent, Tracer) or not isinstance(exponent, (int, float, np.generic)):
        return apply(trace, np.power, integer_power, base, exponent)
    operands = [lift(trace, base), lift(trace, exponent)]
    dtype = loop_dtypes(np.power, operands)[-1].numpy
    if exponent == 2:
        return apply(trace, np.square, plain("square"), operands[0], dtype=dtype)
    if exponent == 0.5:
        return apply(trace, np.sqrt, plain("sqrt"), operands[0], dtype=dtype)
    return scalar_power(trace, *operands, exponent=exponent)


def scalar_power(trace: Trace, x: Any, y: Any, *, exponent: Any = None) -> Scalar | Array:
    """The power itself; `exponent` is the value of `y` where it is known."""
    rule = integer_power if exponent is None or exponent < 0 else plain("power")
    return apply(trace, np.power, rule, x, y)


# Rules.


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


def register_comparison(op: str) -> None:
    """Register a comparison, which takes place in the common dtype of its operands."""
    ufunc = getattr(np, op)

    def rule(trace: Trace, x: Value, y: Value) -> Value:
        return trace.emit(op, x, y)

    def compare(trace: Trace, x1: Any, x2: Any, out: Any = None, *, where: Any = True, dtype: Any = None) -> Any:
        refuse_where(where)
        operands = [lift(trace, x) for x in (x1, x2)]
        common = as_dtype(promoted(operands))
        if common.is_float and not any(default_dtype(x).is_float for x in operands):
            raise UnsupportedError(
                "comparing signed with unsigned 64-bit integers is not supported: convert one of them first",
                loc=user_location(),
            )
        result = rule(trace, *broadcast(trace, *(value_of(trace, x, common) for x in operands)))
        return store(trace, finish(trace, result, operands), out, f"ufunc '{op}' output")

    register(ufunc, rule)
    FUNCTIONS[ufunc] = compare


def _absolute(trace: Trace, x: Value) -> Value:
    return x if x.dtype is DType.BOOL else trace.emit("abs", x)


def _reciprocal(trace: Trace, x: Value) -> Value:
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


def _fmod(trace: Trace, x: Value, y: Value) -> Value:
    """C's remainder has the sign of `x`."""
    rest = trace.emit("remainder", trace.emit("abs", x), trace.emit("abs", y))
    if x.dtype.is_float:
        return trace.emit("copysign", rest, x)
    return trace.emit("multiply", trace.emit("sign", x), rest)


def _heaviside(trace: Trace, x: Value, at_zero: Value) -> Value:
    zero = trace.b.like(x, 0)
    step = trace.emit("where", trace.emit("greater", x, zero), trace.b.like(x, 1), zero)
    step = trace.emit("where", trace.emit("equal", x, zero), at_zero, step)
    return trace.emit("where", trace.emit("isnan", x), x, step)


def _signbit(trace: Trace, x: Value) -> Value:
    return trace.emit("less", trace.emit("copysign", trace.b.like(x, 1), x), trace.b.like(x, 0))


def _identity(trace: Trace, x: Value) -> Value:
    return x


_PLAIN = {
    **{getattr(np, name): name for name in (
        "sign exp exp2 expm1 log log2 log10 log1p sqrt cbrt square sin cos tan arcsin arccos arctan sinh cosh"
        " tanh arcsinh arccosh arctanh invert subtract divide floor_divide remainder arctan2 hypot"
        " maximum minimum fmax fmin logaddexp copysign bitwise_and bitwise_or bitwise_xor left_shift right_shift"
    ).split()},
    np.negative: "neg",
    np.fabs: "abs",
    np.float_power: "power",
}  # fmt: skip

for _ufunc, _op in _PLAIN.items():
    register(_ufunc, plain(_op))
for _name in "equal not_equal less less_equal greater greater_equal".split():
    register_comparison(_name)
for _name in "logical_and logical_or logical_xor logical_not".split():
    register(getattr(np, _name), logical(_name))
for _name in "floor ceil rint trunc".split():
    register(getattr(np, _name), on_floats(_name))
register(np.add, on_bools("add", "logical_or"))
register(np.multiply, on_bools("multiply", "logical_and"))
register(np.absolute, _absolute)
register(np.positive, _identity)
register(np.conjugate, _identity)
register(np.reciprocal, _reciprocal)
register(np.power, integer_power)
register(np.fmod, _fmod)
register(np.heaviside, _heaviside)
register(np.signbit, _signbit)
register(np.isnan, classify("isnan", False))
register(np.isinf, classify("isinf", False))
register(np.isfinite, classify("isfinite", True))
register(np.deg2rad, scaled(math.pi / 180))
register(np.radians, scaled(math.pi / 180))
register(np.rad2deg, scaled(180 / math.pi))
register(np.degrees, scaled(180 / math.pi))


@implements(np.divmod)
def divmod_(trace: Trace, x1: Any, x2: Any) -> tuple[Any, Any]:
    quotient = apply(trace, np.floor_divide, plain("floor_divide"), x1, x2)
    return quotient, apply(trace, np.remainder, plain("remainder"), x1, x2)


__all__ = ["Rule", "apply", "is_weak", "store"]
