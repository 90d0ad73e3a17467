"""Linear least squares: a matrix-vector product each way and nothing else, so memory sets the pace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_FEATURES = 100


def loss(weights: Any, x: Any, y: Any) -> Any:
    """Return half of the sum of squared residuals."""
    return 0.5 * np.sum((x @ weights - y) ** 2)


def arguments(rows: int) -> Arguments:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, _FEATURES))
    return rng.normal(size=_FEATURES), x, x @ rng.normal(size=_FEATURES) + rng.normal(size=rows)


def by_hand(weights: Any, x: Any, y: Any) -> tuple[Any, Gradients]:
    residual = x @ weights - y
    return 0.5 * (residual @ residual), (residual @ x,)


def with_jax() -> Callable[..., Any]:
    import jax.numpy as jnp

    def function(weights: Any, x: Any, y: Any) -> Any:
        residual = x @ weights - y
        return 0.5 * jnp.vdot(residual, residual)

    return function


def with_torch() -> Callable[..., Any]:
    import torch

    def function(weights: Any, x: Any, y: Any) -> Any:
        residual = torch.mv(x, weights) - y
        return 0.5 * torch.dot(residual, residual)

    return function


PROGRAM = Program(
    name="least-squares",
    title="Least squares, 10,000 x 100",
    arguments=arguments,
    size=10_000,
    small=20,
    wrt=(0,),
    function=loss,
    by_hand=by_hand,
    jax=with_jax,
    torch=with_torch,
)
