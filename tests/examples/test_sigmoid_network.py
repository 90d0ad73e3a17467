"""A 2-2-1 network with a sigmoid output: worked example 4."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from examples import sigmoid_network
from examples.sigmoid_network import PARAMS, TARGET, X

GRADIENT = {
    "W1": [[-0.0279, -0.0447], [0.0186, 0.0298]],
    "b1": [-0.0558, 0.0372],
    "W2": [[-0.0502, -0.0186]],
    "b2": [-0.0930],
}
BETWEEN = {"z1": [0.54, 0.20], "z2": [0.444], "out": [0.609], "dh": [-0.0558, 0.0372]}


def test_values_on_the_way() -> None:
    _, _, between = sigmoid_network.by_hand(PARAMS, X, TARGET)
    for name, expected in BETWEEN.items():
        assert_allclose(between[name], expected, atol=2.5e-4)


@pytest.mark.parametrize("compiled", [True, False])
def test_the_gradient(compiled: bool) -> None:
    if compiled:
        value, gradient = sigmoid_network.gradient(PARAMS, X, TARGET)
    else:
        value, gradient, _ = sigmoid_network.by_hand(PARAMS, X, TARGET)
    assert_allclose(value, 0.0764, atol=5e-5)
    for name, expected in GRADIENT.items():
        assert_allclose(gradient[name], expected, atol=5.1e-5)


def test_the_gradient_by_hand_is_the_compiled_one() -> None:
    _, derived = sigmoid_network.gradient(PARAMS, X, TARGET)
    _, by_hand, _ = sigmoid_network.by_hand(PARAMS, X, TARGET)
    for name in PARAMS:
        assert_allclose(derived[name], by_hand[name], rtol=1e-13)


def test_the_gradient_by_the_hidden_layer() -> None:
    _, _, between = sigmoid_network.by_hand(PARAMS, X, TARGET)
    dh = sigmoid_network.hidden_gradient(between["h"], PARAMS, TARGET)
    assert_allclose(dh, BETWEEN["dh"], atol=5e-5)
