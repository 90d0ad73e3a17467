"""Basic indexing: reading, replacing and adding to the part that constants, scalars and slices pick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.dims import Dim, Shape
from ..ir.graph import Span, Value
from ..ir.operation import Attrs, PerElement, Special, Vjp, VjpContext
from ..ir.types import INDEX, ArrayType, Type
from .element_code import index_element
from .record import operation
from .type_rules import NUMBER, arrays, demand, demand_kind, is_dim, is_int

# Type rules.


def _entry_size(entry: Any, dim: Dim, base: ArrayType, axis: int) -> Shape:
    """The dims that one entry of an index leaves, having checked that it stays inside its axis."""

    def demand_inside(*places: Any) -> None:
        inside = all(0 <= p < dim for p in places if is_int(p)) if isinstance(dim, int) else True
        demand(inside, f"{entry!r} reaches outside axis {axis} of {base}")

    if entry is None:
        return ()
    if is_int(entry):
        demand_inside(entry)
        return ()
    demand(isinstance(entry, Span) and is_dim(entry.size), f"{entry!r} indexes no axis")
    demand(entry.start is None or is_int(entry.start), f"{entry!r} has no start")
    demand(is_int(entry.step) and entry.step != 0, f"{entry!r} has no step")
    if entry.start is not None and isinstance(entry.size, int) and entry.size > 0:
        demand_inside(entry.start, entry.start + (entry.size - 1) * entry.step)
    return (entry.size,)


def _part_shape(base: ArrayType, dynamic: Sequence[ArrayType], attrs: Attrs) -> Shape:
    """The shape of the part of `base` at `attrs["at"]`."""
    at = attrs["at"]
    demand(isinstance(at, tuple) and len(at) == base.rank, f"one entry for each axis of {base}, not {at!r}")
    shape = [d for axis, e in enumerate(at) for d in _entry_size(e, base.shape[axis], base, axis)]
    count = sum(e is None or (isinstance(e, Span) and e.start is None) for e in at)
    demand(len(dynamic) == count, f"takes {count} index operands, not {len(dynamic)}")
    demand(all(t == INDEX for t in dynamic), f"index operands are {INDEX}")
    return tuple(shape)


def _index_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    base, *dynamic = arrays(types, at_least=1)
    return (base.with_shape(_part_shape(base, dynamic, attrs)),)


def _update_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    base, part, *dynamic = arrays(types, at_least=2)
    expected = base.with_shape(_part_shape(base, dynamic, attrs))
    demand(part == expected, f"the part of {base} is {expected}, not {part}")
    return (base,)


def _accumulate_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    (base,) = _update_type(types, attrs)
    assert isinstance(base, ArrayType)
    demand_kind(base, NUMBER)
    return (base,)


# Evaluation.


def _place(at: tuple[Any, ...], dynamic: Sequence[Any]) -> tuple[Any, ...]:
    """The index in NumPy's form."""
    given = (int(d) for d in dynamic)
    return tuple(_slice(e, given) if isinstance(e, Span) else next(given) if e is None else e for e in at)


def _slice(span: Span, given: Any) -> slice:
    start = next(given) if span.start is None else span.start
    if span.size == 0:
        return slice(0, 0)
    stop = start + span.size * span.step
    return slice(start, stop if stop >= 0 else None, span.step)


def _index(base: Any, *dynamic: Any, at: tuple[Any, ...]) -> Any:
    return np.array(base[_place(at, dynamic)])


def _update(base: Any, part: Any, *dynamic: Any, at: tuple[Any, ...]) -> Any:
    result = np.array(base)
    result[_place(at, dynamic)] = part
    return result


def _accumulate(base: Any, part: Any, *dynamic: Any, at: tuple[Any, ...]) -> Any:
    result = np.array(base)
    result[_place(at, dynamic)] += part
    return result


# Derivatives: index and accumulate are each other's transposes.


def _index_into(c: VjpContext, accumulated: Value) -> Value:
    return c.b.accumulate(accumulated, c.ct, *c.node.operands[1:], at=c.node.attrs["at"])


def _part_of(c: VjpContext, x: Value) -> Value:
    """The part of `x` that the update or accumulate at hand writes."""
    return c.b.emit("index", x, *c.node.operands[2:], at=c.node.attrs["at"])[0]


def _index_vjp(c: VjpContext) -> list[Value | None]:
    return [None for _ in c.needed]


def _update_vjp(c: VjpContext) -> list[Value | None]:
    part, *dynamic = c.node.operands[1:]
    ct_part = _part_of(c, c.ct) if c.needed[1] else None  # read first: then the rest can be written in place
    kept = c.b.update(c.ct, c.b.zeros(part.array), *dynamic, at=c.node.attrs["at"]) if c.needed[0] else None
    return [kept, ct_part, *(None for _ in dynamic)]


def _accumulate_vjp(c: VjpContext) -> list[Value | None]:
    return [c.ct, _part_of(c, c.ct) if c.needed[1] else None, *(None for _ in c.needed[2:])]


OPS = (
    operation(
        "index", _index_type, _index, Vjp(_index_vjp, _index_into), PerElement(index_element), attrs=("at",)
    ),
    operation("update", _update_type, _update, Vjp(_update_vjp), Special(), attrs=("at",)),
    operation("accumulate", _accumulate_type, _accumulate, Vjp(_accumulate_vjp), Special(), attrs=("at",)),
)
