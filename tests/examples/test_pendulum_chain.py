"""The gradient through 100,000 steps: 20 states, and the digits of the loop that saves all."""

from __future__ import annotations

import gradir as gr
import numpy as np
from gradir.passes.binomial import recomputed_turns
from numpy.testing import assert_allclose

from examples import pendulum_chain
from examples.pendulum_chain import FRICTION, PENDULUMS, SLOTS, STEPS

STATES = 2 * PENDULUMS * 8  # bytes of angles and speeds


def test_both_ways_give_the_gradient() -> None:
    few = gr.grad(pendulum_chain.energy_left)(FRICTION)
    assert_allclose(few, gr.grad(pendulum_chain.energy_left_all_saved)(FRICTION), rtol=1e-12)
    direction = np.cos(np.arange(PENDULUMS))
    assert_allclose(few @ direction, pendulum_chain.by_differences(FRICTION, direction), rtol=1e-7)


def test_what_is_saved() -> None:
    program = gr.grad(pendulum_chain.energy_left).inspect(FRICTION)
    (decision,) = program.decisions
    assert decision.what == f"checkpointed with 20 slots: {recomputed_turns(STEPS, SLOTS)} recomputed turns"
    assert program.memory.peak is not None
    assert SLOTS * STATES < program.memory.peak < (SLOTS + 16) * STATES
    every = gr.grad(pendulum_chain.energy_left_all_saved).inspect(FRICTION).memory.peak
    assert every is not None
    assert every > STEPS * STATES
