"""Several results, one pullback: the reverse half of worked example 11."""

from __future__ import annotations

import gradir as gr
import numpy as np
from numpy.testing import assert_allclose

from examples import pullback

POINT = np.array([2.0, 0.6, 1.1])


def test_the_jacobian() -> None:
    value, jacobian = pullback.jacobian(pullback.spherical, POINT)
    assert_allclose(value, pullback.spherical(POINT), rtol=1e-14)
    assert_allclose(jacobian, pullback.by_hand(POINT), rtol=1e-13, atol=1e-15)
    assert_allclose(np.linalg.det(jacobian), POINT[0] ** 2 * np.sin(POINT[1]), rtol=1e-13)


def test_a_cotangent_weights_the_rows() -> None:
    _, pull = gr.vjp(pullback.spherical, POINT)
    weights = np.array([0.5, -1.0, 2.0])
    assert_allclose(pull(weights)[0], weights @ pullback.by_hand(POINT), rtol=1e-13)


def test_the_pullback_keeps_what_it_needs() -> None:
    point = POINT.copy()
    _, pull = gr.vjp(pullback.spherical, point)
    point[:] = 0.0
    for _ in range(2):
        assert_allclose(pull(np.ones(3))[0], pullback.by_hand(POINT).sum(axis=0), rtol=1e-13)
