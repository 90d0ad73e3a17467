"""Comparing the numbers of elements of two shapes, and matching their axes group by group."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..ir.dims import Affine, Dim, Shape


def _factors(shape: Iterable[Dim]) -> tuple[int, list[str]]:
    """The product of a shape as an integer and symbolic factors in canonical form."""
    number, symbolic = 1, []
    for d in shape:
        if isinstance(d, Affine):
            common = math.gcd(d.offset, *(c for _, c in d.terms))
            number *= common
            symbolic.append(str(Affine(tuple((s, c // common) for s, c in d.terms), d.offset // common)))
        else:
            number *= d
    return number, sorted(symbolic)


def same_count(a: Iterable[Dim], b: Iterable[Dim]) -> bool:
    """Tell whether two shapes surely have the same number of elements."""
    left, right = _factors(a), _factors(b)
    return left == right or left[0] == right[0] == 0


def matching_axes(a: Shape, b: Shape) -> list[tuple[list[int], list[int]]]:
    """Split the axes of two shapes into the smallest consecutive groups with equal products.

    Axes of size 1 are left out; a reshape keeps the order within each group.
    """
    left = [k for k, d in enumerate(a) if d != 1]
    right = [k for k, d in enumerate(b) if d != 1]
    groups: list[tuple[list[int], list[int]]] = []
    while left or right:
        i = j = 1
        while not same_count([a[k] for k in left[:i]], [b[k] for k in right[:j]]):
            number_left, number_right = (
                _factors(a[k] for k in left[:i])[0],
                _factors(b[k] for k in right[:j])[0],
            )
            if j < len(right) and (i >= len(left) or number_right <= number_left):
                j += 1
            elif i < len(left):
                i += 1
            else:
                return [*groups, (left, right)]
        groups.append((left[:i], right[:j]))
        left, right = left[i:], right[j:]
    return groups
