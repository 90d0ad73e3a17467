"""Sorted intervals against sets of numbers."""

from __future__ import annotations

import random
from itertools import pairwise

from gradir.lower.intervals import Gaps, apart, insert


def _numbers(intervals: list[tuple[int, int]]) -> set[int]:
    return {n for first, last in intervals for n in range(first, last + 1)}


def test_inserting_keeps_a_sorted_list_of_what_is_there() -> None:
    rng = random.Random(0)
    for _ in range(50):
        held: list[tuple[int, int]] = []
        there: set[int] = set()
        for _ in range(40):
            first = rng.randrange(120)
            new = first, first + rng.randrange(5)
            meets = bool(there & _numbers([new]))
            assert apart(held, [new]) is not meets
            assert apart([new], held) is not meets
            if not meets:
                insert(held, new)
                there |= _numbers([new])
        assert _numbers(held) == there
        assert all(a[1] + 1 < b[0] for a, b in pairwise(held))


def test_a_chain_of_neighbours_is_one_interval() -> None:
    held: list[tuple[int, int]] = []
    for k in range(100):
        insert(held, (2 * k, 2 * k + 1))
    assert held == [(0, 199)]


def test_gaps_give_the_first_place_that_is_free() -> None:
    rng = random.Random(1)
    gaps, taken = Gaps(), list[tuple[int, int]]()
    for _ in range(400):
        if taken and rng.random() < 0.45:
            gaps.give(*taken.pop(rng.randrange(len(taken))))
            continue
        size = rng.randrange(1, 9)
        used = {n for start, end in taken for n in range(start, end)}
        best = next(k for k in range(10_000) if k % 2 == 0 and not used & set(range(k, k + size)))
        start = gaps.first(size, lambda first: first + first % 2)
        assert start == best
        gaps.take(start, start + size)
        taken.append((start, start + size))
