"""Slices whose bounds, or whose axis, only the run knows: where they begin, and what size they have.

Where ranges show that a slice lies inside its axis, its size is a form of what it is computed of, so that
equal sizes are equal dims; elsewhere it is clamped at run time, as NumPy does.
"""

from __future__ import annotations

import operator
from typing import Any

from ..ir.dims import Dim
from ..ir.forms import Form, number
from ..ir.graph import Span, Value
from .frame import Trace
from .int_forms import Forms
from .known import can_know
from .tracer import Scalar


def span(trace: Trace, part: slice, axis: Dim) -> tuple[Span, Value | None]:
    """Return the elements that a slice picks of an axis, and where they begin if only the run knows."""
    step = 1 if part.step is None else operator.index(part.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    sizes, forms = trace.sizes, trace.sizes.forms
    size = sizes.of_dim(axis)
    first, last = (number(0), size) if step > 0 else (size.plus(number(-1)), number(-1))
    low, high = (number(0), size) if step > 0 else (number(-1), first)
    start = first if part.start is None else _inside(trace, part.start, size, low, high, step > 0)
    stop = last if part.stop is None else _inside(trace, part.stop, size, low, high, step < 0)
    length = stop.plus(start, -1) if step > 0 else start.plus(stop, -1)
    count = sizes.dim(_steps(forms, _positive(forms, length, size), abs(step), size), axis)
    if count == 0:
        return Span(0, 0, step), None
    if not start.terms:
        return Span(start.offset, count, step), None
    return Span(None, count, step), forms.value(start)


def _bound(trace: Trace, bound: Any) -> Form:
    traced = isinstance(bound, Scalar) and not bound.value.dtype.is_float
    if not traced or (trace.sizes.concrete and can_know(trace, bound.value)):
        return number(operator.index(bound))
    return trace.sizes.forms.form(bound.value)


def _inside(trace: Trace, given: Any, size: Form, low: Form, high: Form, is_lower: bool) -> Form:
    """Count a negative bound from the end, then clamp it.

    A known number is clamped on one side only: beyond the other end nothing is left of the slice, and
    `x[1:]` and `x[:-1]` have the same size.
    """
    forms = trace.sizes.forms
    bound = _bound(trace, given)
    wrapped = _wrapped(forms, bound, size)
    exact = forms.is_exact(wrapped)
    above = exact and forms.is_least(wrapped.plus(low, -1), 0)
    below = exact and forms.is_least(high.plus(wrapped, -1), 0)
    if not bound.terms:
        above, below = above or not is_lower, below or is_lower
    if above and below:
        return wrapped

    def build() -> Value:
        b, value = trace.b, forms.value(wrapped)
        value = value if above else b.maximum(value, forms.value(low))
        return value if below else b.minimum(value, forms.value(high))

    least = low if bound.terms or is_lower else None
    most = high if bound.terms or not is_lower else None
    key = "inside", wrapped.key, low.key, high.key, above, below
    return forms.new_base(key, (wrapped, low, high), build, least, most)


def _wrapped(forms: Forms, bound: Form, size: Form) -> Form:
    """A bound, counted from the end where it is negative."""
    least, most = (forms.least(bound), forms.most(bound)) if forms.is_exact(bound) else (None, None)
    if least is not None and least >= 0:
        return bound
    if most is not None and most < 0:
        return bound.plus(size)

    def build() -> Value:
        b, value = forms.trace.b, forms.value(bound)
        return b.where(b.less(value, b.int64(0)), forms.value(bound.plus(size)), value)

    return forms.new_base(("wrapped", bound.key, size.key), (bound, size), build, None, None)


def _positive(forms: Forms, length: Form, size: Form) -> Form:
    """A length, or 0 where it is negative."""
    least, most = forms.least(length), forms.most(length)
    if least is not None and least >= 0:
        return length
    if most is not None and most <= 0:
        return number(0)

    def build() -> Value:
        return forms.trace.b.maximum(forms.value(length), forms.trace.b.int64(0))

    return forms.new_base(("positive", length.key), (length, size), build, number(0), size)


def _steps(forms: Forms, length: Form, step: int, size: Form) -> Form:
    """How many steps a length takes."""
    if step == 1:
        return length
    longer = length.plus(number(step - 1))
    if all(c % step == 0 for _, c in longer.terms):
        return Form(tuple((v, c // step) for v, c in longer.terms), longer.offset // step)

    def build() -> Value:
        return forms.trace.b.floor_divide(forms.value(longer), forms.trace.b.int64(step))

    return forms.new_base(("steps", longer.key, step), (longer, size), build, number(0), size)
