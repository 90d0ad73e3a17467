"""The conductivity of a rod, from its temperatures."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from tqdm import tqdm

from examples import heat_inverse


def test_the_conductivity_is_found() -> None:
    truth = heat_inverse.true_conductivity()
    data = heat_inverse.simulate(truth)
    data += heat_inverse.NOISE * np.random.default_rng(1).normal(size=data.shape)
    with tqdm(disable=True) as progress:
        found = heat_inverse.find(data, progress)
    assert_allclose(found, truth, rtol=0.1)  # the noise shows in a few places only
    assert np.median(np.abs(found / truth - 1)) < 0.01


def test_the_gradient_through_time() -> None:
    data = heat_inverse.simulate(heat_inverse.true_conductivity())
    at = 0.1 * np.sin(np.arange(heat_inverse.CELLS + 1))
    way = np.cos(np.arange(heat_inverse.CELLS + 1))
    value, gradient = heat_inverse.value_and_gradient(at, data)
    ahead, behind = (heat_inverse.loss(at + s * way, data) for s in (1e-5, -1e-5))
    assert_allclose(value, heat_inverse.loss(at, data), rtol=1e-12)
    assert_allclose(gradient @ way, (ahead - behind) / 2e-5, rtol=1e-6)


def test_all_loops_stay_loops() -> None:
    data = np.zeros((heat_inverse.STEPS // heat_inverse.EVERY, heat_inverse.CELLS))
    program = heat_inverse.value_and_gradient.inspect(np.zeros(heat_inverse.CELLS + 1), data)
    assert program.decisions == ()
    assert str(program.primal).count(" = for ") == 3
    saved = {r.value.type.shape for r in program.residuals if r.carrier.value == "stack"}
    assert saved <= {(), (heat_inverse.CELLS - 1,)}, "what one turn reads, not all cells"
