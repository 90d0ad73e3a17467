"""The digits network with whole epochs in one call."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits

from examples import digits_epochs as example


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    images, labels = load_digits(return_X_y=True)
    return images / 16, labels


@pytest.mark.parametrize("update", [example.sgd, example.adam])
def test_a_compiled_loop_does_what_the_python_loop_does(
    update: Any, data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example, "EPOCHS", 3)
    compiled = gr.jit(example.epoch)
    by_python, losses, _ = example.train(example.epoch, update, *data, "")
    by_loop, again, _ = example.train(compiled, update, *data, "")
    assert_allclose(again, losses, rtol=1e-9)
    for name, p in by_python.items():
        assert_allclose(by_loop[name], p, rtol=1e-6, atol=1e-9)
    assert compiled.cache_info().currsize == 1


def test_one_loop_holds_forward_backward_and_update(data: tuple[np.ndarray, np.ndarray]) -> None:
    params, state = example.initial(np.random.default_rng(0))
    x, y = data
    batches = np.arange(1_760).reshape(-1, 32)
    program = gr.jit(example.epoch).inspect(example.adam, params, state, x, np.eye(10)[y], batches)
    assert program.decisions == ()
    (loop,) = (node for node in program.primal.block.nodes if node.op.name == "for")
    assert {node.origin.value for node in loop.regions[0].nodes} == {"", "backward", "sum"}


def test_training_learns(data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "EPOCHS", 20)
    params, losses, _ = example.train(gr.jit(example.epoch), example.adam, data[0][:1347], data[1][:1347], "")
    assert losses[-1] < 0.1 * losses[0]
    assert np.mean(example.logits(params, data[0][1347:]).argmax(axis=1) == data[1][1347:]) > 0.9
