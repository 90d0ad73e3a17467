"""Iterators that Python advances while a function is traced: as often as in plain Python, or refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import agrees, loops_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=5)


def beside_a_list(x):
    weights = [1.0, 2.0, 3.0]
    total = 0.0
    for a, b in zip(x, weights, strict=False):
        total = total + a * b
    return total


def picks_from_a_list(x):
    weights = [1.0, 2.0, 3.0, 4.0, 5.0]
    total = 0.0
    for i, v in enumerate(x):
        total = total + v * weights[i]
    return total


def a_dict_of(x):
    table = {"a": x[0], "b": x[1]}
    total = 0.0
    for k, (name, v) in enumerate(table.items()):
        total = total + v * table[name] * k
    return total


def two_loops_over_one_iterator(x):
    items = enumerate(x)
    i, v = next(items)
    total = v * v + i
    for j, w in items:
        total = total + j * w * v
    return total + next(items, (0.0, 0.0))[1]


def in_turns(x):
    items = iter(x)
    total = 0.0
    for a, b in zip(items, items, strict=False):
        total = total + a * b
    return total


def advanced_in_a_loop(x):
    scales = iter([1.0, 2.0, 3.0])
    total = 0.0
    for k in range(3):
        total = total + next(scales) * x[k] ** 2
    return total


def used_up_in_the_first_turn(x):
    scales = iter([1.0, 2.0, 3.0])
    total = 0.0
    for k in range(2):
        for scale in scales:
            total = total + scale * x[k]
    return total


def a_generator_used_up(x):
    squares = (v * v for v in x)
    total = 0.0
    for k in range(2):
        for v in squares:
            total = total + v * x[k]
    return total


def a_generator_advanced(x):
    squares = (v * v for v in x)
    total = 0.0
    for k in range(4):
        total = total + next(squares) * k
    return total


def products(x):
    total = 0.0
    for i, j in itertools.product(range(3), range(2)):
        total = total + x[i] * x[j] * i
    for i, j in np.ndindex(2, 2):
        total = total - x[i] * x[j] ** 2
    return total


@pytest.mark.parametrize(
    "fun",
    [
        beside_a_list,
        picks_from_a_list,
        a_dict_of,
        two_loops_over_one_iterator,
        in_turns,
        advanced_in_a_loop,
        used_up_in_the_first_turn,
        a_generator_advanced,
        products,
    ],
)
def test_python_iterates(fun: Any) -> None:
    agrees(fun, X)
    assert loops_of(fun, X) == 0


def run_over_twice(x):
    items = zip(x, x[2:], strict=False)
    total = 0.0
    for a, b in items:
        total = total + a * b
    for a, b in items:
        total = total + a * b * 10.0
    return total + next(items, (x[0], 1.0))[0]


def run_over_again_in_a_loop(x):
    items = enumerate(x)
    total = 0.0
    for k in range(3):
        for i, a in items:
            total = total + a * a * i
        total = total * x[k]
    return total


@pytest.mark.parametrize("fun", [run_over_twice, run_over_again_in_a_loop, a_generator_used_up])
def test_an_iterator_is_empty_after_a_loop(fun: Any) -> None:
    agrees(fun, X)
    assert loops_of(fun, X) == 1


def test_an_iterator_that_a_loop_took_some_of_is_not_used_again() -> None:
    def f(x):
        items = enumerate(x)
        total = 0.0
        for (_, a), b in zip(items, x[3:], strict=False):
            total = total + a * b
        return total + next(items)[1]

    with pytest.raises(gr.UnsupportedError, match="an iterator that a loop has run over is used again"):
        gr.jit(f)(X)


def test_an_iterator_is_not_advanced_under_a_traced_condition() -> None:
    def f(x):
        items = iter([1.0, 2.0])
        if x > 0:
            x = x * next(items)
        return x * next(items)

    with pytest.raises(gr.UnsupportedError, match="an iterator is advanced under an `if`"):
        gr.jit(f)(1.0)


@pytest.mark.parametrize("wrong", [lambda x: list(enumerate(x)), lambda x: list(zip(x)), lambda x: iter(x)])
def test_a_number_is_not_iterable(wrong: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="'float' object is not iterable"):
        gr.jit(wrong)(1.0)
