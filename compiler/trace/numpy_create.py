"""Creation of arrays in traced code: every one is a new handle that can be written to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError, UnsupportedError
from ..ir.dims import Shape
from ..ir.graph import Value
from ..ir.types import ArrayType
from .dispatch import implements
from .frame import Trace
from .location import user_location
from .operands import (
    as_dtype,
    broadcast_to,
    default_dtype,
    is_number,
    lift,
    ordered,
    own_value,
    value_of,
)
from .tracer import Array, Scalar, Tracer, new_array


def as_shape(trace: Trace, shape: Any) -> Shape:
    """Return a shape given as an int or a sequence; a traced int without a bound becomes a guard."""
    if isinstance(shape, Tracer) and shape.shape:
        raise UnsupportedError("a traced array cannot be a shape", loc=user_location())
    dims: tuple[Any, ...] = tuple(shape) if isinstance(shape, (tuple, list, np.ndarray)) else (shape,)
    result = tuple(trace.sizes.size_of(d) for d in dims)
    if any(isinstance(d, int) and d < 0 for d in result):
        raise ShapeError("negative dimensions are not allowed", loc=user_location())
    return result


def refuse_layout(order: Any, like: Any = None) -> None:
    if order not in ("C", "K", "A", None) or like is not None:
        raise UnsupportedError(
            f"order={order!r} and like= are not supported: arrays are in C order", loc=user_location()
        )


def _filled(trace: Trace, shape: Any, value: Any, dtype: Any) -> Array:
    return new_array(trace, trace.b.full(ArrayType(as_dtype(dtype), as_shape(trace, shape)), value))


@implements(np.zeros, np.empty, creates=True)
def zeros(trace: Trace, shape: Any, dtype: Any = float, order: str = "C", *, like: Any = None) -> Array:
    refuse_layout(order, like)
    return _filled(trace, shape, 0, float if dtype is None else dtype)


@implements(np.ones, creates=True)
def ones(trace: Trace, shape: Any, dtype: Any = None, order: str = "C", *, like: Any = None) -> Array:
    refuse_layout(order, like)
    return _filled(trace, shape, 1, float if dtype is None else dtype)


@implements(np.full, creates=True)
def full(
    trace: Trace, shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, like: Any = None
) -> Array:
    refuse_layout(order, like)
    fill = lift(trace, fill_value)
    value = value_of(trace, fill, default_dtype(fill) if dtype is None else as_dtype(dtype))
    return new_array(trace, broadcast_to(trace, value, as_shape(trace, shape)))


@implements(np.zeros_like, np.empty_like, creates=True)
def zeros_like(
    trace: Trace, a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None
) -> Array:
    return full_like(trace, a, 0, dtype, order, subok, shape)


@implements(np.ones_like, creates=True)
def ones_like(
    trace: Trace, a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None
) -> Array:
    return full_like(trace, a, 1, dtype, order, subok, shape)


@implements(np.full_like, creates=True)
def full_like(
    trace: Trace,
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
) -> Array:
    refuse_layout(order)
    like = lift(trace, a)
    own = like.shape if isinstance(like, Tracer) else ()
    element = default_dtype(like) if dtype is None else as_dtype(dtype)
    fill = value_of(trace, lift(trace, fill_value), element)
    value = broadcast_to(trace, fill, own if shape is None else as_shape(trace, shape))
    return new_array(trace, value, ordered=order == "C" or ordered([like]))


# Arrays of given elements.


@implements(np.array, creates=True)
def array(
    trace: Trace,
    object: Any,
    dtype: Any = None,
    *,
    copy: Any = True,
    order: str = "K",
    subok: bool = False,
    ndmin: int = 0,
    like: Any = None,
) -> Array:
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
    rows = [trace.b.reshape(v, shape=(math.prod(v.shape),)) for v in values]
    flat = trace.b.concatenate(*rows, axis=0)
    return flat if flat.shape == shape else trace.b.reshape(flat, shape=shape)


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
            "setting an array element with a sequence. The requested array has an inhomogeneous shape: its"
            f" parts have the shapes {', '.join(str(s) for s in dict.fromkeys(shapes))}",
            loc=user_location(),
        )
    return (len(items), *(shapes[0] if shapes else ()))


@implements(np.asarray, np.asanyarray, np.ascontiguousarray, creates=True)
def asarray(
    trace: Trace, a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, like: Any = None
) -> Array:
    """The array itself where it has that dtype, else a converted copy."""
    refuse_layout(order, like)
    if isinstance(a, Array) and copy is not True and (dtype is None or as_dtype(dtype) is a.value.dtype):
        return a
    operand = lift(trace, a)
    if isinstance(operand, Array) and operand is not a:  # a sequence, or a captured array
        return asarray(trace, operand, dtype)
    return array(trace, operand, dtype)


@implements(np.copy, creates=True)
def copy(trace: Trace, a: Any, order: str = "K", subok: bool = False) -> Array:
    return array(trace, a, order=order)


@implements(method="copy")
def copy_method(trace: Trace, a: Any, order: str = "C") -> Any:
    return a if isinstance(a, Scalar) else array(trace, a, order=order)


@implements(method="astype")
def astype(
    trace: Trace,
    a: Any,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Any:
    refuse_layout(order)
    if casting != "unsafe" and not np.can_cast(a.dtype, dtype, casting):  # type: ignore[arg-type]
        raise ShapeError(
            f"Cannot cast from {a.dtype!r} to {np.dtype(dtype)!r} according to '{casting}'",
            loc=user_location(),
        )
    value = trace.b.cast(a.value, as_dtype(dtype))
    if isinstance(a, Scalar):
        return Scalar(trace, value, weak=False)
    if not copy and value.dtype is a.value.dtype:
        return a
    return new_array(trace, value, ordered=ordered([a]))


# Regular arrays.
