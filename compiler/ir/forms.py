"""Affine forms of integers, and their extremes where the ranges of what they are made of are known."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
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


def number(k: int) -> Form:
    """Return the form that is an integer."""
    return Form((), k)


def of_base(base: Any) -> Form:
    """Return the form that is a base."""
    return Form(((base, 1),))


# The least and the greatest that a base can be, as forms of bases that stand before it.
Ranges = Mapping[Any, tuple[Form | None, Form | None]]


def least(form: Form, ranges: Ranges) -> int | None:
    """Return a number that a form is never below, None where none is known."""
    return _extreme(form, ranges, 0)


def most(form: Form, ranges: Ranges) -> int | None:
    """Return a number that a form is never above, None where none is known."""
    return _extreme(form, ranges, 1)


def _extreme(form: Form, ranges: Ranges, side: int) -> int | None:
    """Replace bases by their bounds, the innermost first: those may depend on the ones outside."""
    if not form.terms:
        return form.offset
    order = {base: k for k, base in enumerate(ranges)}
    while form.terms:
        base, coefficient = max(form.terms, key=lambda t: order.get(t[0], -1))
        end = ranges.get(base, (None, None))[side if coefficient > 0 else 1 - side]
        if end is None:
            return None
        form = form.plus(of_base(base), -coefficient).plus(end, coefficient)
    return form.offset
