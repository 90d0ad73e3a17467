"""Scalar code that finds one element of a result of data movement among the elements of the operands.

An element may be asked for although a `select` then drops it, so every index emitted here lies inside
its operand; `m.constant(I64, dim)` gives the value of any dim.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.dims import Dim
from ..ir.graph import Span
from ..ir.operation import ElementMachine, Machine
from ..ir.types import DType
from .factors import matching_axes
from .scalar_code import clamp

Index = Sequence[Any]


def _integer(m: Machine, value: Dim) -> Any:
    return m.constant(DType.I64, value)


def broadcast_element(m: ElementMachine, node: Any, index: Index) -> Any:
    return m.element(0, [index[a] for a in node.attrs["axes"]])


def transpose_element(m: ElementMachine, node: Any, index: Index) -> Any:
    axes = node.attrs["axes"]
    return m.element(0, [index[axes.index(k)] for k in range(len(axes))])


def reshape_element(m: ElementMachine, node: Any, index: Index) -> Any:
    source, target = node.operands[0].shape, node.results[0].shape
    found = [_integer(m, 0) for _ in source]
    for to_axes, from_axes in matching_axes(source, target):
        flat = _flatten(m, [index[k] for k in from_axes], [target[k] for k in from_axes])
        for k, i in zip(to_axes, _unflatten(m, flat, [source[k] for k in to_axes]), strict=True):
            found[k] = i
    return m.element(0, found)


def _flatten(m: Machine, index: Index, sizes: Sequence[Dim]) -> Any:
    """The position in C order of an index into an array of `sizes`."""
    if not index:
        return _integer(m, 0)
    flat = index[0]
    for i, d in zip(index[1:], sizes[1:], strict=True):
        flat = m.add(m.multiply(flat, _integer(m, d)), i)
    return flat


def _unflatten(m: Machine, flat: Any, sizes: Sequence[Dim]) -> list[Any]:
    """The index of a position in C order."""
    index: list[Any] = []
    for d in reversed(sizes[1:]):
        length = _integer(m, d)
        index.insert(0, m.modulo(flat, length))
        flat = m.quotient(flat, length)
    return [flat, *index] if sizes else []


def concatenate_element(m: ElementMachine, node: Any, index: Index) -> Any:
    axis = node.attrs["axis"]
    i = index[axis]
    found = None
    end: Dim = 0
    for k, operand in enumerate(node.operands):
        length = operand.shape[axis]
        start, end = end, end + length
        if length == 0:
            continue
        local = clamp(m, m.subtract(i, _integer(m, start)), _integer(m, 0), _integer(m, length - 1))
        x = m.element(k, [*index[:axis], local, *index[axis + 1 :]])
        found = x if found is None else m.select(m.compare("<", i, _integer(m, start)), found, x)
    return found


def pad_element(m: ElementMachine, node: Any, index: Index) -> Any:
    value = m.element(1, [])
    sizes = node.operands[0].shape
    if any(d == 0 for d in sizes):
        return value
    inside = m.constant(DType.BOOL, True)
    place = []
    for i, low, high, d in zip(index, node.attrs["low"], node.attrs["high"], sizes, strict=True):
        local = m.subtract(i, _integer(m, low)) if low else i
        if low:
            inside = m.bitand(inside, m.compare(">=", local, _integer(m, 0)))
        if high:
            inside = m.bitand(inside, m.compare("<", local, _integer(m, d)))
        place.append(clamp(m, local, _integer(m, 0), _integer(m, d - 1)) if low or high else local)
    return m.select(inside, m.element(0, place), value)


def index_element(m: ElementMachine, node: Any, index: Index) -> Any:
    dynamic = (m.element(1 + k, []) for k in range(len(node.operands) - 1))
    free = iter(index)
    place = []
    for entry in node.attrs["at"]:
        if not isinstance(entry, Span):
            place.append(next(dynamic) if entry is None else _integer(m, entry))
            continue
        i = next(free)
        if entry.step != 1:
            i = m.multiply(i, _integer(m, entry.step))
        if entry.start != 0:
            i = m.add(i, next(dynamic) if entry.start is None else _integer(m, entry.start))
        place.append(i)
    return m.element(0, place)


def gather_element(m: ElementMachine, node: Any, index: Index) -> Any:
    axes = node.attrs["axes"]
    base, *indices = node.operands
    rank = len(indices[0].shape)
    picked = iter([m.element(1 + k, index[:rank]) for k in range(len(indices))])
    kept = iter(index[rank:])
    return m.element(0, [next(picked) if a in axes else next(kept) for a in range(len(base.shape))])
