"""The same gradient with less saved and more computed: the second half of worked example 10."""

from __future__ import annotations

import gradir as gr
import numpy as np
import pytest

from examples import saved_or_recomputed as example


def saved(policy: str) -> int:
    plan = example.by_policy(policy).inspect(*example.arguments()).memory.plan
    return sum(stack.bytes or 0 for stack in plan.stacks)


def test_less_is_saved() -> None:
    assert saved("sqrt") < saved("nothing") < saved("everything")


@pytest.mark.parametrize("policy", example.POLICIES)
def test_gradients_agree_to_the_last_bits(policy: str) -> None:
    arguments = example.arguments()
    expected = gr.grad(example.loss)(*arguments)
    gap = np.max(np.abs(example.by_policy(policy)(*arguments) - expected)) / np.max(np.abs(expected))
    assert gap < 2**-48


def test_a_budget_is_kept() -> None:
    memory = gr.grad(example.loss, memory_budget=500_000).inspect(*example.arguments()).memory
    assert memory.measure().peak <= 500_000
