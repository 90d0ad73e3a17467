"""A dead ReLU passes exactly nothing: worked example 8."""

from __future__ import annotations

import gradir as gr
import numpy as np

from examples import dead_relu


def test_a_living_unit_gets_a_gradient() -> None:
    grads, dx = dead_relu.gradient(dead_relu.params(1.0), dead_relu.X)
    assert grads["W"].tolist() == [[1.0, -2.0], [2.0, -4.0]]
    assert grads["b"].tolist() == [1.0, 2.0]
    assert np.allclose(dx, [1.1, -0.1])


def test_a_dead_unit_gets_exactly_zero() -> None:
    grads, dx = dead_relu.gradient(dead_relu.params(-1.0), dead_relu.X)
    assert grads["W"].tolist() == [[1.0, -2.0], [0.0, 0.0]]
    assert grads["b"].tolist() == [1.0, 0.0]
    assert grads["v"][1] == 0.0
    assert dx.tolist() == [0.5, -0.5]  # by the first unit alone


def test_the_slope_at_zero_is_zero() -> None:
    assert gr.grad(lambda z: np.maximum(z, 0))(0.0) == 0.0
