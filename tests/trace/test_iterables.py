"""What `for` runs over: arrays, enumerate, zip, reversed and map stay one loop."""

from __future__ import annotations

import itertools
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import agrees, loops_of, same_values

RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
W = RNG.normal(size=(4, 3))


def over_rows(matrix, w):
    total = 0.0
    for row in matrix:
        total += np.tanh(row @ w)
    return total


def over_elements(x):
    total = 1.0
    for v in x:
        total = total * 0.5 + v * v
    return total


def counted(x):
    total = 0
    for i, v in enumerate(x):
        total = total + i * v**2
    return total


def counted_from(x, start):
    total = 0.0
    for i, v in enumerate(x, start):
        total = total + i * v
    return total


def pairs(matrix, x):
    total = 0.0
    for row, v in zip(matrix, x):  # noqa: B905
        total = total + row.sum() * v
    return total


def strict_pairs(x):
    total = 0.0
    for a, b in zip(x[1:], x[:-1], strict=True):
        total = total * a + b
    return total


def backwards(x):
    total = 0.0
    for v in reversed(x):
        total = total * 0.5 + v
    return total


def backwards_over_a_range(x):
    total = 0.0
    for k in reversed(range(1, 5, 2)):
        total = total * 0.5 + x[k]
    return total


def neighbours(x):
    total = 0.0
    for k, (a, b) in enumerate(itertools.pairwise(x)):
        total = total + a * b * k
    return total


def nested_iterators(x):
    total = 0.0
    for k, (a, b) in enumerate(zip(x, reversed(x), strict=True), 3):
        total = total + k * a * b * b
    return total


def counts_with_a_range(x):
    total = 0.0
    for (i, v), k in zip(enumerate(x), reversed(range(9)), strict=False):
        total = total + v * i * k
    return total


def mapped(x):
    total = 0.0
    for v in map(lambda a, b: a * b if a > 0 else -b, x, x[::-1]):
        total = total + v
    return total


def writes_through_rows(matrix):
    result = matrix.copy()
    for row in result:
        row *= 2.0
        row[1] += row[0] ** 2
    return np.sum(result**2)


def writes_through_pairs(x):
    y = np.zeros((3, 5))
    for k, row in enumerate(y):
        row[:] = x * (k + 1)
    for row in reversed(y):
        row[0] += row[1] ** 2
    return np.sum(y**2)


def sees_later_writes(x):
    y = x.copy()
    total = 0.0
    for i, v in enumerate(y):
        total += v * v
        y[(i + 1) % 5] += v
    return total


def overlapping_views(x):
    y = x.copy()
    for a, b in zip(y[:-1].reshape(2, 2), y[1:].reshape(2, 2), strict=True):
        a += b * b
    return np.sum(y**2)


def rebinds_the_array(x):
    total = 0.0
    for v in x:
        x = x * 2.0
        total = total + v * x[0]
    return total


def the_item_after_the_loop(x):
    for i, v in enumerate(x):  # noqa: B007
        pass
    return v * i


