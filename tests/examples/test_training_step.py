"""One step of training a 2-2-1 network with a linear output: worked example 3."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from examples import training_step
from examples.training_step import PARAMS, X, Y

GRADIENT = {
    "W1": np.array([[0.10, -0.05], [0.20, -0.10]]),
    "b1": np.array([0.1, -0.05]),
    "w2": np.array([0.13, 0.07]),
    "b2": 0.1,
}


def test_forward() -> None:
    hidden, prediction = training_step.forward(PARAMS, X)
    assert_allclose(hidden, [1.3, 0.7])
    assert_allclose(prediction, 1.05)


def test_the_gradient() -> None:
    value, gradient = training_step.value_and_gradient(PARAMS, X, Y)
    assert_allclose(value, 0.0025, rtol=1e-12)
    assert gradient.keys() == GRADIENT.keys()
    for name, expected in GRADIENT.items():
        assert_allclose(gradient[name], expected, rtol=1e-12)
    assert isinstance(gradient["b2"], float)


def test_one_step() -> None:
    _, gradient = training_step.value_and_gradient(PARAMS, X, Y)
    after = training_step.descend(PARAMS, gradient, 0.1)
    assert_allclose(after["w2"][0], 0.987)
    assert_allclose(after["W1"][0, 0], 0.490)
    assert_allclose(after["W1"][1, 1], 0.210)


def test_a_step_may_be_too_long() -> None:
    _, gradient = training_step.value_and_gradient(PARAMS, X, Y)
    short, long = (training_step.descend(PARAMS, gradient, rate) for rate in (0.05, 0.1))
    before = training_step.loss(PARAMS, X, Y)
    assert training_step.loss(short, X, Y) < before < training_step.loss(long, X, Y)
