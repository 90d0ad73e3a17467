"""Moving data without computing: broadcast, reshape, transpose, concatenate and pad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.dims import Dim, Shape, is_static
from ..ir.graph import Span, Value
from ..ir.operation import Attrs, PerElement, Vjp, VjpContext
from ..ir.types import Type
from .element_code import (
    broadcast_element,
    concatenate_element,
    pad_element,
    reshape_element,
    transpose_element,
)
from .factors import same_count
from .record import operation
from .type_rules import arrays, axes_attr, axis_attr, counts_attr, demand, demand_dtype, listing, shape_attr


def extent(b: Builder, dim: Dim) -> Value:
    """The value of a dim as an i64 scalar."""
    return b.int64(dim) if isinstance(dim, int) else b.extent(size=dim)


def window(b: Builder, x: Value, axis: int, start: Dim, length: Dim) -> Value:
    """`x[..., start : start + length, ...]` along one axis."""
    at = [Span(0, d) for d in x.shape]
    if isinstance(start, int):
        at[axis] = Span(start, length)
        return b.emit("index", x, at=tuple(at))[0]
    at[axis] = Span(None, length)
    return b.emit("index", x, extent(b, start), at=tuple(at))[0]


# broadcast: operand axis i becomes result axis axes[i].


def _broadcast_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    (x,) = arrays(types, 1)
    shape = shape_attr(attrs)
    axes = axes_attr(attrs, len(shape))
    fits = len(axes) == x.rank and all(shape[a] == d for a, d in zip(axes, x.shape, strict=True))
    demand(fits, f"{x} does not fit the axes {list(axes)} of {x.with_shape(shape)}")
    return (x.with_shape(shape),)


def _broadcast(x: Any, *, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    lengths = dict(zip(axes, np.shape(x), strict=True))
    return np.broadcast_to(np.reshape(x, [lengths.get(k, 1) for k in range(len(shape))]), shape)


def _broadcast_vjp(c: VjpContext) -> list[Value | None]:
    new = tuple(k for k in range(len(c.ct.shape)) if k not in c.node.attrs["axes"])
    return [c.b.sum(c.ct, axes=new) if new else c.ct]


# reshape, in C order.


def _keeps_places(shape: Shape, new: Shape) -> bool:
    """Tell whether a reshape keeps the number of elements, and their places in memory.

    Memory is laid out for the largest sizes, so an axis inside others keeps its size, if that is symbolic.
    """
    if [d for d in shape if d != 1] == [d for d in new if d != 1]:
        return True
    return is_static((*shape[1:], *new[1:])) and same_count(shape, new)


def _reshape_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    (x,) = arrays(types, 1)
    result = x.with_shape(shape_attr(attrs))
    demand(_keeps_places(x.shape, result.shape), f"{x} cannot be reshaped to {result}")
    return (result,)


# transpose: result axis k is operand axis axes[k].


def _transpose_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    (x,) = arrays(types, 1)
    axes = attrs["axes"]
    good = (
        isinstance(axes, tuple) and all(type(a) is int for a in axes) and sorted(axes) == list(range(x.rank))
    )
    demand(good, f"axes are a permutation of the axes of {x}, not {axes!r}")
    return (x.with_shape(tuple(x.shape[a] for a in axes)),)


def _transpose_vjp(c: VjpContext) -> list[Value | None]:
    axes = c.node.attrs["axes"]
    return [c.b.transpose(c.ct, axes=tuple(axes.index(k) for k in range(len(axes))))]


def swap_last(b: Builder, x: Value) -> Value:
    """The transposes of a stack of matrices."""
    rank = len(x.shape)
    return b.transpose(x, axes=(*range(rank - 2), rank - 1, rank - 2))


# concatenate


def _concatenate_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    parts = arrays(types, at_least=1)
    axis = axis_attr(attrs, parts[0])
    demand_dtype(*parts)

    def across(shape: Shape) -> Shape:
        return (*shape[:axis], *shape[axis + 1 :])

    fits = all(p.rank == parts[0].rank and across(p.shape) == across(parts[0].shape) for p in parts)
    demand(fits, f"shapes differ besides axis {axis}: {listing(parts)}")
    total: Dim = sum((p.shape[axis] for p in parts[1:]), parts[0].shape[axis])
    return (parts[0].with_shape((*parts[0].shape[:axis], total, *parts[0].shape[axis + 1 :])),)


def _concatenate_vjp(c: VjpContext) -> list[Value | None]:
    axis = c.node.attrs["axis"]
    found: list[Value | None] = []
    start: Dim = 0
    for part, needed in zip(c.node.operands, c.needed, strict=True):
        length = part.shape[axis]
        found.append(window(c.b, c.ct, axis, start, length) if needed else None)
        start = start + length
    return found


# pad: a scalar around an array.


def _pad_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    x, value = arrays(types, 2)
    demand(value.rank == 0, f"the padding is a scalar, not {value}")
    demand_dtype(x, value)
    low, high = counts_attr(attrs, "low", x.rank), counts_attr(attrs, "high", x.rank)
    return (x.with_shape(tuple(d + (a + z) for a, d, z in zip(low, x.shape, high, strict=True))),)


def _pad(x: Any, value: Any, *, low: tuple[int, ...], high: tuple[int, ...]) -> Any:
    return np.pad(x, list(zip(low, high, strict=True)), constant_values=value) if low else x


def _pad_vjp(c: VjpContext) -> list[Value | None]:
    x = c.node.operands[0]
    at = tuple(Span(a, d) for a, d in zip(c.node.attrs["low"], x.shape, strict=True))
    inner = c.b.emit("index", c.ct, at=at)[0] if c.needed[0] else None
    if not c.needed[1]:
        return [inner, None]
    border = c.b.emit("update", c.ct, c.b.zeros(x.array), at=at)[0]
    return [inner, c.b.sum(border, axes=tuple(range(len(at)))) if at else c.b.zeros(c.ct.array)]


OPS = (
    operation(
        "broadcast", _broadcast_type, _broadcast, Vjp(_broadcast_vjp), PerElement(broadcast_element),
        attrs=("shape", "axes"),
    ),
    operation(
        "reshape", _reshape_type, lambda x, *, shape: np.reshape(x, shape),
        Vjp(lambda c: [c.b.reshape(c.ct, shape=c.node.operands[0].shape)]), PerElement(reshape_element),
        attrs=("shape",),
    ),
    operation(
        "transpose", _transpose_type, lambda x, *, axes: np.transpose(x, axes), Vjp(_transpose_vjp),
        PerElement(transpose_element), attrs=("axes",),
    ),
    operation(
        "concatenate", _concatenate_type, lambda *parts, axis: np.concatenate(parts, axis),
        Vjp(_concatenate_vjp), PerElement(concatenate_element), attrs=("axis",),
    ),
    operation("pad", _pad_type, _pad, Vjp(_pad_vjp), PerElement(pad_element), attrs=("low", "high")),
)  # fmt: skip
