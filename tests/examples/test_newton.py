"""Newton's method on Kepler's equation, differentiated through its `while` loop."""

from __future__ import annotations

import gradir as gr
import numpy as np
import pytest
from numpy.testing import assert_allclose

from examples import newton


@pytest.mark.parametrize("e", [0.0, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("m", [-2.0, 0.0, 1e-3, 1.0, 3.0])
def test_the_derivatives_are_those_of_the_implicit_function(m: float, e: float) -> None:
    angle, slopes = newton.by_polished(m, e, 1e-10)
    assert_allclose(angle - e * np.sin(angle), m, atol=1e-12)
    assert_allclose(slopes, newton.implicit(m, e), rtol=1e-8, atol=1e-12)


def test_figures() -> None:
    angle, slopes = newton.by_polished(1.0, 0.6, 1e-12)
    assert_allclose([angle, *slopes], [1.599748548228, 0.982927622427, 0.982515690939], atol=5e-13)


def test_the_derivative_is_that_of_the_steps_taken() -> None:
    assert newton.by_loop(0.0, 0.6, 1e-12) == (0.0, (1.0, 0.0))  # none: that of the first guess
    for tolerance, error in ((1e-1, 8.4e-3), (1e-3, 3.5e-5), (1e-6, 2.25e-10)):
        _, (slope, _) = newton.by_loop(1.0, 0.6, tolerance)
        assert_allclose(abs(slope - newton.implicit(1.0, 0.6)[0]), error, rtol=0.02)


def test_the_second_derivative() -> None:
    found = gr.grad(gr.grad(newton.polished))(1.0, 0.6, 1e-12)
    assert_allclose(found, -0.569552581943, atol=5e-12)


def test_the_loop_stays_a_loop() -> None:
    program = newton.by_loop.inspect(1.0, 0.6, 1e-12)
    assert [node.op.name for node in program.primal.block.nodes].count("while") == 1
    assert {r.carrier.value for r in program.residuals} == {"kept", "recomputed", "stack"}
    assert newton.by_loop.cache_info().currsize == 1
