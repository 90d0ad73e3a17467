"""The order in which einsum multiplies its operands, a pair at a time.

Up to `_EXACT` operands it is the cheapest order of all, found subset by subset (Pfeifer, Haegeman,
Verstraete, "Faster identification of optimal contraction sequences for tensor networks", 2014, have the
idea); for more, the greedy one of `numpy.einsum_path`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_EXACT = 8  # operands: 3 ** 8 pairs of subsets are looked at
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, order=True)
class _Plan:
    """How to multiply a subset of the operands: its multiplications, and the elements of what is between."""

    cost: int
    room: int
    pairs: tuple[tuple[int, int], ...]  # of subsets, as bit masks


def contraction_order(
    operands: Sequence[frozenset[str]], output: frozenset[str], sizes: Mapping[str, int]
) -> list[tuple[int, int]]:
    """Return which two operands to multiply, step by step.

    Parameters
    ----------
    operands
        The labels of each operand.
    output
        The labels of the result.
    sizes
        The size of each label.

    Returns
    -------
    list of (int, int)
        Positions, the smaller first, in the list of what is left: both are taken out of it, and their
        product is put at its end.
    """
    if len(operands) < 3:
        return [(0, 1)] * (len(operands) - 1)
    if len(operands) > _EXACT:
        return list(_greedy(operands, output, sizes))
    return list(_positions(_cheapest(operands, output, sizes).pairs, len(operands)))


def _cheapest(operands: Sequence[frozenset[str]], output: frozenset[str], sizes: Mapping[str, int]) -> _Plan:
    count = len(operands)
    every = (1 << count) - 1
    union = [frozenset[str]().union(*(operands[k] for k in _members(s))) for s in range(every + 1)]
    left = [union[s] & (output | union[every & ~s]) for s in range(every + 1)]
    left = [operands[s.bit_length() - 1] if s.bit_count() == 1 else labels for s, labels in enumerate(left)]
    best = {1 << k: _Plan(0, 0, ()) for k in range(count)}
    for whole in range(3, every + 1):
        if whole.bit_count() > 1:
            best[whole] = min(_joined(a, whole ^ a, best, left, sizes) for a in _halves(whole))
    return best[every]


def _joined(
    a: int, b: int, best: Mapping[int, _Plan], left: Sequence[frozenset[str]], sizes: Mapping[str, int]
) -> _Plan:
    """Multiply the products of two subsets."""
    x, y = best[a], best[b]
    cost = math.prod(sizes[label] for label in left[a] | left[b])
    room = math.prod(sizes[label] for label in left[a | b])
    return _Plan(x.cost + y.cost + cost, x.room + y.room + room, (*x.pairs, *y.pairs, (a, b)))


def _members(subset: int) -> Iterator[int]:
    return (k for k in range(subset.bit_length()) if subset >> k & 1)


def _halves(whole: int) -> Iterator[int]:
    """Yield one half of each split of a set in two: the one that has the first member."""
    first = whole & -whole
    rest = whole ^ first
    part = rest
    while part:
        part = (part - 1) & rest
        yield part | first


def _positions(pairs: Sequence[tuple[int, int]], count: int) -> Iterator[tuple[int, int]]:
    waiting = [1 << k for k in range(count)]
    for a, b in pairs:
        i, j = sorted((waiting.index(a), waiting.index(b)))
        yield i, j
        waiting = [*waiting[:i], *waiting[i + 1 : j], *waiting[j + 1 :], a | b]


def _greedy(
    operands: Sequence[frozenset[str]], output: frozenset[str], sizes: Mapping[str, int]
) -> Iterator[tuple[int, int]]:
    """NumPy's greedy order; from the first operand to the last where NumPy has no letters for the labels."""
    count = len(operands)
    steps: list[tuple[int, ...]] = [tuple(range(count))]
    if len(sizes) <= len(_LETTERS):
        letters = dict(zip(sizes, _LETTERS, strict=False))
        parts = ["".join(letters[x] for x in labels) for labels in (*operands, output)]
        shapes = [np.broadcast_to(0.0, [sizes[x] for x in labels]) for labels in operands]
        steps = np.einsum_path(",".join(parts[:-1]) + "->" + parts[-1], *shapes, optimize="greedy")[0][1:]
    for step in steps:
        places = sorted(step)
        yield from [(places[0], places[1])] if len(places) > 1 else []
        for k, place in enumerate(places[2:]):
            count -= 1
            yield place - 2 - k, count - 1
        count -= 1
