"""Arguments and captured values that are equal for Python, and yet not the same: each has its own code."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.trace.exact import exact_key


@dataclass(frozen=True)
class Options:
    k: Any
    note: Any = field(default=None, compare=False)


def sign_and_kind(x: float, options: Options) -> Any:
    return x * math.copysign(2.0, options.k), type(options.k).__name__, options.note


def run_through(x: float, numbers: Any) -> Any:
    for k in numbers:
        x = 2 * x + k
    return x


def stop(x: float, numbers: Any) -> Any:
    return x * numbers.stop


ONES = [Options(k) for k in (1, True, 1.0, np.float64(1.0), 0.0, -0.0)]
EQUAL = [
    (sign_and_kind, [*ONES, Options(1, "a"), Options(1, "b")]),
    (run_through, [frozenset([0, 8]), frozenset([8, 0])]),
    (stop, [range(0, 4, 2), range(0, 3, 2)]),
]


@pytest.mark.parametrize(("f", "arguments"), EQUAL, ids=lambda x: getattr(x, "__name__", ""))
def test_equal_arguments_are_not_mixed_up(f: Callable[..., Any], arguments: list[Any]) -> None:
    compiled = gr.jit(f)
    assert [repr(compiled(1.0, x)) for x in arguments] == [repr(f(1.0, x)) for x in arguments]
    assert compiled.cache_info().misses == len(arguments)


def test_values_of_the_same_kind_share_their_code() -> None:
    compiled = gr.jit(lambda x, options: x)
    for k in (1, 2.5, math.nan, np.float32(2), "a", (1, math.sin), frozenset([1, 2]), range(3), slice(2)):
        before = compiled.cache_info().misses
        assert (compiled(1.0, Options(k)), compiled(2.0, Options(k))) == (1.0, 2.0)
        assert compiled.cache_info().misses == before + 1


def test_what_can_change_has_no_key() -> None:
    assert [exact_key(x) for x in ([1], {}, Options([1]), (1, [2]), object())] == [None] * 5


numbers: Any = None


def over_the_global(x: float) -> Any:
    for k in numbers:
        x = 2 * x + k
    return x


def shuffled() -> set[int]:
    """A set whose copy has another order."""
    found = set(range(32))
    for k in set(range(32)) - {1, 2, 11, 13, 19}:
        found.discard(k)
    found.add(32)
    return found


@pytest.mark.parametrize("kinds", [({0, 8}, {8, 0}), (shuffled(), {1}), ({1, 2}, {True, 2})])
def test_sets_from_outside_have_their_order(kinds: tuple[Any, Any]) -> None:
    global numbers
    compiled = gr.jit(over_the_global)
    for kind in kinds:
        numbers = kind
        assert compiled(1.0) == over_the_global(1.0)
        assert compiled(1.0) == over_the_global(1.0)
    assert compiled.cache_info().misses == 2
