"""Vanishing gradients: worked example 7."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from examples import vanishing_gradients


@pytest.mark.parametrize(("depth", "slope"), [(1, 0.25), (10, 3.8752e-07), (20, 1.2718e-13)])
def test_a_chain_of_sigmoids(depth: int, slope: float) -> None:
    found = vanishing_gradients.sigmoid_slope(0.0, depth)
    assert_allclose(found, slope, rtol=2e-5)
    assert found <= 0.25**depth


@pytest.mark.parametrize("depth", [1, 10, 50])
def test_a_chain_of_relus_passes_1(depth: int) -> None:
    assert vanishing_gradients.relu_slope(1.0, depth) == 1.0


def test_the_depth_does_not_compile_anew() -> None:
    for depth in (0, 3, 30):
        vanishing_gradients.sigmoid_slope(0.5, depth)
    assert vanishing_gradients.sigmoid_slope.cache_info().currsize == 1


def test_the_chain_is_one_loop_and_its_reverse_another() -> None:
    program = vanishing_gradients.sigmoid_slope.inspect(0.0, 20)
    for graph, loops in ((program.primal, 1), (program.adjoint, 2)):
        assert [node.op.name for node in graph.block.nodes].count("for") == loops
    assert [str(r.value.type) for r in program.residuals if r.carrier.value == "stack"] == ["f64[]"]
