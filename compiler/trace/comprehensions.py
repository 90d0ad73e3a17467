"""What comprehensions run over: Python takes the items in turn, so their number has to be known."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from .calls import call, own_method
from .frame import Trace
from .iterables import iterator
from .known import check_known
from .rolling import unrolls
from .tracer import Array


def elements(trace: Trace, iterable: Any) -> Any:
    """Return an iterator over what a comprehension, or a loop that stays Python's, runs over."""
    if isinstance(iterable, Array):
        unrolls(trace, len(iterable), "each turn of a comprehension gives an item of a Python list")
    own = own_method(iterable, "__iter__")
    if own is not None:
        return call(trace, own, (iterable,), {})
    item = own_method(iterable, "__getitem__")
    return iterator(trace, iterable if item is None else _items(trace, item, iterable))


def check_pick(trace: Trace, test: Any) -> Any:
    """Return the condition of a comprehension, which has to be known."""
    return check_known(
        trace,
        test,
        "an `if` in a comprehension depends on a traced value",
        "an `if` on a traced value in a comprehension picks as many items as only the run knows:"
        " give 0 for the others (`v if test else 0.0`), or write a `for` with an `if`",
    )


def _items(trace: Trace, item: FunctionType, sequence: Any) -> Iterator[Any]:
    """Iterate over an object that has no `__iter__`, as Python does: by index, up to an IndexError."""
    k = 0
    while True:
        try:
            element = call(trace, item, (sequence, k), {})
        except IndexError:
            return
        yield element
        k += 1
