"""The figure eight of three bodies, found by gradients through time."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from examples import orbit

PUBLISHED = np.array([0.46620368, 0.43236573, 6.32591398])


def test_the_gradient_through_time() -> None:
    value, gradient = orbit.value_and_gradient(orbit.GUESS)
    step = 1e-6
    moved = [(orbit.miss(orbit.GUESS + d), orbit.miss(orbit.GUESS - d)) for d in step * np.eye(3)]
    assert_allclose(value, orbit.miss(orbit.GUESS), rtol=1e-10)
    assert_allclose(gradient, [(a - b) / (2 * step) for a, b in moved], rtol=1e-6, atol=1e-8)


def test_the_published_orbit_is_found() -> None:
    found = minimize(orbit.value_and_gradient, orbit.GUESS, jac=True, options={"gtol": 1e-7})
    assert found.fun < 1e-12
    assert_allclose(found.x, PUBLISHED, atol=1e-6)


def test_the_loops_stay_loops() -> None:
    program = orbit.value_and_gradient.inspect(orbit.GUESS)
    assert program.decisions == ()
    assert [node.op.name for node in program.primal.block.nodes].count("for") == 1
