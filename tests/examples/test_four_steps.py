"""The four steps of training as one compiled loop: worked example 12."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from examples import four_steps


def test_training_gets_to_the_best_weights() -> None:
    x, y = four_steps.load()
    w, value = four_steps.train(np.zeros(10), x, y, 50_000)
    best = np.linalg.lstsq(x, y)[0]
    assert_allclose(w, best, rtol=1e-11)
    assert_allclose(value, four_steps.loss(best, x, y), rtol=1e-14)
    assert_allclose(value, 0.48225158, atol=5e-9)


@pytest.mark.parametrize("turns", [0, 1, 7])
def test_a_turn_is_a_step_of_gradient_descent(turns: int) -> None:
    x, y = four_steps.load()
    w, value = np.zeros(10), 0.0
    for _ in range(turns):
        off = x @ w - y
        value = np.mean(off**2)
        w = w - 0.1 * 2 * x.T @ off / len(y)
    found = four_steps.train(np.zeros(10), x, y, turns)
    assert_allclose(found[0], w, rtol=1e-12, atol=1e-15)
    assert_allclose(found[1], value, rtol=1e-13)


def test_all_four_steps_are_in_one_loop() -> None:
    x, y = four_steps.load()
    graph = four_steps.train.inspect(np.zeros(10), x, y, 3).primal
    assert [node.op.name for node in graph.block.nodes].count("for") == 1
    steps = four_steps.steps_of(graph)
    assert steps.pop("backward") > 5
    assert steps == {"forward": 3, "loss": 5, "update": 4}
    assert four_steps.train.cache_info().currsize == 1
