"""Arrays that take over the memory of others in a band, whose nests still read these: row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..ir.dims import room
from ..ir.graph import Value
from .inlining import Inlining
from .kernels import Access, Band
from .storing import nest_reads

# What computes the elements of all roots at an index before it writes any of them, if all are computed there.
_OF_ELEMENTS = (Access.STORE, Access.PUSH, Access.REDUCE)


def taken_over(band: Band, inlining: Inlining, results: Sequence[Value]) -> Iterator[tuple[Value, Value]]:
    """Yield pairs of an array that nests of a band read at their own index, and one that they store there.

    The nests take turns row by row, so each row has been read before the last of its readers, or a later
    nest, overwrites it. What the program returns, which is read when all is over, is in no pair; neither
    may be what any other statement reads later. Nor are the arrays that have memory for a block of rows only.

    Parameters
    ----------
    band
        The nests.
    inlining
        What nests compute, and which memory is whose.
    results
        The values that the program returns.
    """
    last: dict[Value, int] = {}
    elsewhere = set(map(inlining.canonical, results))
    for k, nest in enumerate(band.nests):
        for read in nest_reads(nest.space, nest.roots, inlining):
            value = inlining.canonical(read.value)
            last[value] = k
            is_part = room(value.shape) != room(nest.space)  # which begins where the nest does
            if is_part or not read.here:
                elsewhere.add(value)
    for k, nest in enumerate(band.nests):
        first = k if all(r.access in _OF_ELEMENTS and r.domain is None for r in nest.roots) else k - 1
        whole = (r for r in nest.roots if r.access is Access.STORE and r.domain is None)
        stored = [r.result for r in whole if r.result not in band.rows]
        for b in stored:
            yield from ((a, b) for a, place in last.items() if place <= first and a not in elsewhere)
