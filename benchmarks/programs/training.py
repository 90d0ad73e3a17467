"""Logistic regression trained by 2,000 steps of gradient descent in one call: a gradient in a loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_STEPS, _FEATURES, _RATE = 2000, 20, 0.5


def loss(w: Any, x: Any, y: Any) -> Any:
    z = x @ w
    return np.mean(np.logaddexp(0.0, z) - y * z)


def train(w: Any, x: Any, y: Any) -> Any:
    """Return the last step's loss, and the weights after it."""
    import gradir as gr

    step = gr.value_and_grad(loss)
    last = 0.0
    for _ in range(_STEPS):
        last, slope = step(w, x, y)
        w = w - _RATE * slope
    return last, (w,)


def losses(w: Any, x: Any, y: Any) -> Any:
    """Return what is left of `train` without the gradient: as many losses."""
    last = 0.0
    for _ in range(_STEPS):
        last = loss(w, x, y)
        w = w - 1e-9 * last  # each loss takes the one before it, so none can be left out
    return last


def arguments(samples: int) -> Arguments:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, _FEATURES))
    y = (x @ rng.normal(size=_FEATURES) + rng.logistic(size=samples) > 0.0).astype(np.float64)
    return np.zeros(_FEATURES), x, y


def by_hand(w: Any, x: Any, y: Any) -> tuple[Any, Gradients]:
    last = 0.0
    for _ in range(_STEPS):
        z = x @ w
        last = np.mean(np.logaddexp(0.0, z) - y * z)
        w = w - _RATE * (x.T @ (1.0 / (1.0 + np.exp(-z)) - y)) / len(y)
    return last, (w,)


def with_jax() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def cost(w: Any, x: Any, y: Any) -> Any:
        z = x @ w
        return jnp.mean(jnp.logaddexp(0.0, z) - y * z)

    def function(w: Any, x: Any, y: Any) -> Any:
        def step(_: Any, state: Any) -> Any:
            last, slope = jax.value_and_grad(cost)(state[1], x, y)
            return last, state[1] - _RATE * slope

        last, w = jax.lax.fori_loop(0, _STEPS, step, (jnp.float64(0.0), w))
        return last, (w,)

    return function


def with_newcomers_jax() -> Callable[..., Any]:
    """Return the loop in Python around a compiled gradient: a call of it for each step."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    @jax.value_and_grad
    def slope_of(w: Any, x: Any, y: Any) -> Any:
        z = x @ w
        return jnp.mean(jnp.logaddexp(0.0, z) - y * z)

    def function(w: Any, x: Any, y: Any) -> Any:
        last = 0.0
        for _ in range(_STEPS):
            last, slope = slope_of(w, x, y)
            w = w - _RATE * slope
        return last, (w,)

    return function


PROGRAM = Program(
    name="training",
    title="Training, 2,000 steps in one call",
    arguments=arguments,
    size=200,
    small=10,
    wrt=(),
    function=train,
    by_hand=by_hand,
    without_gradient=losses,
    jax=with_jax,
    newcomer=with_newcomers_jax,
)
