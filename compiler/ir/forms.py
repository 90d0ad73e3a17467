"""Affine forms of integers, and their extremes where the ranges of what they are made of are known."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Form:
    """`offset + sum(coefficient * base)`; a base is a value, or whatever else stands for an integer."""

    terms: tuple[tuple[Any, int], ...]
    offset: int = 0

    @property
    def key(self) -> Hashable:
        """The same for equal forms, whatever the order of their terms."""
        return frozenset(self.terms), self.offset

    @property
    def base(self) -> Any:
        """The base that the form is, None for any other form."""
        return self.terms[0][0] if not self.offset and [c for _, c in self.terms] == [1] else None

    def plus(self, other: Form, factor: int = 1) -> Form:
        """`self + factor * other`."""
        terms = dict(self.terms)
        for base, coefficient in other.terms:
            terms[base] = terms.get(base, 0) + factor * coefficient
        kept = tuple((b, c) for b, c in terms.items() if c)
        return Form(kept, self.offset + factor * other.offset)

    def times(self, factor: int) -> Form:
        """`factor * self`."""
        return number(0).plus(self, factor)


def number(k: int) -> Form:
    """Return the form that is an integer."""
    return Form((), k)


def of_base(base: Any) -> Form:
    """Return the form that is a base."""
    return Form(((base, 1),))


LINEAR = ("add", "subtract", "neg", "multiply")


def linear(op: str, operands: Sequence[Form]) -> Form | None:
    """Return the form of what an operation makes of forms, None where it is none."""
    match op, operands:
        case "add", [x, y]:
            return x.plus(y)
        case "subtract", [x, y]:
            return x.plus(y, -1)
        case "neg", [x]:
            return x.times(-1)
        case ("multiply", [x, Form((), factor)]) | ("multiply", [Form((), factor), x]):
            return x.times(factor)
    return None


class Ranges:
    """The least and the greatest that bases can be, where known: forms of bases that were noted before."""

    def __init__(self) -> None:
        self._ends: dict[Any, tuple[int, Form | None, Form | None]] = {}

    def __contains__(self, base: Any) -> bool:
        return base in self._ends

    def note(self, base: Any, least: Form | None, most: Form | None) -> None:
        """Note the range of a base, unless one is noted already."""
        self._ends.setdefault(base, (len(self._ends), least, most))

    def least(self, form: Form) -> int | None:
        """Return a number that a form is never below, None where none is known."""
        most = self.most(form.times(-1))
        return None if most is None else -most

    def most(self, form: Form) -> int | None:
        """Return a number that a form is never above, None where none is known."""
        above = self.above(form)
        return None if above.terms else above.offset

    def above(self, form: Form) -> Form:
        """Return a form of bases without a known end that `form` is never above.

        The innermost bases are replaced by their ends first: those may depend on the ones outside.
        """
        while ends := [found for base, c in form.terms if (found := self._end(base, c)) is not None]:
            _, base, coefficient, end = max(ends, key=lambda known: known[0])
            form = form.plus(of_base(base), -coefficient).plus(end, coefficient)
        return form

    def _end(self, base: Any, coefficient: int) -> tuple[int, Any, int, Form] | None:
        place, least, most = self._ends.get(base, (0, None, None))
        end = most if coefficient > 0 else least
        return None if end is None else (place, base, coefficient, end)
