"""Python's builtins that make and advance iterators, in traced code: what they give can be taken by index."""

from __future__ import annotations

import builtins
import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator
from types import GeneratorType
from typing import Any

import numpy as np

from .calls import call, iterated, own_method
from .dispatch import implements
from .frame import Trace
from .iterables import Indexed, Lazy, extreme, iterator, length_of, part_of, whole
from .ranges import Range
from .tracer import Array, Tracer


def _part(trace: Trace, iterable: Any) -> Any:
    return part_of(trace, iterated(trace, iterable))


@implements(iter, creates=True)
def iter_(trace: Trace, object: Any, *sentinel: Any) -> Any:
    if sentinel:
        return Lazy(trace, (), lambda: builtins.iter(lambda: call(trace, object, (), {}), *sentinel))
    return iterator(trace, iterated(trace, object))


@implements(next, creates=True)
def next_(trace: Trace, iterator: Any, *default: Any) -> Any:
    own = own_method(iterator, "__next__")
    if own is None:
        if isinstance(iterator, GeneratorType):
            trace.abort("a generator is advanced in the loop")
        return builtins.next(iterator, *default)
    try:
        return call(trace, own, (iterator,), {})
    except StopIteration:
        if not default:
            raise
        return default[0]


@implements(enumerate, creates=True)
def enumerate_(trace: Trace, iterable: Any, start: Any = 0) -> Lazy:
    part = _part(trace, iterable)
    first = whole(trace, start) if isinstance(start, Tracer) else operator.index(start)

    def items() -> Iterator[Any]:
        return ((_plus(first, k), x) for k, x in builtins.enumerate(part))

    def index(parts: list[Indexed]) -> Indexed:
        (inner,) = parts
        return Indexed(inner.length, lambda k: (_plus(first, k), inner.at(k)))

    return Lazy(trace, (part,), items, index)


def _plus(first: Any, k: Any) -> Any:
    return k if isinstance(first, int) and first == 0 else first + k


@implements(zip, creates=True)
def zip_(trace: Trace, *iterables: Any, strict: bool = False) -> Lazy:
    parts = tuple(_part(trace, x) for x in iterables)

    def index(found: list[Indexed]) -> Indexed | None:
        lengths = [x.length for x in found]
        if not lengths or (strict and not _same_length(trace, lengths)):
            return None  # Python raises the error where the shorter one ends
        return Indexed(extreme(trace, min, lengths), lambda k: tuple([x.at(k) for x in found]))

    return Lazy(trace, parts, lambda: builtins.zip(*parts, strict=strict), index)


def _same_length(trace: Trace, lengths: list[Any]) -> bool:
    """Tell whether all may be the same; those that only the run knows are compared there."""
    if len({n for n in lengths if not isinstance(n, Tracer)}) > 1:
        return False
    first, *others = lengths
    for n in others:
        if isinstance(n, Tracer) or isinstance(first, Tracer):
            message = "zip() arguments differ in length (strict=True)"
            same: Any = n == first
            trace.emit_all("check", same.value, exception="ValueError", message=message)
    return True


@implements(itertools.pairwise, creates=True)
def pairwise(trace: Trace, iterable: Any, /) -> Lazy:
    part = _part(trace, iterable)

    def index(parts: list[Indexed]) -> Indexed:
        (inner,) = parts
        length = extreme(trace, max, [inner.length - 1, 0])
        return Indexed(length, lambda k: (inner.at(k), inner.at(k + 1)))

    return Lazy(trace, (part,), lambda: itertools.pairwise(part), index)


@implements(reversed, creates=True)
def reversed_(trace: Trace, sequence: Any) -> Any:
    own = own_method(sequence, "__reversed__")
    if own is not None:
        return call(trace, own, (sequence,), {})
    item = own_method(sequence, "__getitem__")
    if item is not None:
        places = builtins.reversed(range(call(trace, len, (sequence,), {})))
        return Lazy(trace, (), lambda: (call(trace, item, (sequence, k), {}) for k in places))
    part = _part(trace, sequence) if isinstance(sequence, (Tracer, np.ndarray)) else sequence
    match part:
        case range():
            return _backwards(trace, part, part[::-1])
        case Range(start=start, step=step):
            turns = length_of(trace, part)
            first, by = whole(trace, start), whole(trace, step)
            return _backwards(trace, part, Range(first + (turns - 1) * by, first - by, -by))
        case Array():
            return _backwards(trace, part, None)
    places = builtins.reversed(part)
    return Lazy(trace, (), lambda: places)


def _backwards(trace: Trace, part: Any, bounds: range | Range | None) -> Lazy:
    def items() -> Iterator[Any]:
        if bounds is not None:
            return builtins.iter(bounds)
        return (part[k] for k in range(len(part) - 1, -1, -1))

    def index(parts: list[Indexed]) -> Indexed:
        (inner,) = parts
        last = inner.length - 1
        return Indexed(inner.length, lambda k: inner.at(last - k))

    return Lazy(trace, (part,), items, index, bounds)


@implements(map, creates=True)
def map_(trace: Trace, func: Any, /, *iterables: Any) -> Lazy:
    parts = tuple(_part(trace, x) for x in iterables)

    def index(found: list[Indexed]) -> Indexed | None:
        length = extreme(trace, min, [x.length for x in found])
        return Indexed(length, lambda k: call(trace, func, tuple([x.at(k) for x in found]), {}))

    return Lazy(trace, parts, lambda: builtins.map(staged_callable(trace, func), *parts), index)


@implements(filter, creates=True)
def filter_(trace: Trace, function: Any, iterable: Any, /) -> Lazy:
    part = _part(trace, iterable)
    test = None if function is None else staged_callable(trace, function)
    return Lazy(trace, (part,), lambda: builtins.filter(test, part))


def staged_callable(trace: Trace, function: Any) -> Callable[..., Any]:
    """Return `function` as something that C code may call."""
    return lambda *args: call(trace, function, args, {})


@implements(functools.reduce, creates=True)
def reduce(trace: Trace, function: Any, iterable: Iterable[Any], *initial: Any) -> Any:
    return functools.reduce(staged_callable(trace, function), iterator(trace, iterable), *initial)
