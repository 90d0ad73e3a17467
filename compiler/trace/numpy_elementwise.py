"""NumPy's ufuncs on traced values: the loop that NumPy would take, as one operation or a few."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..errors import ShapeError, TraceError, UnsupportedError
from ..ir.types import DType
from .dispatch import implements
from .frame import Trace
from .location import user_location
from .operands import (
    Operand,
    as_dtype,
    broadcast,
    broadcast_to,
    default_dtype,
    finish,
    lift,
    promoted,
    value_of,
)
from .tracer import Array, Scalar, Tracer
from .ufunc_rules import (
    Rule,
    absolute,
    classify,
    fmod,
    heaviside,
    identity,
    integer_power,
    logical,
    on_bools,
    on_floats,
    plain,
    reciprocal,
    scaled,
    signbit,
)

# Builds the result from operands of the loop's dtypes and one shape.


def loop_kind(x: Operand) -> Any:
    """Return what decides NumPy's loop: a dtype, or `int` and `float` for the weak numbers."""
    if isinstance(x, Tracer):
        if isinstance(x, Scalar) and x.weak and x.value.dtype is not DType.BOOL:
            return x.python_type
        return x.dtype
    return np.dtype(bool) if isinstance(x, bool) else type(x)


@cache
def _loop(ufunc: Any, kinds: tuple[Any, ...], dtype: Any) -> tuple[DType, ...]:
    # NumPy takes no signature of None, so it is given only where there is one.
    options = {} if dtype is None else {"signature": (None,) * ufunc.nin + (dtype,) * ufunc.nout}
    return tuple(map(as_dtype, ufunc.resolve_dtypes((*kinds, *(None,) * ufunc.nout), **options)))


def loop_dtypes(ufunc: Any, operands: Sequence[Operand], dtype: Any = None) -> tuple[DType, ...]:
    """Return the dtypes of the operands and results in the loop that NumPy would run."""
    try:
        return _loop(ufunc, tuple([loop_kind(x) for x in operands]), dtype)
    except TypeError as error:
        raise TraceError(str(error), loc=user_location()) from None


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
    value = trace.b.cast(result.value, as_dtype(out.dtype))
    out.write(broadcast_to(trace, value, out.shape))
    return out


def refuse_where(where: Any) -> None:
    """Refuse a `where=` mask: the elements that it leaves out would not be defined."""
    if where is not True:
        raise UnsupportedError("where= is not supported: use np.where on the result", loc=user_location())


def register(ufunc: Any, rule: Rule, special: Callable[..., Any] | None = None) -> None:
    """Register the handlers of a ufunc: its call and, where it has two operands, `outer`.

    `special(trace, x1, x2)` replaces the loop that NumPy's type resolution gives.
    """
    what = f"ufunc '{ufunc.__name__}' output"

    def unary(trace: Trace, x: Any, out: Any = None, *, where: Any = True, dtype: Any = None) -> Any:
        refuse_where(where)
        return store(trace, apply(trace, ufunc, rule, x, dtype=dtype), out, what)

    def binary(
        trace: Trace, x1: Any, x2: Any, out: Any = None, *, where: Any = True, dtype: Any = None
    ) -> Any:
        refuse_where(where)
        if special is not None and dtype is None:
            return store(trace, special(trace, x1, x2), out, what)
        return store(trace, apply(trace, ufunc, rule, x1, x2, dtype=dtype), out, what)

    def outer(trace: Trace, a: Any, b: Any) -> Any:
        from .numpy_shape import reshape

        a, b = lift(trace, a), lift(trace, b)
        if isinstance(a, Tracer) and isinstance(b, Tracer) and b.shape:
            a = reshape(trace, a, (*a.shape, *(1,) * len(b.shape)))
        return binary(trace, a, b)

    implements(ufunc)(unary if ufunc.nin == 1 else binary)
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


def compare(op: str) -> Callable[..., Any]:
    """A comparison takes place in the common dtype of its operands."""

    def apply_in_common(trace: Trace, x: Any, y: Any) -> Scalar | Array:
        operands = [lift(trace, x), lift(trace, y)]
        common = as_dtype(promoted(operands))
        if common.is_float and not any(default_dtype(x).is_float for x in operands):
            raise UnsupportedError(
                "comparing signed with unsigned 64-bit integers is not supported: convert one of them first",
                loc=user_location(),
            )
        values = broadcast(trace, *(value_of(trace, x, common) for x in operands))
        return finish(trace, trace.emit(op, *values), operands)

    return apply_in_common


_SAME_NAME = """
    sign exp exp2 expm1 log log2 log10 log1p sqrt cbrt square sin cos tan arcsin arccos arctan sinh cosh tanh
    arcsinh arccosh arctanh invert subtract divide floor_divide remainder arctan2 hypot maximum minimum fmax
    fmin logaddexp copysign bitwise_and bitwise_or bitwise_xor left_shift right_shift
"""
for _name in _SAME_NAME.split():
    register(getattr(np, _name), plain(_name))
register(np.negative, plain("neg"))
register(np.fabs, plain("abs"))
register(np.float_power, plain("power"))
for _name in "equal not_equal less less_equal greater greater_equal".split():
    register(getattr(np, _name), plain(_name), compare(_name))
for _name in "logical_and logical_or logical_xor logical_not".split():
    register(getattr(np, _name), logical(_name))
for _name in "floor ceil rint trunc".split():
    register(getattr(np, _name), on_floats(_name))
register(np.add, on_bools("add", "logical_or"))
register(np.multiply, on_bools("multiply", "logical_and"))
register(np.absolute, absolute)
register(np.positive, identity)
register(np.conjugate, identity)
register(np.reciprocal, reciprocal)
register(np.power, integer_power, power)
register(np.fmod, fmod)
register(np.heaviside, heaviside)
register(np.signbit, signbit)
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
