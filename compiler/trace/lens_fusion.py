"""Views of views as views of the array itself, so that a store to one element touches one element."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..ir.builder import Builder
from ..ir.dims import Shape, is_static, static
from ..ir.graph import IndexEntry, Span, Value
from .lens import Basic, Lens, Reshape, Transpose, c_strides

# A place along an axis: a constant plus a multiple of an index that only the run knows.
Place = int | Value


def fused(b: Builder, lenses: Sequence[Lens], lens: Lens, shape: Shape) -> tuple[Lens, ...]:
    """Return lenses that show what `lens` shows of what `lenses` show, in as few steps as there is a way to.

    Parameters
    ----------
    b
        Computes the indices of the result.
    lenses
        From the whole array, of `shape`, to the view that `lens` is for.
    """
    if not lenses or not isinstance(lens, Basic):
        return (*lenses, lens)
    *first, last = lenses
    both = _both(b, last, lens)
    if both is None:
        return (*lenses, lens)
    done: tuple[Lens, ...] = tuple(first)
    for step in both:
        done = fused(b, done, step, shape)
    return done


def _both(b: Builder, outer: Lens, inner: Basic) -> tuple[Lens, ...] | None:
    match outer:
        case Basic():
            return _of_basic(b, outer, inner)
        case Transpose():
            return _of_transpose(outer, inner)
        case Reshape() if is_static(outer.before) and is_static(outer.after):
            return _of_reshape(b, outer, inner)
    return None


def _entries(lens: Basic) -> list[tuple[IndexEntry, Value | None]]:
    """The entries of an index with the operands of those that have one."""
    operands = iter(lens.operands)
    return [(e, next(operands) if _is_dynamic(e) else None) for e in lens.at]


def _is_dynamic(entry: IndexEntry) -> bool:
    return entry is None or (isinstance(entry, Span) and entry.start is None)


def _start(entry: IndexEntry, operand: Value | None) -> Place:
    start = entry.start if isinstance(entry, Span) else entry
    if operand is not None:
        return operand
    assert start is not None
    return start


def _index(places: Sequence[tuple[Place, Span | None]]) -> Basic:
    """The index with an entry for each place; a Span gives the size and step of a slice there."""
    at: list[IndexEntry] = []
    operands: list[Value] = []
    for place, span in places:
        start = None if isinstance(place, Value) else place
        at.append(start if span is None else Span(start, span.size, span.step))
        if isinstance(place, Value):
            operands.append(place)
    return Basic(tuple(at), tuple(operands))


def _of_basic(b: Builder, outer: Basic, inner: Basic) -> tuple[Lens, ...]:
    """An index of an index."""
    parts = iter(_entries(inner))
    places: list[tuple[Place, Span | None]] = []
    for entry, operand in _entries(outer):
        start = _start(entry, operand)
        if not isinstance(entry, Span):
            places.append((start, None))
            continue
        part, moved = next(parts)
        place = _sum(b, start, _scaled(b, _start(part, moved), entry.step))
        step = Span(None, part.size, part.step * entry.step) if isinstance(part, Span) else None
        places.append((place, step))
    return (_index(places),)


def _of_transpose(outer: Transpose, inner: Basic) -> tuple[Lens, ...]:
    """An index of the axes in another order: the index of them in their own, then what is left in order."""
    entries = _entries(inner)
    by_axis = {axis: entries[k] for k, axis in enumerate(outer.axes)}
    places = []
    for axis in range(len(entries)):
        entry, operand = by_axis[axis]
        places.append((_start(entry, operand), entry if isinstance(entry, Span) else None))
    left = [axis for axis in outer.axes if isinstance(by_axis[axis][0], Span)]
    order = tuple(sorted(left).index(axis) for axis in left)
    index = _index(places)
    return (index,) if order == tuple(range(len(order))) else (index, Transpose(order))


def _of_reshape(b: Builder, outer: Reshape, inner: Basic) -> tuple[Lens, ...] | None:
    """One element of a reshaped array, or a block of its last axes where the array has one axis."""
    entries = _entries(inner)
    scalars = [k for k, (e, _) in enumerate(entries) if not isinstance(e, Span)]
    strides, block = c_strides(outer.after), outer.after[len(scalars) :]
    assert strides is not None
    whole_axes = all(e == Span(0, d) for (e, _), d in zip(entries[len(scalars) :], block, strict=True))
    if scalars != list(range(len(scalars))) or not whole_axes or (block and len(outer.before) != 1):
        return None
    flat: Place = 0
    for k in scalars:
        flat = _sum(b, flat, _scaled(b, _start(*entries[k]), strides[k]))
    if not block:
        return (_index([(place, None) for place in _unflattened(b, flat, static(outer.before))]),)
    size = math.prod(block)
    index = _index([(flat, Span(None, size, 1))])
    return (index,) if len(block) == 1 else (index, Reshape((size,), block))


def _unflattened(b: Builder, flat: Place, shape: tuple[int, ...]) -> list[Place]:
    """The index in `shape` of the element with number `flat` in C order."""
    places: list[Place] = []
    for dim in reversed(shape[1:]):
        if isinstance(flat, int):
            places.append(flat % dim)
            flat //= dim
        else:
            size = b.int64(dim)
            places.append(b.remainder(flat, size))
            flat = b.floor_divide(flat, size)
    return [flat, *reversed(places)] if shape else []


def _sum(b: Builder, x: Place, y: Place) -> Place:
    if isinstance(x, int) and isinstance(y, int):
        return x + y
    if isinstance(x, int):
        x, y = y, x
    if isinstance(y, int):
        return x if y == 0 or isinstance(x, int) else b.add(x, b.int64(y))
    return b.add(x, y)


def _scaled(b: Builder, x: Place, factor: int) -> Place:
    if isinstance(x, int) or factor == 1:
        return x * factor if isinstance(x, int) else x
    return b.multiply(x, b.int64(factor))
