"""Dims, the entries of a shape: an int, or an affine expression of symbols.

A symbol is an integer from 0 to its bound that a `bind` node gives a value at run time. Rules and
emitters use `+`, `-`, `*` by an int and `==` on dims and the functions here, so that an int and a
symbolic dim go through the same code.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import GradirError


class SymbolicSizeError(GradirError):
    """The number that a symbolic dim stands for is asked for; only the run knows it."""

    def __init__(self, dim: Affine) -> None:
        super().__init__(f"a size known at compile time is needed here, not '{dim}'")
        self.dim = dim


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A size that is known at run time, from 0 to `bound`."""

    name: str
    bound: int

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Affine:
    """`offset + sum(coefficient * symbol)`, with at least one symbol; build it with `affine`."""

    terms: tuple[tuple[Symbol, int], ...]
    offset: int

    def __add__(self, other: Dim) -> Dim:
        if isinstance(other, int):
            return Affine(self.terms, self.offset + other)
        if not isinstance(other, Affine):
            return NotImplemented
        merged = dict(self.terms)
        for symbol, coefficient in other.terms:
            merged[symbol] = merged.get(symbol, 0) + coefficient
        return affine(merged, self.offset + other.offset)

    def __mul__(self, factor: int) -> Dim:
        if not isinstance(factor, int):
            self._unknown()
        return affine({s: c * factor for s, c in self.terms}, self.offset * factor)

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim) -> Dim:
        return self + (-other)

    def __rsub__(self, other: int) -> Dim:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    # What Python asks of an integer, and a symbolic dim cannot answer.

    def _unknown(self, *_: Any) -> NoReturn:
        raise SymbolicSizeError(self)

    __index__ = __int__ = __float__ = __bool__ = _unknown
    __lt__ = __le__ = __gt__ = __ge__ = _unknown
    __floordiv__ = __rfloordiv__ = __truediv__ = __rtruediv__ = __mod__ = __rmod__ = __divmod__ = _unknown

    def __str__(self) -> str:
        text = ""
        for symbol, coefficient in self.terms:
            sign = "-" if coefficient < 0 else "+" if text else ""
            factor = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
            text += f"{sign}{factor}{symbol.name}"
        return text + (f"{self.offset:+d}" if self.offset else "")

    __repr__ = __str__  # for shapes in errors


Dim = int | Affine
Shape = tuple[Dim, ...]


def affine(terms: Mapping[Symbol, int], offset: int) -> Dim:
    """Return `offset + sum(terms)` in canonical form: an int where every coefficient is 0."""
    kept = tuple(sorted((s, c) for s, c in terms.items() if c))
    return Affine(kept, offset) if kept else offset


def symbol(name: str, bound: int = 0) -> Affine:
    """Return the dim that is the symbol `name` itself."""
    return Affine(((Symbol(name, bound), 1),), 0)


def is_static(shape: Iterable[Dim]) -> bool:
    """Tell whether every dim is an int."""
    return all(isinstance(d, int) for d in shape)


def static(shape: Iterable[Dim]) -> tuple[int, ...]:
    """Return the shape as ints; a symbolic dim raises SymbolicSizeError."""
    dims = tuple(shape)
    for d in dims:
        if isinstance(d, Affine):
            raise SymbolicSizeError(d)
    return dims  # type: ignore[return-value]


def symbols(shape: Iterable[Dim]) -> Iterator[Symbol]:
    """Yield the symbols in a shape."""
    for d in shape:
        if isinstance(d, Affine):
            yield from (s for s, _ in d.terms)


def as_symbol(dim: Any) -> Symbol | None:
    """Return the symbol that a dim is, None for any other dim."""
    if isinstance(dim, Affine) and not dim.offset and len(dim.terms) == 1 and dim.terms[0][1] == 1:
        return dim.terms[0][0]
    return None


def evaluate(dim: Dim, values: Mapping[Symbol, int]) -> int:
    """Return the value of `dim` with every symbol given."""
    if isinstance(dim, int):
        return dim
    return dim.offset + sum(c * values[s] for s, c in dim.terms)


def capacity(dim: Dim) -> int:
    """Return the largest value that `dim` can have, for which memory is laid out."""
    if isinstance(dim, int):
        return dim
    return max(0, dim.offset + sum(c * s.bound for s, c in dim.terms if c > 0))


def capacities(shape: Iterable[Dim]) -> tuple[int, ...]:
    """Return the shape that memory for an array of `shape` is laid out for."""
    return tuple(map(capacity, shape))


def size(shape: Iterable[Dim]) -> int:
    """Return the number of elements of a static shape."""
    return math.prod(static(shape))


def room(shape: Iterable[Dim]) -> int:
    """Return the number of elements that memory for an array of `shape` holds."""
    return math.prod(map(capacity, shape))
