"""Comprehensions, generators and what takes them, unpacking, closures and match, held to plain Python."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import agrees, loops_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
W = RNG.normal(size=(4, 3))


def polynomial(x, n):
    return sum(x[0] ** k for k in range(n)) + sum([i * x[i] for i in range(n)])


def nested_comprehension(x):
    return sum(v * w for v in x for w in x) + {k: v * v for k, v in zip("abcde", x, strict=True)}["c"]


def extremes(x):
    return min(v * v for v in x) * max(abs(v) for v in x) + max([v - k for k, v in enumerate(x)])


def long_folds(x, n):
    y = np.sin(np.arange(40.0) * x[0])
    total = sum(v * v for v in y) + sum((a * b for a, b in zip(y, y[2:], strict=False)), 1.0)
    total = total + sum(y[k] * x[k % 5] for k in range(n))
    total = total * max(v for v in y[:n]) - min((v + k for k, v in enumerate(y)))
    return total * 2 if any(v > 0.9 for v in y) and not all(v > 0 for v in y) else total


def sums_of_arrays(matrix):
    total = sum(row * row for row in np.concatenate([matrix] * 5))
    return np.sum(total * sum(matrix[k] for k in range(4)))


def test_long_generators_are_folded_in_loops() -> None:
    for n in (1, 5, 20):
        agrees(long_folds, X, n)
    assert loops_of(long_folds, X, 20) == 5
    agrees(sums_of_arrays, W)
    assert loops_of(sums_of_arrays, W) == 1


def test_the_largest_of_nothing() -> None:
    def f(x, n):
        return max(x[k] for k in range(n))

    agrees(f, X, 3)
    with pytest.raises(ValueError, match=r"max\(\) arg is an empty sequence"):
        gr.jit(f)(X, 0)


def decisions(x):
    y = x[0] if any(v > 1.0 for v in x) else x[1] * 2
    return y * x[2] if all(v > -10.0 for v in x) else y


def a_list_of_a_range(x, n):
    total = 0.0
    for i in list(range(n)):
        total = total + x[i] * i
    return total + max(range(n)) * x[0]


def closures(x):
    def outer(k):
        def inner(v):
            return v * k + x[0]

        return inner

    by_default = [lambda v, k=k: v**k for k in range(1, 4)]
    return sum(f(x[1]) for f in [outer(k) for k in range(3)]) + sum(f(x[2]) for f in by_default)


def total_of(a, b, *others, scale=1.0):
    return a * b + sum(others) * scale


def starred(x):
    a, *b, c = x
    first, *_, (d, *rest) = x[0], x[1], (x[3], x[4])
    options = {"scale": a}
    return total_of(*x) + total_of(*[v * v for v in x[:3]], **options) + c * sum(b) * first * d + rest[0]


def chained(x):
    total = 0.0
    for v in x:
        if -1 < v < 1:
            total = total + v * v
        elif 0 < v <= 2 != v:
            total = total + v
    return total


def folded(x):
    product = functools.reduce(lambda a, b: a * b if a > 0 else a + b, x)
    last = list(itertools.accumulate(x, lambda a, b: a * 0.5 + b if b > 0 else a))[-1]
    return product + last + sum(map(lambda v, k: v**2 if v > 0 else -k, x, x[::-1]))


def zipped_again(x):
    firsts, seconds = zip(*[(v, v * v) for v in x], strict=True)
    return sum(firsts) * sum(seconds) * sum(filter(lambda k: k > 1, [1, 2, 3]))


@pytest.mark.parametrize(
    ("fun", "args"),
    [
        (polynomial, (X, 4)),
        (nested_comprehension, (X,)),
        (extremes, (X,)),
        (decisions, (X,)),
        (a_list_of_a_range, (X, 4)),
        (closures, (X,)),
        (starred, (X,)),
        (chained, (X,)),
        (folded, (X,)),
        (zipped_again, (X,)),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_comprehensions_and_the_like(fun: Any, args: tuple[Any, ...]) -> None:
    agrees(fun, *args)


def only_some(x, n):
    return sum(x[k] for k in range(5) if k != 2) + sum([x[k] for k in range(n) if k % 2])


def test_conditions_of_comprehensions() -> None:
    agrees(only_some, X, 4)

    def f(x):
        return sum(v for v in x if v > 0)

    with pytest.raises(gr.UnsupportedError, match=r"give 0 for the others"):
        gr.jit(f)(X)


def matched(x, mode):
    match mode:
        case "first":
            return x[0]
        case ("at", k):
            return x[k] * 2
        case {"key": "large" | "huge", **rest} if len(rest) == 1:
            return x[3] * 3
        case [None, *rest]:
            return x[len(rest)] * 4
        case _:
            return x[1] * 6


@pytest.mark.parametrize("mode", ["first", "other", {"key": "huge", "b": "c"}, [None, None, None]])
def test_match_on_concrete_values(mode: Any) -> None:
    agrees(lambda x: matched(x, mode), X)
