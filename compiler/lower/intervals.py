"""Sorted lists of intervals that do not meet: the times when memory is taken, the gaps in an arena.

Each of the many that there can be takes the time of a search, not of a walk over all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

Interval = tuple[int, int]
_ENDLESS = 1 << 62


def apart(many: Sequence[Interval], few: Sequence[Interval]) -> bool:
    """Tell whether no interval of one sorted list, both ends included, meets one of another."""
    if len(many) < len(few):
        many, few = few, many
    for first, last in few:
        k = bisect_left(many, (first, last))
        if (k and many[k - 1][1] >= first) or (k < len(many) and many[k][0] <= last):
            return False
    return True


def insert(many: list[Interval], interval: Interval) -> None:
    """Put an interval that is apart from those of a sorted list among them; neighbours become one."""
    first, last = interval
    k = bisect_left(many, interval)
    if k < len(many) and many[k][0] == last + 1:
        last = many.pop(k)[1]
    if k and many[k - 1][1] == first - 1:
        k -= 1
        first = many.pop(k)[0]
    many.insert(k, (first, last))


class Gaps:
    """The free places of an arena without end; an end is not included."""

    def __init__(self) -> None:
        self._free: list[Interval] = [(0, _ENDLESS - 1)]  # both ends included

    def first(self, size: int, place: Callable[[int], int]) -> int:
        """The first offset at which `size` bytes fit; `place` says where in a gap they may begin."""
        for start, last in self._free:
            offset = place(start)
            if last + 1 - offset >= size:
                return offset
        raise AssertionError("an arena has no end")

    def take(self, start: int, end: int) -> None:
        """Take a free place."""
        if start == end:
            return
        k = bisect_left(self._free, (start + 1, 0)) - 1
        first, last = self._free[k]
        parts = [(first, start - 1), (end, last)]
        self._free[k : k + 1] = [(a, b) for a, b in parts if a <= b]

    def give(self, start: int, end: int) -> None:
        """Make a place free again."""
        if end > start:
            insert(self._free, (start, end - 1))
