"""A 2-1-1 network, checked by hand and by differences: worked example 6."""

from __future__ import annotations

import gradir as gr
import pytest
from numpy.testing import assert_allclose

from examples import checking_gradients
from examples.checking_gradients import PARAMS, X, Y

GRADIENT = {"w1": 0.17975, "w2": 0.17975, "b1": 0.17975, "w3": 0.52797, "b2": 0.91911}


def test_the_gradient() -> None:
    value, gradient = checking_gradients.value_and_gradient(PARAMS, X, Y)
    assert_allclose(value, 0.21119, atol=5e-6)
    assert gradient.keys() == GRADIENT.keys()
    for name, expected in GRADIENT.items():
        assert_allclose(gradient[name], expected, atol=5e-6)


def test_three_ways_agree() -> None:
    _, gradient = checking_gradients.value_and_gradient(PARAMS, X, Y)
    hand = checking_gradients.by_hand(PARAMS, X, Y)
    differences = checking_gradients.by_differences(PARAMS, X, Y)
    for name in PARAMS:
        assert_allclose(gradient[name], hand[name], rtol=1e-13)
        assert_allclose(gradient[name], differences[name], rtol=1e-9)


def test_a_wrong_gradient_is_found() -> None:
    wrong = gr.stop_gradient
    with pytest.raises(gr.CheckError, match=r"w3.*central differences"):
        gr.check_grads(lambda p: p["w1"] * wrong(p["w3"]), ({"w1": 2.0, "w3": 3.0},), order=1)
