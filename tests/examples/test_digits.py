"""Training on handwritten digits, shortened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tqdm import tqdm

from examples import digits


@pytest.fixture(scope="module")
def data() -> digits.Data:
    return digits.load()


@pytest.fixture(scope="module")
def run(data: digits.Data) -> digits.Run:
    with tqdm(total=12, disable=True) as progress:
        return digits.train(data, seed=0, epochs=12, progress=progress)


def test_the_split_is_fixed(data: digits.Data) -> None:
    assert (len(data.x), len(data.x_test)) == (1347, 450)
    again = digits.load()
    assert np.array_equal(data.x_test, again.x_test)
    assert np.array_equal(data.y, again.y)


def test_a_short_training_learns(run: digits.Run) -> None:
    assert run.accuracy == run.accuracies[-1] > 0.95
    assert run.losses[-1] < 0.1 * run.losses[0]


def test_all_steps_run_one_compiled_function(run: digits.Run) -> None:
    assert digits.value_and_gradient.cache_info().currsize == 1


def test_the_gradient_is_that_of_softmax_and_cross_entropy(data: digits.Data) -> None:
    params = digits.initial(np.random.default_rng(3))
    x, target = data.x[: digits.BATCH], np.eye(10)[data.y[: digits.BATCH]]
    value, grads = digits.value_and_gradient(params, x, target)
    z = digits.logits(params, x)
    probability = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert_allclose(value, -np.log((probability * target).sum(axis=1)).mean(), rtol=1e-12)
    assert_allclose(grads["b2"], (probability - target).mean(axis=0), rtol=1e-10, atol=1e-12)


def test_the_learning_curve_is_drawn(run: digits.Run, tmp_path: Path) -> None:
    picture = tmp_path / "curve.png"
    assert digits.draw([run], str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
