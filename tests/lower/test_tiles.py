"""Transposed reads of large arrays: the loops are cut into tiles, and compute the same."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.interpreter import interpret
from gradir.runtime.compile import compile_graph

from .build import array, build


def _tiles(graph: Graph) -> int:
    """Compare compiled and interpreted results; count the nests that go tile by tile."""
    rng = np.random.default_rng(0)
    args = [rng.uniform(0.5, 1.5, v.shape) for v in graph.block.params]
    compiled = compile_graph(graph)
    for got, want in zip(compiled(*args), interpret(graph, *args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    return str(compiled.kernels).count(" by 128 columns {")


@pytest.mark.parametrize("shape", [(256, 256), (300, 263), (1024, 256), (33, 500)])
def test_sums_with_a_transpose(shape: tuple[int, int]) -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        total = b.add(x, b.transpose(y, axes=(1, 0)))
        return [b.sin(total), b.sum(total, axes=(0, 1)), b.sum(total, axes=(0,))]

    assert _tiles(build(make, array(*shape), array(*shape[::-1]))) == 1


def test_axes_in_between() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        return [b.sin(b.transpose(x, axes=(0, 2, 1))), b.cos(b.transpose(x, axes=(2, 1, 0)))]

    assert _tiles(build(make, array(256, 3, 256))) == 1


def test_sums_of_rows_are_not_cut() -> None:
    def make(b: Builder, x: Value) -> Value:
        return b.sum(b.sin(b.transpose(x, axes=(1, 0))), axes=(1,))

    assert _tiles(build(make, array(300, 260))) == 0


def test_small_or_straight_arrays_are_not_cut() -> None:
    assert _tiles(build(lambda b, x: b.sin(b.transpose(x, axes=(1, 0))), array(100, 100))) == 0
    assert _tiles(build(lambda b, x: b.sin(x), array(300, 300))) == 0
