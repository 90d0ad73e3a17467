"""Sums over a part of an index space that become sums over all of it: from which size on, and how far."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Span, Value
from gradir.ir.interpreter import interpret
from gradir.lower import widening
from gradir.lower.widening import widen_sums
from gradir.ops import OPS

from .build import array, build

Step = Callable[[Builder, Value], Value]


def _graph(count: int, size: int, between: Step = lambda b, x: b.sin(x)) -> Graph:
    """A sum of `count` elements of an array of `size`; more is computed from them, and padded with zeros."""

    def make(b: Builder, x: Value) -> list[Value]:
        part = between(b, b.emit("index", x, at=(Span(1, count),))[0])
        zero = b.literal(np.float64(0.0))
        return [b.sum(part, axes=(0,)), b.pad(b.square(part), zero, low=(1,), high=(size - count - 1,))]

    return build(make, array(size))


def _is_widened(graph: Graph) -> bool:
    wide = widen_sums(graph, OPS)
    x = np.random.default_rng(0).normal(size=graph.block.params[0].shape)
    for got, want in zip(interpret(wide, x), interpret(graph, x), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    (total,) = (n for n in wide.block.nodes if n.op.name == "sum")
    return total.operands[0].shape == graph.block.params[0].shape


@pytest.mark.parametrize(("count", "widened"), [(widening._LEAST, True), (widening._LEAST - 1, False)])
def test_small_sums_are_left(count: int, widened: bool) -> None:
    assert _is_widened(_graph(count, count + 2)) is widened


@pytest.mark.parametrize(("growth", "widened"), [(-1, True), (1, False)])
def test_sums_of_much_less_than_the_whole_are_left(growth: int, widened: bool) -> None:
    count = 10 * widening._LEAST
    assert _is_widened(_graph(count, round(widening._MOST_GROWTH * count) + growth)) is widened


@pytest.mark.parametrize(("length", "widened"), [(widening._REACH - 5, True), (widening._REACH + 5, False)])
def test_what_is_read_far_away_is_not_looked_for(length: int, widened: bool) -> None:
    def chain(b: Builder, x: Value) -> Value:
        for _ in range(length):
            x = b.sin(x)
        return x

    assert _is_widened(_graph(widening._LEAST, widening._LEAST + 2, chain)) is widened
