"""Where the roots of a nest put the elements that they compute, as forms of the loop variables."""

from __future__ import annotations

from collections.abc import Callable

from ..ir.graph import Node, Span, Value
from .affine import Index, linear, row_major
from .domains import Here, local_index
from .kernels import Access, Root

FormOf = Callable[[Value], Index]  # of an index that is a value


def root_position(root: Root, here: Here, form_of: FormOf) -> Index:
    """Where a root's element goes in its target."""
    if root.access in (Access.PUT, Access.RENEW):
        return put_position(root.node, here, form_of)
    if root.access is Access.REDUCE:
        return result_position(root, here)
    return linear(local_index(root.domain, here), row_major(root.element.shape))


def put_position(node: Node, here: Here, form_of: FormOf) -> Index:
    """Where the element at `here` of the part goes in the array that an update writes."""
    free, dynamic = iter(here), iter(node.operands[2:])
    place = []
    for entry in node.attrs["at"]:
        given = entry.start if isinstance(entry, Span) else entry
        start = Index((), given) if given is not None else form_of(next(dynamic))
        place.append(start.plus(next(free), entry.step) if isinstance(entry, Span) else start)
    return linear(tuple(place), row_major(node.result.shape))


def result_position(root: Root, here: Here) -> Index:
    """Where the result of a reduction lies for an index of the nest."""
    axes = root.node.attrs["axes"]
    kept = tuple(i for k, i in enumerate(here) if k not in axes)
    return linear(kept, row_major(root.result.shape))
