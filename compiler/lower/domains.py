"""Where in the index space of a nest a root is computed: at every index, or inside of a block of them.

A pad, a concatenation and a slice relate the elements of two index spaces one to one. So what is computed
from `g[1:-1]` can be computed where `g` is, in one loop over `g`, at all indices but the first and the last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..ir import dims
from ..ir.graph import Node, Span, Value
from ..ir.operation import Elementwise
from ..ir.types import DType
from .affine import Index

Domain = tuple[int | Span, ...]  # for each axis of the space, as in `index`: an integer drops the axis
Here = tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Inner:
    """That the elements of a value are computed from those of a larger space, at the same indices.

    `here` is the last statement that must reach the same index first, `after` the last that must be over.
    """

    space: dims.Shape
    domain: Domain
    here: int
    after: int


def inner_of(
    node: Node,
    inner: Mapping[Value, Inner],
    kept: Callable[[Value], bool],
    here: Mapping[Value, int],
    after: Mapping[Value, int],
) -> Inner | None:
    """Find in which larger space the result of a node is computed; `kept` arrays are read from memory."""
    if node.op.name == "index" and not kept(x := node.operands[0]):
        domain = domain_of_slice(node)
        return Inner(x.shape, domain, here.get(x, -1), after.get(x, -1)) if domain is not None else None
    known = [inner[o] for o in node.operands if o in inner]
    if not known:
        return None
    found = known[0]
    if node.op.name == "reshape":
        domain = without_ones(found.domain, node.result.shape)
        return replace(found, domain=domain) if domain is not None else None
    if not isinstance(node.op.lowering, Elementwise):
        return None
    for o in node.operands:
        other = inner.get(o)
        if other is not None and (other.space, other.domain) == (found.space, found.domain):
            found = replace(found, here=max(found.here, other.here), after=max(found.after, other.after))
        else:
            found = replace(found, after=max(found.after, here.get(o, -1), after.get(o, -1)))
    return found


def pieces(space: dims.Shape, domains: Sequence[Domain]) -> int:
    """Into how many loops a nest is split where domains begin and end."""
    cuts: list[set[int]] = [set() for _ in space]
    for domain in domains:
        for entry, size, found in zip(domain, dims.static(space), cuts, strict=True):
            first, count = (entry.start or 0, entry.size) if isinstance(entry, Span) else (entry, 1)
            found |= {first, first + count} - {0, size}
    return math.prod(len(found) + 1 for found in cuts)


def local_index(domain: Domain | None, here: Here) -> Here:
    """The index of a nest as the root counts, whose own index begins where its domain does."""
    if domain is None:
        return here
    pairs = zip(domain, here, strict=True)
    return tuple(i.plus(Index((), -(e.start or 0))) for e, i in pairs if isinstance(e, Span))


def pinned(domain: Domain | None, here: Here) -> Here:
    """The index of a nest as it is in the domain: constant along an axis where that has one element."""
    if domain is None:
        return here
    sized = ((e, 1) if isinstance(e, int) else (e.start or 0, e.size) for e in domain)
    return tuple(Index((), first) if n == 1 else i for (first, n), i in zip(sized, here, strict=True))


def is_inside(machine: Any, domain: Domain | None, here: Here) -> Any:
    """Tell, on a machine, whether the index of a nest is in the domain."""
    found = machine.constant(DType.BOOL, True)
    for entry, i in zip(domain or (), here, strict=domain is not None):
        first, count = (entry.start or 0, entry.size) if isinstance(entry, Span) else (entry, 1)
        for relation, bound in ((">=", first), ("<", first + count)):
            found = machine.bitand(found, machine.compare(relation, i, machine.constant(DType.I64, bound)))
    return found


def domain_of_slice(node: Node) -> Domain | None:
    """Where the elements of an `index` are among those of its operand, if they are a block of them."""
    entries = node.attrs["at"]
    for e in entries:
        if e is None or (isinstance(e, Span) and (e.start is None or e.step != 1)):
            return None
    static = dims.is_static((*node.result.shape, *node.operands[0].shape))
    return tuple(entries) if static and dims.size(node.result.shape) else None


def domain_of_padded(node: Node) -> Domain | None:
    """Where the elements of its operand are among those of a `pad`."""
    x = node.operands[0]
    if not dims.is_static((*node.result.shape, *x.shape)) or not dims.size(x.shape):
        return None
    return tuple(Span(low, size) for low, size in zip(node.attrs["low"], x.shape, strict=True))


def without_ones(domain: Domain, shape: dims.Shape) -> Domain | None:
    """The domain behind a reshape to `shape`, where that drops axes of size 1 and does nothing else."""
    found: list[int | Span] = []
    rest = list(shape)
    for entry in domain:
        if isinstance(entry, Span) and rest and rest[0] == entry.size:
            found.append(entry)
            rest.pop(0)
        elif isinstance(entry, Span) and entry.size != 1:
            return None
        else:
            found.append(entry.start or 0 if isinstance(entry, Span) else entry)
    return None if rest else tuple(found)
