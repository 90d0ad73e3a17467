"""A network of 16 layers of 64 tanh units, on a large batch: activations take most of the memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_LAYERS, _UNITS = 16, 64


def loss(x: Any, y: Any, *weights: Any) -> Any:
    h = x
    for w in weights:
        h = np.tanh(h @ w)
    return np.mean((h - y) ** 2)


def arguments(batch: int) -> Arguments:
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(_UNITS, _UNITS)) * 0.15 for _ in range(_LAYERS)]
    return rng.normal(size=(batch, _UNITS)), rng.normal(size=(batch, _UNITS)), *weights


def by_hand(x: Any, y: Any, *weights: Any) -> tuple[Any, Gradients]:
    layers = [x]
    for w in weights:
        layers.append(np.tanh(layers[-1] @ w))
    error = layers[-1] - y
    ct, gradients = 2.0 / error.size * error, []
    while len(layers) > 1:
        h = layers.pop()
        ct = ct * (1.0 - h * h)
        gradients.append(layers[-1].T @ ct)
        ct = ct @ weights[len(layers) - 1].T
    return np.mean(error**2), tuple(gradients[::-1])


PROGRAM = Program(
    name="deep-mlp",
    title="MLP of 16 layers, 2,048 x 64",
    arguments=arguments,
    size=2048,
    small=5,
    wrt=tuple(range(2, 2 + _LAYERS)),
    function=loss,
    by_hand=by_hand,
)
