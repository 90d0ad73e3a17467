"""The loss of k-means: each point's squared distance to the nearest of 32 centres in 16 dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_CENTRES, _DIMENSIONS = 32, 16


def loss(centres: Any, x: Any) -> Any:
    squares = np.sum(x**2, axis=1)[:, None] + np.sum(centres**2, axis=1) - 2.0 * (x @ centres.T)
    return np.sum(squares.min(axis=1))


def arguments(points: int) -> Arguments:
    rng = np.random.default_rng(0)
    return rng.normal(size=(_CENTRES, _DIMENSIONS)), rng.normal(size=(points, _DIMENSIONS))


def by_hand(centres: Any, x: Any) -> tuple[Any, Gradients]:
    lacking = np.sum(centres * centres, axis=1) - 2.0 * (x @ centres.T)  # |x|^2 is the same for all centres
    nearest = lacking.argmin(axis=1)
    chosen = np.zeros_like(lacking)
    chosen[np.arange(len(x)), nearest] = 1.0
    value = np.sum(x * x) + np.sum(lacking[np.arange(len(x)), nearest])
    return value, (2.0 * (chosen.sum(axis=0)[:, None] * centres - chosen.T @ x),)


def with_jax() -> Callable[..., Any]:
    import jax.numpy as jnp

    def function(centres: Any, x: Any) -> Any:
        lacking = jnp.sum(centres**2, axis=1) - 2.0 * (x @ centres.T)
        return jnp.sum(x**2) + jnp.sum(lacking.min(axis=1))

    return function


def with_torch() -> Callable[..., Any]:
    import torch

    def function(centres: Any, x: Any) -> Any:
        lacking = torch.addmm(centres.square().sum(1), x, centres.T, alpha=-2.0)
        return x.square().sum() + lacking.min(1).values.sum()

    return function


PROGRAM = Program(
    name="k-means",
    title="k-means, 10,000 points, 32 centres, 16 dimensions",
    arguments=arguments,
    size=10_000,
    small=40,
    wrt=(0,),
    function=loss,
    by_hand=by_hand,
    jax=with_jax,
    torch=with_torch,
)
