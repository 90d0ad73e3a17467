"""Index arithmetic that is not emitted until its value is needed: affine forms of loop variables.

An address `offset + stride . index` so comes out as one linear form, whose strides tell which
dimensions of a loop nest can be walked as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..ir.dims import Dim, Shape, capacity
from ..ir.types import DType


@dataclass(frozen=True, slots=True)
class Variable:
    """A loop variable that counts from 0 to `size` - 1, or less far: `size` is the most it can be."""

    name: str
    size: int


Atom = Any  # a Variable, or a scalar in a register (hashable)


@dataclass(frozen=True, slots=True)
class Index:
    """`offset + sum(coefficient * atom)`, an i64."""

    terms: tuple[tuple[Atom, int], ...]
    offset: int = 0

    @property
    def dtype(self) -> DType:
        return DType.I64

    @property
    def constant(self) -> int | None:
        """The value, where it is the same for every iteration."""
        return None if self.terms else self.offset

    def plus(self, other: Index, factor: int = 1) -> Index:
        """`self + factor * other`."""
        if not self.terms and factor == 1:
            return Index(other.terms, wrapped(self.offset + other.offset))
        terms = dict(self.terms)
        for atom, coefficient in other.terms:
            terms[atom] = terms.get(atom, 0) + factor * coefficient
        return _index(terms, self.offset + factor * other.offset)

    def without(self, atom: Atom) -> Index:
        """The rest of the form where one of its atoms is 0."""
        return Index(tuple(term for term in self.terms if term[0] != atom), self.offset)

    def times(self, factor: int) -> Index:
        if factor == 1:
            return self
        if factor == 0:
            return Index((), 0)
        return Index(tuple((a, wrapped(c * factor)) for a, c in self.terms), wrapped(self.offset * factor))

    def divided(self, divisor: int) -> tuple[Index, Index] | None:
        """Quotient and remainder as forms, where the ranges of the variables show what they are."""
        multiple = {a: c // divisor for a, c in self.terms if c % divisor == 0}
        rest = tuple((a, c) for a, c in self.terms if c % divisor)
        whole, offset = divmod(self.offset, divisor)
        low, high = bounds(Index(rest, offset)) or (-1, 0)
        nonnegative = (bounds(self) or (-1, 0))[0] >= 0
        if low < 0 or high >= divisor or not nonnegative:
            return None
        return _index(multiple, whole), Index(rest, offset)


def _index(terms: Mapping[Atom, int], offset: int) -> Index:
    return Index(tuple((a, wrapped(c)) for a, c in terms.items() if c), wrapped(offset))


def wrapped(number: int) -> int:
    """The i64 that a number is modulo 2**64."""
    return (number + 2**63) % 2**64 - 2**63


def bounds(index: Index) -> tuple[int, int] | None:
    """The smallest and the largest value, where every atom is a loop variable."""
    low = high = index.offset
    for atom, coefficient in index.terms:
        if not isinstance(atom, Variable):
            return None
        reach = coefficient * max(atom.size - 1, 0)
        low, high = low + min(reach, 0), high + max(reach, 0)
    return low, high


def turns(relation: str, index: Index) -> list[int]:
    """Where, as its only variable counts up, the outcome of `index relation 0` changes."""
    ((_, c),) = index.terms
    o = index.offset
    at_least = -(o // c) if c > 0 else o // -c + 1  # the first value past the last with c v + o < 0, or > 0
    beyond = -o // c + 1 if c > 0 else -(-o // -c)  # the same for c v + o <= 0, or >= 0
    match relation:
        case "<" | ">=":
            return [at_least]
        case ">" | "<=":
            return [beyond]
        case _:
            return [-o // c, -o // c + 1] if o % c == 0 else []


def variable(name: str, size: Dim) -> Index:
    """The form that is a loop variable itself; 0 where the loop has one iteration."""
    return Index(((Variable(name, capacity(size)), 1),)) if size != 1 else Index(())


ZERO = Index((), 0)


def linear(index: tuple[Index, ...], strides: tuple[int, ...], offset: Index = ZERO) -> Index:
    """`offset + sum(stride * index)`."""
    if len(index) == 1 and offset is ZERO and strides[0] == 1:
        return index[0]
    terms = dict(offset.terms)
    total = offset.offset
    for i, stride in zip(index, strides, strict=True):
        for atom, coefficient in i.terms:
            terms[atom] = terms.get(atom, 0) + coefficient * stride
        total += i.offset * stride
    return _index(terms, total)


def row_major(shape: Shape) -> tuple[int, ...]:
    """The strides, in elements, of an array in memory, which is laid out for the largest sizes."""
    strides, step = [], 1
    for size in map(capacity, reversed(shape)):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))
