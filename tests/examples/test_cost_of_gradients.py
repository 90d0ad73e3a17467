"""Backward is cheap: worked example 9."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from examples import cost_of_gradients


def test_both_ways_give_the_gradient() -> None:
    x = np.random.default_rng(1).normal(size=50)
    _, gradient = cost_of_gradients.value_and_gradient(x)
    assert_allclose(gradient, cost_of_gradients.forward_differences(x), rtol=1e-5, atol=1e-5)


def test_the_gradient_takes_a_constant_number_of_operations() -> None:
    primal, joint = cost_of_gradients.node_counts(10)
    assert (primal, joint) == cost_of_gradients.node_counts(1_000)
    assert joint <= 4 * primal


def test_the_times_of_both_ways() -> None:
    _, differences, gradient = cost_of_gradients.times(1_000)
    assert gradient * 10 < differences  # about a thousand times in quiet
