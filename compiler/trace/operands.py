"""From what the user passes to a function to SSA values: lifting, promotion (NEP 50), broadcasting, casts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from ..errors import ShapeError, TraceError, UnsupportedError
from ..ir.dims import Shape
from ..ir.graph import Value
from ..ir.types import DType, dtype_of
from .frame import Trace
from .location import user_location
from .tracer import Array, Scalar, Tracer, new_array, wrap

# Stand-ins that NumPy promotes as it does Python numbers.
_WEAK = {DType.BOOL: False, DType.I64: 0, DType.F64: 0.0}
_SUPPORTED = "bool, the integers, float32 and float64"

Operand = Tracer | int | float | bool


def is_number(x: Any) -> TypeGuard[bool | int | float]:
    return isinstance(x, (bool, int, float)) and not isinstance(x, np.generic)


def as_dtype(dtype: Any) -> DType:
    """Return the DType of anything NumPy takes as a dtype; others (complex, objects, float16) are refused."""
    try:
        return dtype_of(np.dtype(dtype))
    except (KeyError, TypeError):
        raise UnsupportedError(
            f"the dtype {dtype!r} is not supported; the dtypes are {_SUPPORTED}", loc=user_location()
        ) from None


def lift(trace: Trace, x: Any) -> Operand:
    """Return `x` as a tracer or a Python number.

    NumPy arrays become inputs that are read at each call, NumPy scalars constants, and (nested) lists
    and tuples arrays of their elements.
    """
    if isinstance(x, Tracer):
        if x.run is not trace:
            trace.refuse_foreign()
        return x
    if isinstance(x, np.generic):
        return Scalar(trace, trace.b.literal(np.asarray(x).astype(as_dtype(x.dtype).numpy)), weak=False)
    if is_number(x):
        return x
    if isinstance(x, np.ndarray):
        return trace.capture(x)
    if isinstance(x, (list, tuple)):
        from .numpy_create import array

        return array(trace, x)
    raise UnsupportedError(
        f"{type(x).__name__} is neither a number nor an array ({_SUPPORTED})", loc=user_location()
    )


def promoted(operands: Sequence[Operand]) -> np.dtype[Any]:
    """Return the dtype that NumPy gives to a mix of arrays and weak Python numbers (NEP 50)."""
    samples: list[Any] = []
    for x in operands:
        if isinstance(x, Scalar) and x.weak:
            samples.append(_WEAK[x.value.dtype])
        elif isinstance(x, Tracer):
            samples.append(x.dtype)
        else:
            samples.append(type(x)(0))
    return np.result_type(*samples)


def value_of(trace: Trace, x: Operand, dtype: DType) -> Value:
    """Return the value of an operand in `dtype`."""
    if isinstance(x, Tracer):
        value = x.value
        own = value.dtype
        if own is dtype:
            return value
        if own is DType.I64 and dtype.is_integer and is_weak(x):
            _check_fits(trace, value, dtype)
        return trace.b.convert(value, dtype=dtype)
    try:
        return trace.b.literal(np.asarray(x, dtype.numpy))
    except OverflowError:
        raise TraceError(
            f"the Python integer {x} does not fit in {dtype.value}", loc=user_location()
        ) from None


def _check_fits(trace: Trace, x: Value, dtype: DType) -> None:
    """End the run as NumPy does where a Python int is none of the numbers of `dtype`."""
    limits = np.iinfo(dtype.numpy)
    fits = trace.emit("greater_equal", x, trace.b.int64(int(limits.min)))
    if dtype is not DType.U64:
        fits = trace.emit("logical_and", fits, trace.emit("less_equal", x, trace.b.int64(int(limits.max))))
    message = f"Python integer out of bounds for {dtype.numpy.name}"
    trace.emit_all("check", fits, exception="OverflowError", message=message)


def default_dtype(x: Operand) -> DType:
    """Return the dtype that `x` has by itself."""
    return x.value.dtype if isinstance(x, Tracer) else dtype_of(np.asarray(x).dtype)


def own_value(trace: Trace, x: Any) -> Value:
    """Return the value of anything array-like in its own dtype."""
    operand = lift(trace, x)
    return value_of(trace, operand, default_dtype(operand))


def promote(trace: Trace, *xs: Any, dtype: Any = None) -> list[Value]:
    """Return the values of `xs` in their common dtype (or in `dtype`), not yet broadcast."""
    operands = [lift(trace, x) for x in xs]
    common = as_dtype(dtype if dtype is not None else promoted(operands))
    return [value_of(trace, x, common) for x in operands]


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Return the shape that NumPy broadcasts `shapes` to; shapes that do not fit raise at the user's line."""
    rank = max((len(s) for s in shapes), default=0)
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    result: list[Any] = []
    for dims in zip(*padded, strict=True):
        distinct = [d for d in dict.fromkeys(dims) if d != 1]
        if len(distinct) > 1:
            text = " and ".join(str(tuple(s)) for s in shapes)
            raise ShapeError(f"the shapes {text} do not fit together", loc=user_location())
        result.append(distinct[0] if distinct else 1)
    return tuple(result)


