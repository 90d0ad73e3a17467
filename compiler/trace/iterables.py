"""What loops run over: iterators that remember what they were made of, so that a loop can take it by index.

The builtins that make such iterators stand in `python_iterators.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import GeneratorType
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir.graph import Span
from .dispatch import find_function
from .frame import Trace
from .lens import Basic
from .location import user_location
from .ranges import Range
from .tracer import Array, Scalar, Tracer


@dataclass(frozen=True, slots=True)
class Indexed:
    """A sequence whose item `k` is `at(k)`; `length` is an int or a traced one."""

    length: Any
    at: Callable[[Any], Any]


def indexed(trace: Trace, iterable: Any) -> Indexed | None:
    """Return the sequence that a loop can run over by index, None where Python has to iterate.

    These are the first axis of arrays, ranges, and enumerate, zip, reversed and map of such. An iterator
    among them is used up by this.
    """
    lazies = list(_lazies(iterable))
    for lazy in lazies:
        lazy.check()
    if len({id(x) for x in lazies}) < len(lazies):
        return None  # zip(it, it) takes its items in turns
    found = sequence(trace, iterable)
    if found is not None:
        for lazy in lazies:
            lazy.use_up()
    return found


def at_end(iterable: Any) -> None:
    """Note that a loop has run to the end of an iterator: what takes of it again finds it empty."""
    if isinstance(iterable, Lazy):
        iterable.empty()


def plain_range(iterable: Any) -> Any:
    """Return the range that a fresh `reversed(range(...))` is; other objects as they are."""
    if isinstance(iterable, Lazy) and iterable.bounds is not None and iterable.is_fresh:
        iterable.check()
        iterable.use_up()
        return iterable.bounds
    return iterable


def sequence(trace: Trace, iterable: Any) -> Indexed | None:
    """`indexed` of a part: uses nothing up."""
    match iterable:
        case np.ndarray():
            return sequence(trace, trace.capture(iterable))
        case Array():
            if not iterable.shape:
                raise TypeError("iteration over a 0-d array")
            return Indexed(length_of(trace, iterable), lambda k: row(iterable, k))
        case range(start=start, step=step):
            return Indexed(len(iterable), lambda k: _progression(start, step, k))
        case Range(start=start, step=step):
            first, by = whole(trace, start), whole(trace, step)
            return Indexed(length_of(trace, iterable), lambda k: _progression(first, by, k))
        case Lazy() if iterable.is_fresh and iterable.index is not None:
            parts = [sequence(trace, x) for x in iterable.parts]
            known = [x for x in parts if x is not None]
            return iterable.index(known) if len(known) == len(parts) else None
    return None


def _progression(start: Any, step: Any, k: Any) -> Any:
    if not isinstance(step, int) or step != 1:
        k = k * step
    return k if isinstance(start, int) and start == 0 else start + k


def row(x: Array, k: Any) -> Any:
    """Return `x[k]` for a `k` that surely is a place in the first axis: no check is needed."""
    if not isinstance(k, Scalar):
        return x[k]  # type: ignore[index]
    view = place(x, k)
    return view if view.shape else Scalar(x.run, view.value, weak=False)


def place(x: Array, k: Any) -> Array:
    """Return the view of entry `k`, an int from 0 on or a traced one, of the first axis; never a number."""
    whole = tuple(Span(0, d) for d in x.shape[1:])
    lens = Basic((k, *whole)) if isinstance(k, int) else Basic((None, *whole), (k.value,))
    return x.through(lens)


def whole(trace: Trace, x: Any) -> Any:
    """Return a bound of a range as a Python int, traced or not."""
    handler = find_function(int)
    assert handler is not None
    return handler(trace, x) if isinstance(x, Tracer) else int(x)


def length_of(trace: Trace, x: Array | range | Range) -> Any:
    """Return the length as an int or a traced one."""
    if isinstance(x, range):
        return len(x)
    if isinstance(x, Array):
        return trace.sizes.shown(x.shape[0])
    start, stop, step = (whole(trace, bound) for bound in (x.start, x.stop, x.step))
    if isinstance(step, int) and step in (1, -1):
        turns = stop - start if step == 1 else start - stop
    else:
        turns = -((start - stop) // step)
    return extreme(trace, max, [turns, 0])


def extreme(trace: Trace, function: Any, numbers: Sequence[Any]) -> Any:
    """Return the min or max of numbers, traced or not."""
    if not any(isinstance(n, Tracer) for n in numbers):
        return function(numbers)
    handler = find_function(function)
    assert handler is not None
    return numbers[0] if len(numbers) == 1 else handler(trace, *numbers)


class Lazy:
    """An iterator in traced code: Python may iterate over it, or a loop run over its parts by index.

    Parameters
    ----------
    trace
        It lives in the block that this is tracing: what advances it elsewhere runs more or less than once.
    parts
        What it iterates over.
    items
        Makes the Python iterator.
    index
        From the parts by index to the items by index.
    bounds
        The range that it is, where it is one.
    """

    __slots__ = ("_iterator", "_used", "bounds", "frame", "index", "items", "parts", "run")

    def __init__(
        self,
        trace: Trace,
        parts: tuple[Any, ...],
        items: Callable[[], Iterator[Any]],
        index: Callable[[list[Indexed]], Indexed | None] | None = None,
        bounds: range | Range | None = None,
    ) -> None:
        self.run = trace
        self.frame = trace.frame
        self.parts = parts
        self.items = items
        self.index = index
        self.bounds = bounds
        self._iterator: Iterator[Any] | None = None
        self._used = False

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was taken of it yet."""
        return self._iterator is None and not self._used

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self.check()
        if self._used:
            raise UnsupportedError(
                "an iterator that a loop has run over is used again: make it anew", loc=user_location()
            )
        if self._iterator is None:
            self._iterator = self.items()
        return next(self._iterator)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError("an iterator is no array: make a list of it", loc=user_location())

    def use_up(self) -> None:
        """Note that a loop runs over it."""
        self._used = True

    def empty(self) -> None:
        """Note that nothing is left of it."""
        self._iterator, self._used = iter(()), False

    def check(self) -> None:
        """Give up rolling, or refuse, where it is not advanced as often as the code here is traced."""
        trace = self.run
        trace.check_open(self.frame)
        if trace.frame is self.frame:
            return
        chain = trace.frame.chain()
        between = chain[: chain.index(self.frame)]
        loop = next((frame for frame in between if frame.kind == "loop"), None)
        if loop is not None:
            trace.abort("an iterator from outside of the loop is advanced in it", loop)
        raise UnsupportedError(
            "an iterator is advanced under an `if` on a traced value: make a list of it before",
            loc=user_location(),
        )


