"""Shapes: reshape, transpose and what else only looks at the same elements in another way."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError, TraceError, UnsupportedError
from ..ir.dims import Shape
from .axes import as_axes, as_axis
from .dispatch import PROPERTIES, implements
from .frame import Trace
from .lens import Basic, Broadcast, Reshape, Transpose, reshaped_strides
from .location import user_location
from .operands import as_array, broadcast_shapes
from .slices import span
from .tracer import Array, Scalar, Tracer, maybe_same, new_array


def refuse_order(order: Any) -> None:
    if order not in ("C", None):
        raise UnsupportedError(f"order={order!r} is not supported: use order='C'", loc=user_location())


def reshaped(trace: Trace, x: Array, shape: tuple[Any, ...]) -> Array:
    """Return a view where NumPy gives one, else a copy.

    Where the memory order is not known it is a new buffer that may be the same memory as `x`.
    """
    if x.steps is not None:
        strides = reshaped_strides(x.shape, x.steps, shape)
        if strides is not None:
            return x.through(Reshape(x.shape, shape), strides)
        return new_array(trace, trace.b.reshape(x.value, shape=shape))
    return maybe_same(new_array(trace, trace.b.reshape(x.value, shape=shape)), x)


def with_ones(x: Array, shape: tuple[Any, ...]) -> Array:
    """Return the view with other axes of size 1, which never moves an element."""
    if shape == x.shape:
        return x.through(Reshape(shape, shape))
    strides = None if x.steps is None else reshaped_strides(x.shape, x.steps, shape)
    return x.through(Reshape(x.shape, shape), strides)


def _complete(trace: Trace, shape: Any, old: Shape) -> Shape:
    """Return the new shape with its -1 filled in."""
    dims = tuple(shape) if isinstance(shape, (tuple, list, np.ndarray)) else (shape,)
    new = [trace.sizes.size_of(d) for d in dims]
    known, size = math.prod(d for d in new if d != -1), math.prod(old)
    if new.count(-1) > 1:
        raise ShapeError("can only specify one unknown dimension", loc=user_location())
    if -1 in new and known == 1:
        new[new.index(-1)] = size
    elif -1 in new and known != 0 and size % known == 0:
        new[new.index(-1)] = size // known
    if -1 in new or math.prod(new) != size:
        raise ShapeError(f"cannot reshape array of size {size} into shape {tuple(dims)}", loc=user_location())
    return tuple(new)


@implements(np.reshape)
def reshape(trace: Trace, a: Any, shape: Any = None, order: str = "C", *, copy: Any = None) -> Array:
    refuse_order(order)
    x = as_array(trace, a)
    result = reshaped(trace, x, _complete(trace, shape, x.shape))
    return new_array(trace, result.value) if copy else result


@implements(method="reshape")
def reshape_method(trace: Trace, a: Any, *shape: Any, order: str = "C", copy: Any = None) -> Array:
    return reshape(trace, a, shape[0] if len(shape) == 1 else shape, order, copy=copy)


@implements(np.ravel, method="ravel")
def ravel(trace: Trace, a: Any, order: str = "C") -> Array:
    return reshape(trace, a, 0 if 0 in as_array(trace, a).shape else -1, order)


@implements(method="flatten")
def flatten(trace: Trace, a: Any, order: str = "C") -> Array:
    return new_array(trace, ravel(trace, a, order).value)


@implements(np.transpose)
def transpose(trace: Trace, a: Any, axes: Any = None) -> Any:
    if isinstance(a, Scalar) and not a.weak and not axes:
        return a
    x = as_array(trace, a)
    if axes is None:
        order = tuple(reversed(range(x.ndim)))
    else:
        order = as_axes(tuple(axes), x.ndim)
        if len(order) != x.ndim:
            raise ShapeError("axes don't match array", loc=user_location())
    return x.through(Transpose(order))


@implements(method="transpose")
def transpose_method(trace: Trace, a: Any, *axes: Any) -> Any:
    given = (
        axes[0]
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list)))
        else axes or None
    )
    return transpose(trace, a, given)


def _matrix_transposed(trace: Trace, x: Any) -> Any:
    if len(x.shape) < 2:
        raise ShapeError("matrix transpose with ndim < 2 is undefined", loc=user_location())
    return swapaxes(trace, x, -1, -2)


implements(np.matrix_transpose)(_matrix_transposed)
PROPERTIES["T"] = transpose
PROPERTIES["mT"] = _matrix_transposed


@implements(np.swapaxes, method="swapaxes")
def swapaxes(trace: Trace, a: Any, axis1: Any, axis2: Any) -> Array:
    x = as_array(trace, a)
    order = list(range(x.ndim))
    i, j = as_axis(axis1, x.ndim, name="axis1"), as_axis(axis2, x.ndim, name="axis2")
    order[i], order[j] = j, i
    return x.through(Transpose(tuple(order)))


@implements(np.moveaxis)
def moveaxis(trace: Trace, a: Any, source: Any, destination: Any) -> Array:
    x = as_array(trace, a)
    sources, destinations = as_axes(source, x.ndim), as_axes(destination, x.ndim)
    if len(sources) != len(destinations):
        raise ShapeError(
            "`source` and `destination` arguments must have the same number of elements", loc=user_location()
        )
    order = [axis for axis in range(x.ndim) if axis not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return x.through(Transpose(tuple(order)))


@implements(np.expand_dims)
def expand_dims(trace: Trace, a: Any, axis: Any) -> Array:
    x = as_array(trace, a)
    added = len(axis) if isinstance(axis, (tuple, list)) else 1
    new = as_axes(axis, x.ndim + added)
    dims = iter(x.shape)
    return with_ones(x, tuple(1 if k in new else next(dims) for k in range(x.ndim + added)))


@implements(np.squeeze, method="squeeze")
def squeeze(trace: Trace, a: Any, axis: Any = None) -> Any:
    if isinstance(a, Scalar) and not a.weak:
        return a
    x = as_array(trace, a)
    dropped = [k for k, d in enumerate(x.shape) if d == 1] if axis is None else as_axes(axis, x.ndim)
    if any(x.shape[k] != 1 for k in dropped):
        raise ShapeError(
            "cannot select an axis to squeeze out which has size not equal to one", loc=user_location()
        )
    return with_ones(x, tuple(d for k, d in enumerate(x.shape) if k not in dropped))


def _at_least(rank: int, place: str) -> Any:
    def one(trace: Trace, a: Any) -> Array:
        x = as_array(trace, a)
        if x.ndim >= rank:
            return x
        missing = rank - x.ndim
        if place == "both" and x.ndim == 2:
            shape: tuple[Any, ...] = (*x.shape, 1)
        elif place == "both":
            shape = (1, *x.shape, 1) if x.ndim else (1, 1, 1)
        else:
            shape = (1,) * missing + x.shape
        return with_ones(x, shape)

    def handler(trace: Trace, *arys: Any) -> Any:
        results = tuple(one(trace, a) for a in arys)
        return results[0] if len(results) == 1 else results

    return handler


atleast_1d = implements(np.atleast_1d)(_at_least(1, "front"))
atleast_2d = implements(np.atleast_2d)(_at_least(2, "front"))
atleast_3d = implements(np.atleast_3d)(_at_least(3, "both"))


@implements(np.flip)
def flip(trace: Trace, m: Any, axis: Any = None) -> Array:
    x = as_array(trace, m)
    axes = range(x.ndim) if axis is None else as_axes(axis, x.ndim)
    turned = slice(None, None, -1)
    spans = [span(trace, turned if k in axes else slice(None), d) for k, d in enumerate(x.shape)]
    return x.through(Basic(tuple(s for s, _ in spans), tuple(v for _, v in spans if v is not None)))


@implements(np.fliplr)
def fliplr(trace: Trace, m: Any) -> Array:
    return flip(trace, m, 1)


@implements(np.flipud)
def flipud(trace: Trace, m: Any) -> Array:
    return flip(trace, m, 0)


@implements(np.rot90)
def rot90(trace: Trace, m: Any, k: Any = 1, axes: Sequence[int] = (0, 1)) -> Array:
    x = as_array(trace, m)
    first, second = as_axes(tuple(axes), x.ndim)
    turns = operator.index(k) % 4
    if turns == 2:
        return flip(trace, x, (first, second))
    if turns == 1:
        return swapaxes(trace, flip(trace, x, second), first, second)
    return (
        x.through(Reshape(x.shape, x.shape))
        if not turns
        else flip(trace, swapaxes(trace, x, first, second), second)
    )


@implements(np.broadcast_to)
def broadcast_to(trace: Trace, array: Any, shape: Any, subok: bool = False) -> Array:
    x = as_array(trace, array)
    dims = tuple(shape) if isinstance(shape, (tuple, list, np.ndarray)) else (shape,)
    new = tuple(operator.index(d) for d in dims)
    if len(x.shape) > len(new) or any(
        d not in (1, n) for d, n in zip(x.shape[::-1], new[::-1], strict=False)
    ):
        raise ShapeError(
            "operands could not be broadcast together with remapped shapes"
            f" [original->remapped]: {x.shape} and requested shape {new}",
            loc=user_location(),
        )
    offset = len(new) - x.ndim
    axes = tuple(k + offset for k, d in enumerate(x.shape) if d != 1 or new[k + offset] == 1)
    return x.through(Broadcast(tuple(new[axis] for axis in axes), axes, new))


@implements(np.broadcast_arrays)
def broadcast_arrays(trace: Trace, *args: Any, subok: bool = False) -> tuple[Array, ...]:
    arrays = [as_array(trace, a) for a in args]
    shape = broadcast_shapes(*(x.shape for x in arrays))
    return tuple(broadcast_to(trace, x, shape) for x in arrays)


# Questions about shapes, answered at tracing.


@implements(np.shape)
def shape(trace: Trace, a: Any) -> tuple[Any, ...]:
    return tuple(map(trace.sizes.shown, shape_of(trace, a)))


def shape_of(trace: Trace, a: Any) -> tuple[Any, ...]:
    return a.shape if isinstance(a, Tracer) else as_array(trace, a).shape


@implements(np.ndim)
def ndim(trace: Trace, a: Any) -> int:
    return len(shape_of(trace, a))


@implements(np.size)
def size(trace: Trace, a: Any, axis: Any = None) -> Any:
    dims = shape_of(trace, a)
    axes = range(len(dims)) if axis is None else as_axes(axis, len(dims))
    return trace.sizes.shown_count([dims[k] for k in axes])


@implements(len)
def length(trace: Trace, x: Any) -> Any:
    if isinstance(x, Scalar):
        raise TraceError("a number has no len()", loc=user_location())
    return trace.sizes.shown(x.shape[0]) if isinstance(x, Array) and x.shape else len(x)
