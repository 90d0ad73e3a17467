"""Straight code in steps: which states are there when each of them is reversed, the last one first."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .binomial import advance


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps of a run, and what is saved of it.

    Attributes
    ----------
    ends
        The place of the last node of each step but for the last, which takes all the rest.
    states
        For each step, the places after which the state is there while the step is reversed: what nodes up
        to there have made and later ones read.
    for_memory
        Whether memory is all that counts: what is left of a step's reverse waits until the next step has
        run again.
    """

    ends: tuple[int, ...] = ()
    states: tuple[tuple[int, ...], ...] = ((),)
    for_memory: bool = False

    @staticmethod
    def in_segments(places: Sequence[int]) -> Steps:
        """Take about as many steps as each has places, and save the state after every one."""
        length = max(math.isqrt(len(places)), 1)
        ends = tuple(places[length - 1 : -1 : length])
        return Steps(ends, (ends,) * (len(ends) + 1))

    @staticmethod
    def with_slots(places: Sequence[int], slots: int) -> Steps:
        """Take a step to each place, and hold so many states at a time, the first too, for the least work."""
        if not places:
            return Steps()
        ends = tuple(places[:-1])
        saved = sorted(_saved(0, len(places), slots))
        states = tuple(tuple(places[k - 1] for k in before) for _, before in saved)
        return Steps(ends, states, for_memory=True)

    def of(self, place: int) -> int:
        """Return the step that a place is in."""
        return bisect_left(self.ends, place)


def _saved(first: int, end: int, slots: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield for each of some steps those before which the state is saved; one slot has the first state."""
    if slots == 1 or end - first == 1:
        yield from ((k, ()) for k in range(first, end))
        return
    middle = first + advance(end - first, slots)
    yield from ((k, (middle, *more)) for k, more in _saved(middle, end, slots - 1))
    yield from _saved(first, middle, slots)
