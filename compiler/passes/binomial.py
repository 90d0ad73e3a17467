"""Binomial schedules: how far to advance from a saved state, and how many turns that runs again.

A loop of n turns is reversed from its last turn to its first. Each needs the state before it, which comes of
the nearest saved one. With s slots and no turn run more than t times on the way, at most C(s + t, s) states
can be reached, so the best place for the next checkpoint is a formula of binomial coefficients.

The primal runs all turns before the first is reversed: that is the schedule of n + 1 turns whose last one
does nothing.

References
----------
A. Griewank and A. Walther, Algorithm 799: revolve, TOMS 26 (2000), pages 19-45.
"""

from __future__ import annotations

from math import comb

from ..ir.builder import Builder
from ..ir.graph import Value

UNKNOWN_TURNS = 64  # slots where only the run knows the turns: 47,904 turns are run at most four times


def advance(turns: int, slots: int) -> int:
    """Return after how many of `turns` turns to save a state, with `slots` slots, the first state's included.

    Of the best places it is the one that leads to the fewest saves in all.
    """
    if slots == 1:
        return turns - 1
    before, last, now, t = 0, 1, slots + 1, 1  # C(slots + t, t) of t - 2, t - 1 and t
    earlier = 0
    while now < turns:
        t += 1
        earlier, before, last, now = before, last, now, now * (slots + t) // t
    return max(1, min(last, max(before, turns - 2 * (last - before) + before - earlier)))


def extra_turns(turns: int, slots: int) -> int:
    """Return how many turns have to be run, at least, to get to the states before all turns, the last first.

    It counts the run to the last of these states, and not the turns that are run to be reversed.
    """
    if turns <= 1:
        return 0
    t = 1
    while comb(slots + t, slots) < turns:
        t += 1
    return t * turns - comb(slots + t, slots + 1)


def recomputed_turns(turns: int, slots: int) -> int:
    """Return how many turns the backward pass runs again of a loop whose primal has saved states.

    Those that are run to be reversed are counted; they are as many as the primal's, which are not.
    """
    return extra_turns(turns + 1, slots)


def default_slots(turns: int) -> int:
    """Return the least number of slots with which no turn is run more than three times: about sqrt(2 turns).

    Once in the primal, once to get to it, and once with what its reverse reads.
    """
    slots = 1
    while comb(slots + 2, 2) < turns + 1:
        slots += 1
    return slots


def build_advance(b: Builder, turns: Value, slots: Value) -> Value:
    """Build `advance` of numbers that only the run knows; there are at least two turns."""
    zero, one, two = b.int64(0), b.int64(1), b.int64(2)
    many = b.less(one, slots)
    first = b.add(slots, one)
    inner = b.nested()
    k, earlier, before, last, now = (Value(turns.type) for _ in range(5))
    t = inner.add(k, two)
    larger = inner.floor_divide(inner.multiply(now, inner.add(slots, t)), t)
    body = inner.block(
        (k, earlier, before, last, now), (inner.less(larger, turns), before, last, now, larger)
    )
    enter = b.logical_and(many, b.less(first, turns))
    _, earlier, before, last, _ = b.emit("while", enter, zero, zero, one, first, regions=(body,))
    kept = b.add(b.subtract(turns, b.multiply(two, b.subtract(last, before))), b.subtract(before, earlier))
    best = b.maximum(one, b.minimum(last, b.maximum(before, kept)))
    return b.where(many, best, b.subtract(turns, one))
