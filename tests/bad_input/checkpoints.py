"""Functions whose `gr.checkpointed` is refused: with which error, and on which of their lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np


def fills_a_dict(x):
    seen = {}
    for t in gr.checkpointed(range(5), slots=2):
        seen[t] = x
    return x * len(seen)


def appends(x):
    seen = []
    for _ in gr.checkpointed(range(5), slots=2):
        seen.append(x)
    return sum(seen)


def picks_from_a_list(x):
    weights = [1.0, 2.0, 3.0]
    for t in gr.checkpointed(range(3), slots=2):
        x = x * weights[t]
    return x


def over_a_list(x):
    for w in gr.checkpointed([1.0, 2.0], slots=2):
        x = x * w
    return x


def under_enumerate(x):
    for _, _ in enumerate(gr.checkpointed(range(5))):
        x = x * 2
    return x


def in_a_comprehension(x):
    return np.sum(np.array([x * t for t in gr.checkpointed(range(5))]))


def part_of_a_condition(x):
    while x < 3.0 and gr.checkpointed(x < 2.0):
        x = x * 2
    return x


def of_an_if(x):
    if gr.checkpointed(x < 2.0):
        x = x * 2
    return x


def marked_twice(x):
    for _ in gr.checkpointed(gr.checkpointed(range(5))):
        x = x * 2
    return x


def unrolled_too(x):
    for _ in gr.unroll(gr.checkpointed(range(5))):
        x = x * 2
    return x


def a_range_as_a_condition(x):
    while gr.checkpointed(range(3)):
        x = x * 2
    return x


def no_slots(x):
    for _ in gr.checkpointed(range(5), slots=0):
        x = x * 2
    return x


def half_a_slot(x):
    for _ in gr.checkpointed(range(5), slots=0.5):
        x = x * 2
    return x


_ROLLED = r"gr\.checkpointed: this loop could not be kept as a loop"
_WHERE = "it has to be all that a `for` runs over, or the whole condition of a `while`"

REFUSED: dict[Callable[..., Any], tuple[type[Exception], str, int]] = {
    fills_a_dict: (gr.TraceError, rf"{_ROLLED} \(a number known only at run time is a key\)", 2),
    appends: (gr.TraceError, rf"{_ROLLED} \(a list or dict gets or loses items in the loop", 2),
    picks_from_a_list: (gr.TraceError, rf"{_ROLLED} \(a number known only at run time is an index", 2),
    over_a_list: (gr.TraceError, rf"{_ROLLED} \(Python iterates over a list\)", 1),
    under_enumerate: (gr.UnsupportedError, _WHERE, 1),
    in_a_comprehension: (gr.UnsupportedError, _WHERE, 1),
    part_of_a_condition: (gr.UnboundError, "an object of class Checkpointed in one branch", 1),
    of_an_if: (gr.UnsupportedError, _WHERE, 1),
    marked_twice: (gr.UnsupportedError, _WHERE, 1),
    unrolled_too: (gr.UnsupportedError, _WHERE, 1),
    a_range_as_a_condition: (gr.UnsupportedError, _WHERE, 1),
    no_slots: (ValueError, r"gr\.checkpointed: 'slots' is at least 1", 1),
    half_a_slot: (TypeError, r"gr\.checkpointed: 'slots' is an int or None, not float", 1),
}
