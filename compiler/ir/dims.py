"""Dims, the entries of a shape: an int, or an affine expression of loop symbols.

Rules and emitters use `+`, `-`, `*` by an int and `==` on dims and the functions here,
so that an int and a symbolic dim go through the same code.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Affine:
    """`offset + sum(coefficient * symbol)`, with at least one symbol; build it with `affine`."""

    terms: tuple[tuple[str, int], ...]
    offset: int

    def __add__(self, other: Dim) -> Dim:
        if isinstance(other, int):
            return Affine(self.terms, self.offset + other)
        merged = dict(self.terms)
        for symbol, coefficient in other.terms:
            merged[symbol] = merged.get(symbol, 0) + coefficient
        return affine(merged, self.offset + other.offset)

    def __mul__(self, factor: int) -> Dim:
        return affine({s: c * factor for s, c in self.terms}, self.offset * factor)

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim) -> Dim:
        return self + (-other)

    def __rsub__(self, other: int) -> Dim:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def __str__(self) -> str:
        text = ""
        for symbol, coefficient in self.terms:
            sign = "-" if coefficient < 0 else "+" if text else ""
            factor = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
            text += f"{sign}{factor}{symbol}"
        return text + (f"{self.offset:+d}" if self.offset else "")


Dim = int | Affine
Shape = tuple[Dim, ...]


def affine(terms: Mapping[str, int], offset: int) -> Dim:
    """Return `offset + sum(terms)` in canonical form: an int where every coefficient is 0."""
    kept = tuple(sorted((s, c) for s, c in terms.items() if c))
    return Affine(kept, offset) if kept else offset


def symbol(name: str) -> Dim:
    """Return the dim that is the symbol `name` itself."""
    return Affine(((name, 1),), 0)


def is_static(shape: Iterable[Dim]) -> bool:
    """Tell whether every dim is an int."""
    return all(isinstance(d, int) for d in shape)


def static(shape: Iterable[Dim]) -> tuple[int, ...]:
    """Return the shape as ints; a symbolic dim raises ValueError."""
    dims = tuple(shape)
    for d in dims:
        if not isinstance(d, int):
            raise ValueError(f"a size known at compile time is needed here, not '{d}'")
    return dims  # type: ignore[return-value]


def evaluate(dim: Dim, symbols: Mapping[str, int]) -> int:
    """Return the value of `dim` with every symbol given."""
    if isinstance(dim, int):
        return dim
    return dim.offset + sum(c * symbols[s] for s, c in dim.terms)


def size(shape: Iterable[Dim]) -> int:
    """Return the number of elements of a static shape."""
    return math.prod(static(shape))
