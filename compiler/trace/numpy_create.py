"""Creation of arrays in traced code: every one is a new handle that can be written to."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError, UnsupportedError
from ..ir.graph import Value
from ..ir.types import ArrayType, DType
from .dispatch import implements
from .frame import Trace, user_location
from .operands import as_dtype, broadcast_to, default_dtype, is_number, lift, ordered, own_value, promoted, value_of
from .tracer import Array, Scalar, Tracer, new_array

_INLINE = 64  # larger regular arrays are computed, not stored in the program


def as_shape(shape: Any) -> tuple[int, ...]:
    """Return a shape given as an int or a sequence; traced ints in it become guards on their values."""
    if isinstance(shape, Tracer) and shape.shape:
        raise UnsupportedError("a traced array cannot be a shape", loc=user_location())
    dims = tuple(shape) if isinstance(shape, (tuple, list, np.ndarray)) else (shape,)
    result = tuple(operator.index(d) for d in dims)
    if any(d < 0 for d in result):
        raise ShapeError("negative dimensions are not allowed", loc=user_location())
    return result


def refuse_layout(order: Any, like: Any = None) -> None:
    if order not in ("C", "K", "A", None) or like is not None:
        raise UnsupportedError(f"order={order!r} and like= are not supported: arrays are in C order", loc=user_location())


def _filled(trace: Trace, shape: Any, value: Any, dtype: Any) -> Array:
    return new_array(trace, trace.b.full(ArrayType(as_dtype(dtype), as_shape(shape)), value))


@implements(np.zeros, np.empty)
def zeros(trace: Trace, shape: Any, dtype: Any = float, order: str = "C", *, like: Any = None) -> Array:
    refuse_layout(order, like)
    return _filled(trace, shape, 0, float if dtype is None else dtype)


@implements(np.ones)
def ones(trace: Trace, shape: Any, dtype: Any = None, order: str = "C", *, like: Any = None) -> Array:
    refuse_layout(order, like)
    return _filled(trace, shape, 1, float if dtype is None else dtype)


@implements(np.full)
def full(trace: Trace, shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, like: Any = None) -> Array:
    refuse_layout(order, like)
    fill = lift(trace, fill_value)
    value = value_of(trace, fill, default_dtype(fill) if dtype is None else as_dtype(dtype))
    return new_array(trace, broadcast_to(trace, value, as_shape(shape)))


@implements(np.zeros_like, np.empty_like)
def zeros_like(trace: Trace, a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Array:
    return full_like(trace, a, 0, dtype, order, subok, shape)


@implements(np.ones_like)
def ones_like(trace: Trace, a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Array:
    return full_like(trace, a, 1, dtype, order, subok, shape)


@implements(np.full_like)
def full_like(
    trace: Trace, a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None
) -> Array:
    refuse_layout(order)
    like = lift(trace, a)
    own = like.shape if isinstance(like, Tracer) else ()
    element = default_dtype(like) if dtype is None else as_dtype(dtype)
    fill = value_of(trace, lift(trace, fill_value), element)
    value = broadcast_to(trace, fill, own if shape is None else as_shape(shape))
    return new_array(trace, value, ordered=order == "C" or ordered([like]))


# Arrays of given elements.


@implements(np.array)
def array(
    trace: Trace, object: Any, dtype: Any = None, *, copy: Any = True, order: str = "K",
    subok: bool = False, ndmin: int = 0, like: Any = None,
) -> Array:  # fmt: skip
    """`np.array`: a copy, unless `copy` is false and `object` is an array of that dtype already."""
    refuse_layout(order, like)
    if copy is not True and isinstance(object, Array) and ndmin <= object.ndim:
        return asarray(trace, object, dtype)
    if isinstance(object, (list, tuple)):
        value, in_order = _nested(trace, object), True
    else:
        operand = lift(trace, object)
        value, in_order = own_value(trace, operand), order == "C" or ordered([operand])
    if dtype is not None:
        value = trace.b.cast(value, as_dtype(dtype))
    if len(value.shape) < ndmin:
        value = trace.b.reshape(value, shape=(1,) * (ndmin - len(value.shape)) + value.shape)
    return new_array(trace, value, ordered=in_order)


def _nested(trace: Trace, items: Sequence[Any]) -> Value:
    """Stack nested sequences of numbers and arrays."""
    if _is_concrete(items):
        return trace.b.literal(_concrete_array(items))
    leaves: list[Any] = []
    shape = _collect(trace, items, leaves)
    types = [x.dtype if isinstance(x, Tracer) else np.asarray(x).dtype for x in leaves]
    dtype = as_dtype(np.result_type(*types))
    values = [value_of(trace, x, dtype) for x in leaves]
    rows = [trace.b.reshape(v, shape=(1, *v.shape)) for v in values]
    return trace.b.reshape(trace.b.concatenate(*rows, axis=0), shape=shape)


def _is_concrete(items: Any) -> bool:
    if isinstance(items, (list, tuple)):
        return all(_is_concrete(x) for x in items)
    return is_number(items) or isinstance(items, np.generic)


def _concrete_array(items: Any) -> np.ndarray:
    try:
        result = np.array(items)
    except ValueError as error:
        raise ShapeError(str(error), loc=user_location()) from None
    return result.astype(as_dtype(result.dtype).numpy)


def _collect(trace: Trace, items: Any, leaves: list[Any]) -> tuple[Any, ...]:
    """Append the numbers and arrays in `items` to `leaves`; return the shape of all of it."""
    if not isinstance(items, (list, tuple)):
        leaf = lift(trace, items)
        leaves.append(leaf)
        return leaf.shape if isinstance(leaf, Tracer) else ()
    shapes = [_collect(trace, item, leaves) for item in items]
    if any(s != shapes[0] for s in shapes):
        raise ShapeError(
            "setting an array element with a sequence. The requested array has an inhomogeneous shape: its parts"
            f" have the shapes {', '.join(str(s) for s in dict.fromkeys(shapes))}",
            loc=user_location(),
        )
    return (len(items), *(shapes[0] if shapes else ()))


@implements(np.asarray, np.asanyarray, np.ascontiguousarray)
def asarray(trace: Trace, a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, like: Any = None) -> Array:
    """The array itself where it has that dtype, else a converted copy."""
    refuse_layout(order, like)
    if isinstance(a, Array) and copy is not True and (dtype is None or as_dtype(dtype) is a.value.dtype):
        return a
    operand = lift(trace, a)
    if isinstance(operand, Array) and operand is not a:  # a sequence, or a captured array
        return asarray(trace, operand, dtype)
    return array(trace, operand, dtype)


@implements(np.copy)
def copy(trace: Trace, a: Any, order: str = "K", subok: bool = False) -> Array:
    return array(trace, a, order=order)


@implements(method="copy")
def copy_method(trace: Trace, a: Any, order: str = "C") -> Any:
    return a if isinstance(a, Scalar) else array(trace, a, order=order)


@implements(method="astype")
def astype(
    trace: Trace, a: Any, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
) -> Any:
    refuse_layout(order)
    if casting != "unsafe" and not np.can_cast(a.dtype, dtype, casting):  # type: ignore[arg-type]
        raise ShapeError(f"Cannot cast from {a.dtype!r} to {np.dtype(dtype)!r} according to '{casting}'", loc=user_location())
    value = trace.b.cast(a.value, as_dtype(dtype))
    if isinstance(a, Scalar):
        return Scalar(trace, value, weak=False)
    if not copy and value.dtype is a.value.dtype:
        return a
    return new_array(trace, value, ordered=ordered([a]))


# Regular arrays.


def _concrete(x: Any) -> Any:
    """Return a bound as a number; a traced int becomes a guard on its value, anything else is refused."""
    if isinstance(x, Tracer):
        return operator.index(x) if x.value.dtype.is_integer else float(x)  # type: ignore[arg-type]
    return x


@implements(np.arange)
def arange(trace: Trace, start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, *, like: Any = None) -> Array:
    refuse_layout(None, like)
    start, stop, step = (_concrete(x) for x in (start, stop, step))
    if stop is None:
        start, stop = 0, start
    whole = np.arange(start, stop, step, dtype)
    if whole.size <= _INLINE:
        return new_array(trace, trace.b.literal(whole.astype(as_dtype(whole.dtype).numpy)))
    element = as_dtype(whole.dtype)
    indices = trace.emit("iota", size=whole.size, dtype=element)
    delta = whole[1] - whole[0]
    if delta != 1:
        indices = trace.emit("multiply", indices, trace.b.like(indices, delta))
    return new_array(trace, indices if not start else trace.emit("add", indices, trace.b.like(indices, whole[0])))


@implements(np.linspace)
def linspace(
    trace: Trace, start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    from .numpy_shape import moveaxis

    num = operator.index(num)
    intervals = num - 1 if endpoint else num
    bounds = [lift(trace, x) for x in (start, stop)]
    element = as_dtype(np.result_type(promoted(bounds), 0.0))
    first, last = (value_of(trace, x, element) for x in bounds)
    shape = np.broadcast_shapes(first.shape, last.shape)
    first, last = (broadcast_to(trace, x, shape) for x in (first, last))
    step = trace.emit("divide", trace.emit("subtract", last, first), trace.b.like(first, intervals or np.nan))
    ramp = trace.emit("iota", size=num, dtype=element)
    ramp = trace.b.broadcast(ramp, shape=(num, *shape), axes=(0,))
    if intervals:
        ramp = trace.emit("multiply", ramp, broadcast_to(trace, step, ramp.shape))
    result = trace.emit("add", ramp, broadcast_to(trace, first, ramp.shape))
    if endpoint and num > 1:
        from ..ir.graph import Span

        at = (num - 1, *(Span(0, d) for d in shape))
        result = trace.b.update(result, last, at=at)
    if dtype is not None and as_dtype(dtype).is_integer:
        result = trace.emit("floor", result)
    whole = new_array(trace, result if dtype is None else trace.b.cast(result, as_dtype(dtype)))
    whole = whole if not axis else moveaxis(trace, whole, 0, axis)
    return (whole, Scalar(trace, step, weak=False)) if retstep and not shape else (whole, new_array(trace, step)) if retstep else whole


def band(trace: Trace, rows: int, columns: int, k: int, relation: str) -> Value:
    """The bools `row + k <relation> column` of a matrix."""
    if rows * columns <= _INLINE:
        table = getattr(np, relation)(np.arange(rows)[:, None] + k, np.arange(columns)[None, :])
        return trace.b.literal(table)
    row, column = (trace.emit("iota", size=n, dtype=DType.I64) for n in (rows, columns))
    row = row if not k else trace.emit("add", row, trace.b.like(row, k))
    row = trace.b.broadcast(row, shape=(rows, columns), axes=(0,))
    return trace.emit(relation, row, trace.b.broadcast(column, shape=(rows, columns), axes=(1,)))


@implements(np.eye)
def eye(
    trace: Trace, N: Any, M: Any = None, k: Any = 0, dtype: Any = float, order: str = "C", *, like: Any = None
) -> Array:
    refuse_layout(order, like)
    rows = operator.index(N)
    columns = rows if M is None else operator.index(M)
    return new_array(trace, trace.b.cast(band(trace, rows, columns, operator.index(k), "equal"), as_dtype(dtype)))


@implements(np.identity)
def identity(trace: Trace, n: Any, dtype: Any = None, *, like: Any = None) -> Array:
    return eye(trace, n, dtype=float if dtype is None else dtype, like=like)


@implements(np.tri)
def tri(trace: Trace, N: Any, M: Any = None, k: Any = 0, dtype: Any = float, *, like: Any = None) -> Array:
    rows = operator.index(N)
    columns = rows if M is None else operator.index(M)
    return new_array(trace, trace.b.cast(band(trace, rows, columns, operator.index(k), "greater_equal"), as_dtype(dtype)))