@pytest.mark.parametrize(
    ("fun", "args"),
    [
        (over_rows, (W, X[:3])),
        (over_elements, (X,)),
        (counted, (X,)),
        (counted_from, (X, 3)),
        (pairs, (W, X)),
        (strict_pairs, (X,)),
        (backwards, (X,)),
        (backwards_over_a_range, (X,)),
        (neighbours, (X,)),
        (nested_iterators, (X,)),
        (counts_with_a_range, (X,)),
        (mapped, (X,)),
        (writes_through_rows, (W,)),
        (sees_later_writes, (X,)),
        (overlapping_views, (X,)),
        (rebinds_the_array, (X,)),
        (the_item_after_the_loop, (X,)),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_one_loop_in_the_graph(fun: Any, args: tuple[Any, ...]) -> None:
    agrees(fun, *args)
    assert loops_of(fun, *args) == 1


def test_two_loops_that_write_rows() -> None:
    agrees(writes_through_pairs, X)
    assert loops_of(writes_through_pairs, X) == 2


def triangle(matrix):
    total = 0.0
    for i, row in enumerate(matrix):
        for j in range(i):
            total += row[j % 3] ** 2 * j
    return total


def every_element(matrix):
    total = 0.0
    for i, row in enumerate(matrix):
        for j, v in enumerate(row):
            total = total + v * v * i * j
    return total


@pytest.mark.parametrize("fun", [triangle, every_element])
def test_a_loop_inside_a_loop(fun: Any) -> None:
    agrees(fun, W)
    assert loops_of(fun, W) == 2


def test_the_graph_does_not_grow_with_the_array() -> None:
    sizes = {len(str(gr.trace(nested_iterators)(np.ones(n))).splitlines()) for n in (5, 50_000)}
    assert len(sizes) == 1


def first_of(x, n):
    total = x[0]
    for k, v in zip(range(n), x, strict=False):
        total = total * 0.5 + v * k
    return total


def last_of(x, n):
    total = x[0]
    for k in reversed(range(1, n, 2)):
        total = total * 0.5 + x[k]
    return total


def steps(x, n):
    total = x[0]
    for i, k in enumerate(range(n, -1, -2)):
        total = total * 0.5 + x[k] * i
    return total


@pytest.mark.parametrize("fun", [first_of, last_of, steps])
def test_a_traced_length_stays_dynamic(fun: Any) -> None:
    f = gr.value_and_grad(fun)
    for n in (0, 1, 2, 3, 4):
        value, slope = f(X, n)
        assert value == pytest.approx(fun(X, n), rel=1e-13)
        gr.check_grads(lambda x, n=n: fun(x, n), (X,), 1)
        assert slope.shape == X.shape
    assert f.cache_info().currsize == 1
    assert loops_of(fun, X, 3) == 1


def test_a_range_longer_than_the_array_ends_with_it() -> None:
    same_values(first_of, X, 100)


def strictly(x, n):
    total = x[0]
    for k, v in zip(range(n), x, strict=True):
        total = total + v * k
    return total


def test_a_strict_zip_of_different_lengths() -> None:
    agrees(strictly, X, 5)
    with pytest.raises(ValueError, match="zip"):
        gr.jit(strictly)(X, 4)

    def uneven(x):
        return sum(a * b for a, b in zip(x, x[:4], strict=True))

    with pytest.raises(ValueError, match="argument 2 is shorter than argument 1"):
        gr.jit(uneven)(X)


def test_no_turns_and_one() -> None:
    for n in (0, 1):
        agrees(nested_iterators, X[:n]) if n else same_values(nested_iterators, X[:0])
        agrees(lambda x, rows: over_rows(rows, x), X[:3], np.ones((n, 3)))


def leaves_early(x):
    for i, v in enumerate(x):
        if v > 0.5:
            return v * i
    return x[0] * x[1]


def breaks(x):
    total = x[0]
    for i, (a, b) in enumerate(zip(x, x[::-1], strict=True)):
        if a * b > 0.3:
            continue
        if i > 3:
            break
        total = total + a * i
    return total


@pytest.mark.parametrize("fun", [leaves_early, breaks])
def test_ways_out(fun: Any) -> None:
    for x in (X, -X, X + 1.0):
        agrees(fun, x)


SCALES = np.array([1.0, 2.0, 3.0])


def test_a_captured_array_is_live() -> None:
    def f(x):
        total = 0.0
        for scale in SCALES:
            total = total * x + scale
        return total

    agrees(f, 0.5)
    assert loops_of(f, 0.5) == 1
    compiled = gr.jit(f)
    before = compiled(0.5)
    SCALES[0] += 1.0
    try:
        assert compiled(0.5) == f(0.5) != before
    finally:
        SCALES[0] -= 1.0


def in_steps_of_nothing(x, n):
    s = np.sum(x)
    for k in range(n):
        for _ in range(0, 5, k - k):
            s = np.sin(s)
    return s


def test_a_step_of_0_is_an_error_only_where_it_runs():
    x = np.array([0.1, 0.2, 0.3])
    for f in (gr.jit(in_steps_of_nothing), gr.grad(in_steps_of_nothing)):
        f(x, 0)
        with pytest.raises(ValueError, match="must not be zero"):
            f(x, 1)
