"""Advanced indexing by arrays of places: gather, scatter and scatter_add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.dims import size
from ..ir.graph import Value
from ..ir.operation import Attrs, PerElement, Special, Vjp, VjpContext
from ..ir.types import INDEX, ArrayType, DType, Type
from .element_code import gather_element
from .record import operation
from .type_rules import NUMBER, arrays, axes_attr, demand, demand_kind, listing, without

# Type rules.


def _part_type(base: ArrayType, indices: Sequence[ArrayType], attrs: Attrs) -> ArrayType:
    """The type of what `indices` pick: their shape, then the axes of `base` that are not indexed."""
    axes = axes_attr(attrs, base.rank)
    demand(len(axes) > 0, "at least one axis is indexed")
    demand(len(indices) == len(axes), f"takes {len(axes)} index operands, not {len(indices)}")
    fits = all(i == INDEX.with_shape(indices[0].shape) for i in indices)
    demand(fits, f"index operands are i64 of one shape, not {listing(indices)}")
    return base.with_shape((*indices[0].shape, *without(base.shape, axes)))


def _gather_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    base, *indices = arrays(types, at_least=2)
    return (_part_type(base, indices, attrs),)


def _scatter_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    base, values, *indices = arrays(types, at_least=3)
    expected = _part_type(base, indices, attrs)
    demand(values == expected, f"the values for {base} are {expected}, not {values}")
    return (base,)


def _scatter_add_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    (base,) = _scatter_type(types, attrs)
    assert isinstance(base, ArrayType)
    demand_kind(base, NUMBER)
    return (base,)


# Evaluation.


def _indexed_first(base: Any, axes: tuple[int, ...]) -> Any:
    return np.moveaxis(base, axes, range(len(axes)))


def _gather(base: Any, *indices: Any, axes: tuple[int, ...]) -> Any:
    return np.array(_indexed_first(base, axes)[indices])


def _flat(base: Any, values: Any, indices: Sequence[Any], axes: tuple[int, ...]) -> tuple[Any, ...]:
    """A copy of `base`, a view of it with the indexed axes first, and flat indices and values.

    Flat, because only for one axis does NumPy keep the order of repeated writes.
    """
    result = np.array(base)
    view = _indexed_first(result, axes)
    rows = np.reshape(values, (np.size(indices[0]), *view.shape[len(axes) :]))
    return result, view, tuple(np.ravel(i) for i in indices), rows


def _scatter(base: Any, values: Any, *indices: Any, axes: tuple[int, ...]) -> Any:
    result, view, places, rows = _flat(base, values, indices, axes)
    view[places] = rows
    return result


def _scatter_add(base: Any, values: Any, *indices: Any, axes: tuple[int, ...]) -> Any:
    result, view, places, rows = _flat(base, values, indices, axes)
    np.add.at(view, places, rows)
    return result


# Derivatives: gather and scatter_add are each other's transposes.


def _gather_into(c: VjpContext, accumulated: Value) -> Value:
    return c.b.scatter_add(accumulated, c.ct, *c.node.operands[1:], axes=c.node.attrs["axes"])


def _picked(c: VjpContext) -> Value:
    return c.b.gather(c.ct, *c.node.operands[2:], axes=c.node.attrs["axes"])


def _scatter_add_vjp(c: VjpContext) -> list[Value | None]:
    return [c.ct, _picked(c) if c.needed[1] else None, *(None for _ in c.needed[2:])]


def _scatter_vjp(c: VjpContext) -> list[Value | None]:
    """What was overwritten gets nothing; of the values written to one place only the last stays."""
    b, axes = c.b, c.node.attrs["axes"]
    base, values, *indices = c.node.operands
    ct_values = None
    if c.needed[1]:  # read first: then the rest can be written in place
        last = _is_last(b, base, indices, axes)
        last = b.broadcast(last, shape=values.shape, axes=tuple(range(len(last.shape))))
        ct_values = b.where(last, _picked(c), b.zeros(values.array))
    kept = b.scatter(c.ct, b.zeros(values.array), *indices, axes=axes) if c.needed[0] else None
    return [kept, ct_values, *(None for _ in indices)]


def _is_last(b: Builder, base: Value, indices: Sequence[Value], axes: tuple[int, ...]) -> Value:
    """Whether no later index names the same place: each writes its number there, and looks who is left."""
    shape = indices[0].shape
    number = b.reshape(b.iota(size=size(shape), dtype=DType.I64), shape=shape)
    places = b.zeros(INDEX.with_shape(tuple(base.shape[a] for a in axes)))
    every = tuple(range(len(axes)))
    winners = b.scatter(places, number, *indices, axes=every)
    return b.equal(b.gather(winners, *indices, axes=every), number)


OPS = (
    operation(
        "gather", _gather_type, _gather, Vjp(lambda c: [None for _ in c.needed], _gather_into),
        PerElement(gather_element), attrs=("axes",),
    ),
    operation("scatter", _scatter_type, _scatter, Vjp(_scatter_vjp), Special(), attrs=("axes",)),
    operation(
        "scatter_add", _scatter_add_type, _scatter_add, Vjp(_scatter_add_vjp), Special(), attrs=("axes",)
    ),
)  # fmt: skip
