"""Roots over a part of a nest's index space: which nests they join, and what they compute there."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Span, Value
from gradir.ir.interpreter import interpret
from gradir.lower import drafts, nest_loops, parallel, storing
from gradir.lower.lower import lower
from gradir.runtime.compile import compile_graph

from .build import array, build, nests

Step = Callable[[Builder, Value], Value]


@pytest.fixture(params=["alone", "shared", "not split"])
def anyhow(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Small arrays too, by one thread or several; and with loops that are not split where domains end."""
    monkeypatch.setattr(drafts, "_LEAST", 1)
    monkeypatch.setattr(drafts, "_SMALL", 0)
    monkeypatch.setattr(storing, "_OUT_OF_CACHE", 0)
    if request.param == "shared":
        monkeypatch.setattr(parallel, "_LEAST_WORK", 0)
        monkeypatch.setattr(parallel, "_CHUNK_WORK", 100)
        monkeypatch.setattr(parallel, "_ROWS", 1)
    if request.param == "not split":
        monkeypatch.setattr(nest_loops, "_MOST_PIECES", 0)


def _check(graph: Graph) -> str:
    rng = np.random.default_rng(0)
    args = [rng.uniform(0.5, 1.5, v.shape) for v in graph.block.params]
    for got, want in zip(compile_graph(graph)(*args), interpret(graph, *args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    return str(lower(graph))


def _part(b: Builder, x: Value, *spans: tuple[int, int]) -> Value:
    return b.emit("index", x, at=tuple(Span(start, size) for start, size in spans))[0]


def _zero(b: Builder) -> Value:
    return b.literal(np.float64(0.0))


@pytest.mark.usefixtures("anyhow")
def test_the_inside_of_a_padded_array_is_computed_with_the_sum_over_all_of_it() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        y = b.sin(b.pad(x, _zero(b), low=(1, 2), high=(3, 1)))
        inside = _part(b, b.multiply(y, b.cos(y)), (1, 9), (2, 7))
        return [b.sum(b.square(y), axes=(0, 1)), b.multiply(inside, x)]

    text = _check(build(make, array(9, 7)))
    assert nests(text) == 1
    assert " in [1:+9, 2:+7]" in text
    assert text.count("sin") == 1
    assert not re.search(r"^  b\d+: ", text, re.MULTILINE), "nothing is stored in between"


@pytest.mark.usefixtures("anyhow")
@pytest.mark.parametrize("axis", [0, 1])
def test_parts_of_a_joined_array_are_computed_with_it(axis: int) -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        z = b.exp(b.concatenate(x, y, axis=axis))
        slope = b.multiply(z, b.sin(z))
        first, second = [(0, 6), (0, 5)], [(0, 6), (0, 5)]
        second[axis] = (6, 6) if axis == 0 else (5, 5)
        return [b.sum(z, axes=(0, 1)), _part(b, slope, *first), b.neg(_part(b, slope, *second))]

    text = _check(build(make, array(6, 5), array(6, 5)))
    assert nests(text) == 1


@pytest.mark.usefixtures("anyhow")
def test_a_part_may_have_fewer_axes() -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        rows = [b.reshape(v, shape=(1, 5)) for v in (x, y)]
        z = b.exp(b.concatenate(*rows, axis=0))
        slope = b.multiply(z, b.sin(z))
        last = b.emit("index", slope, at=(1, Span(0, 5)))[0]
        first = b.reshape(_part(b, slope, (0, 1), (0, 5)), shape=(5,))
        total = b.sum(b.reshape(_part(b, b.cos(z), (0, 1), (0, 5)), shape=(5,)), axes=(0,))
        return [b.sum(z, axes=(0, 1)), last, first, total]

    assert nests(_check(build(make, array(5), array(5)))) == 2, "a sum has the axes of its nest"


@pytest.mark.usefixtures("anyhow")
def test_what_reads_two_parts_comes_after_the_whole() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        y = b.exp(x)
        return [b.sum(b.sin(y), axes=(0,)), b.subtract(_part(b, y, (1, 29)), _part(b, y, (0, 29)))]

    assert nests(_check(build(make, array(30)))) == 2


@pytest.mark.usefixtures("anyhow")
def test_what_reads_a_part_at_its_own_index_is_in_its_nest_others_come_later() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        y = b.exp(x)
        total = b.sum(y, axes=(0,))
        part = b.sin(_part(b, y, (1, 28)))
        flipped = b.emit("index", part, at=(Span(27, 28, -1),))[0]
        return [total, part, b.cos(part), b.add(flipped, part)]

    assert nests(_check(build(make, array(30)))) == 2


@pytest.mark.usefixtures("anyhow")
def test_sums_over_parts_are_computed_with_what_pads_them() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        down = b.subtract(_part(b, x, (1, 29), (0, 29)), _part(b, x, (0, 29), (0, 29)))
        right = b.subtract(_part(b, x, (0, 30), (1, 28)), _part(b, x, (0, 30), (0, 28)))
        slope = b.add(
            b.pad(down, _zero(b), low=(1, 0), high=(0, 0)), b.pad(right, _zero(b), low=(0, 1), high=(0, 0))
        )
        sums = [b.sum(b.square(part), axes=(0, 1)) for part in (down, right)]
        more = b.max(b.square(down), axes=(0, 1))
        return [*sums, slope, more]

    assert nests(_check(build(make, array(30, 29)))) == 1


def _sum_beside_a_pad(count: int, size: int) -> Graph:
    def make(b: Builder, x: Value) -> list[Value]:
        part = b.neg(_part(b, x, (1, count)))
        padded = b.pad(b.square(part), _zero(b), low=(1,), high=(size - count - 1,))
        return [b.sum(part, axes=(0,)), padded]

    return build(make, array(size))


@pytest.mark.parametrize(("count", "passes"), [(drafts._SMALL + 1, 1), (drafts._LEAST - 1, 2)])
def test_small_sums_are_left(count: int, passes: int) -> None:
    assert nests(_check(_sum_beside_a_pad(count, count + 2))) == passes


@pytest.mark.parametrize(("growth", "passes"), [(-1, 1), (1, 2)])
def test_sums_of_much_less_than_the_whole_are_left(growth: int, passes: int) -> None:
    count = 10 * drafts._LEAST
    assert nests(_check(_sum_beside_a_pad(count, round(drafts._MOST_GROWTH * count) + growth))) == passes


def test_parts_that_would_split_the_loops_into_too_much_code_have_loops_of_their_own() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        y = x
        for _ in range(40):
            y = b.sin(b.add(y, x))
        return [b.sum(b.square(y), axes=(0, 1)), *(_part(b, b.exp(y), (k, 60), (k, 60)) for k in range(6))]

    assert nests(_check(build(make, array(66, 66)))) > 1