def broadcast_to(trace: Trace, x: Value, shape: Shape) -> Value:
    """Return `x` broadcast to `shape`, by NumPy's rules."""
    if x.shape == shape:
        return x
    if broadcast_shapes(x.shape, shape) != shape:
        raise ShapeError(f"shape {x.shape} does not broadcast to {shape}", loc=user_location())
    offset = len(shape) - len(x.shape)
    axes = tuple(i + offset for i, d in enumerate(x.shape) if d != 1 or shape[i + offset] == 1)
    kept = tuple(shape[axis] for axis in axes)
    if kept != x.shape:
        x = trace.b.reshape(x, shape=kept)
    return x if kept == shape else trace.b.broadcast(x, shape=shape, axes=axes)


def broadcast(trace: Trace, *values: Value) -> list[Value]:
    """Return the values broadcast to their common shape."""
    shapes = [v.shape for v in values]
    if shapes.count(shapes[0]) == len(shapes):
        return list(values)
    shape = broadcast_shapes(*shapes)
    return [broadcast_to(trace, v, shape) for v in values]


def ordered(operands: Sequence[Any]) -> bool:
    """Tell whether NumPy's result of an elementwise function of these is surely in C order."""
    return all(_falling(x.shape, x.steps) for x in operands if isinstance(x, Array))


def _falling(shape: Shape, strides: tuple[int, ...] | None) -> bool:
    """Tell whether the axes are in order of their strides."""
    if strides is None:
        return False
    steps = [s for d, s in zip(shape, strides, strict=True) if d != 1]
    return all(s > 0 for s in steps) and steps == sorted(steps, reverse=True)


def as_array(trace: Trace, x: Any) -> Array:
    """Return anything array-like as an array handle: the same one, or a new one for what is no array yet."""
    operand = lift(trace, x)
    return operand if isinstance(operand, Array) else new_array(trace, own_value(trace, operand))


def elementwise(trace: Trace, op: str, *xs: Any, dtype: Any = None, weak: bool = False) -> Scalar | Array:
    """Apply an elementwise operation as a NumPy ufunc would: promote, broadcast, wrap.

    `weak` asks for a Python number where every operand is one (the operators' rule; a ufunc gives a
    NumPy scalar even for Python numbers).
    """
    operands = [lift(trace, x) for x in xs]
    result = trace.emit(op, *broadcast(trace, *promote(trace, *operands, dtype=dtype)))
    return finish(trace, result, operands, weak=weak)


def finish(trace: Trace, result: Value, operands: Sequence[Operand], *, weak: bool = False) -> Scalar | Array:
    """Wrap the result of an elementwise function of `operands`, with the weakness and memory order it has."""
    if not result.shape:
        return Scalar(trace, result, weak=weak and all(is_weak(x) for x in operands))
    return new_array(trace, result, ordered=ordered(operands))


def is_weak(x: Any) -> bool:
    """Tell whether `x` is a Python number, traced or not."""
    return is_number(x) or (isinstance(x, Scalar) and x.weak)


__all__ = ["Operand", "wrap"]
