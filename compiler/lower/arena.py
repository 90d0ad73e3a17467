"""Where arrays lie in the arena, the memory that a call takes for all that is in no other place."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from heapq import heappop, heappush
from operator import add

from .edges import MemoryClass
from .intervals import Gaps
from .kernels import Buffer, Memory

ALIGNMENT = 64
# Processors take a load for a reader of a recent store where both addresses agree modulo a page. So arrays
# that are walked side by side begin at different places of a page; multiples of this many bytes are far
# from each other there.
_PAGE = 4096
_STAGGER = 23 * ALIGNMENT
_LARGE = 64 * _PAGE  # what takes a page more, so that wherever it begins, it fits where another one was


def lay_out(classes: Iterable[MemoryClass], number: int, buffers: dict[MemoryClass, Buffer]) -> int:
    """Place classes in the order of their birth, each in the first gap that fits; return the bytes in all.

    What is aligned is the element after a class's `lead`. Their buffers have numbers from `number` on.
    """
    taken: list[tuple[int, int, int]] = []  # last statement, offset, end
    free = Gaps()
    pages = arena = 0
    for found in sorted(classes, key=lambda c: c.span()):
        shift = -found.lead % ALIGNMENT
        place = pages * _STAGGER + shift
        pages += found.bytes >= _PAGE
        first, last = found.span()
        while taken and taken[0][0] < first:
            _, start, end = heappop(taken)
            free.give(start, end)
        if found.bytes >= _LARGE:
            room = -(-found.bytes // _PAGE) * _PAGE + _PAGE
            start = free.first(room, partial(_in_page, place=0))
            offset, end = start + place % _PAGE, start + room
        else:
            choose = partial(_in_page, place=place) if found.bytes >= _PAGE else partial(add, shift)
            offset = free.first(found.bytes, choose)
            start, end = offset - shift, -(-(offset + found.bytes) // ALIGNMENT) * ALIGNMENT
        free.take(start, end)
        heappush(taken, (last, start, end))
        arena = max(arena, end)
        buffers[found] = Buffer(Memory.ARENA, number, found.dtype, found.count, offset)
        number += 1
    return arena


def _in_page(offset: int, place: int) -> int:
    """The first offset from this one on that lies at a place in its page."""
    return offset + (place - offset) % _PAGE