def _lazies(iterable: Any) -> Iterator[Lazy]:
    pending = [iterable]
    while pending:
        x = pending.pop()
        if isinstance(x, Lazy):
            yield x
            pending.extend(x.parts)


def iterator(trace: Trace, iterable: Any) -> Lazy:
    """Return `iter(iterable)`: one that knows in which block it was made."""
    part = part_of(trace, iterable)
    if isinstance(part, Lazy):
        return part
    return Lazy(trace, (part,), lambda: iter(part), lambda parts: parts[0])


def generated(trace: Trace, make: Callable[[Any], Any], iterable: Any, one_each: bool) -> Lazy:
    """Return a generator: `make` gives it for what it runs over; `one_each` says that each item gives one."""
    part = part_of(trace, iterable)

    def index(parts: list[Indexed]) -> Indexed:
        (inner,) = parts
        return Indexed(inner.length, lambda k: next(make(iter((inner.at(k),)))))

    return Lazy(trace, (part,), lambda: make(part), index if one_each else None)


def part_of(trace: Trace, iterable: Any) -> Any:
    """Return what an iterator keeps of what it iterates over: Python's own iterators are begun at once."""
    match iterable:
        case np.ndarray():
            return part_of(trace, trace.capture(iterable))
        case Array() if not iterable.shape:
            raise TypeError("iteration over a 0-d array")
        case Scalar():
            raise TypeError(f"'{iterable.python_type.__name__}' object is not iterable")
        case Array() | range() | Range() | Lazy():
            return iterable
        case GeneratorType():  # of code without source: where it was made is not known
            trace.abort("a generator is advanced in the loop")
    return iter(iterable)
