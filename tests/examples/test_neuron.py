"""A scalar neuron: dL/du is computed once and used twice: worked example 5."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from examples import neuron

ARGUMENTS = (0.7, -0.2, 1.5, 1.0)


def test_the_gradient() -> None:
    assert_allclose(neuron.gradient(*ARGUMENTS), neuron.by_hand(*ARGUMENTS), rtol=1e-14)


@pytest.mark.parametrize("stage", ["adjoint", "optimized"])
def test_both_derivatives_share_one_value(stage: str) -> None:
    assert neuron.shares_the_factor(getattr(neuron.gradient.inspect(*ARGUMENTS), stage))


def test_the_sigmoid_is_computed_once() -> None:
    program = neuron.gradient.inspect(*ARGUMENTS)
    assert [n.op.name for n in program.adjoint.block.nodes].count("expit") == 1
