"""An LSTM of 32 units over 100 steps of a sequence of 16 features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_UNITS, _FEATURES = 32, 16


def sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


def ends(w: Any, u: Any, b: Any, xs: Any) -> Any:
    """Return the sum of squares of the last output."""
    n = u.shape[0]
    h, c = np.zeros(n), np.zeros(n)
    for t in range(len(xs)):
        gates = xs[t] @ w + h @ u + b
        keep, take, show = sigmoid(gates[:n]), sigmoid(gates[n : 2 * n]), sigmoid(gates[2 * n : 3 * n])
        c = keep * c + take * np.tanh(gates[3 * n :])
        h = show * np.tanh(c)
    return np.sum(h**2)


def arguments(steps: int) -> Arguments:
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(_FEATURES, 4 * _UNITS)) * 0.25,
        rng.normal(size=(_UNITS, 4 * _UNITS)) * 0.2,
        rng.normal(size=4 * _UNITS) * 0.1,
        rng.normal(size=(steps, _FEATURES)),
    )


def by_hand(w: Any, u: Any, b: Any, xs: Any) -> tuple[Any, Gradients]:
    n, steps = u.shape[0], len(xs)
    h, c = np.zeros((steps + 1, n)), np.zeros((steps + 1, n))
    gates = xs @ w + b
    for t in range(steps):
        gates[t] += h[t] @ u
        gates[t, : 3 * n] = sigmoid(gates[t, : 3 * n])
        gates[t, 3 * n :] = np.tanh(gates[t, 3 * n :])
        keep, take, show, new = gates[t].reshape(4, n)
        c[t + 1] = keep * c[t] + take * new
        h[t + 1] = show * np.tanh(c[t + 1])
    cts = np.empty((steps, 4 * n))
    by_h, by_c = 2.0 * h[steps], np.zeros(n)
    for t in range(steps - 1, -1, -1):
        keep, take, show, new = gates[t].reshape(4, n)
        shown = np.tanh(c[t + 1])
        by_c = by_c + by_h * show * (1.0 - shown * shown)
        cts[t, :n] = by_c * c[t] * keep * (1.0 - keep)
        cts[t, n : 2 * n] = by_c * new * take * (1.0 - take)
        cts[t, 2 * n : 3 * n] = by_h * shown * show * (1.0 - show)
        cts[t, 3 * n :] = by_c * take * (1.0 - new * new)
        by_c = by_c * keep
        by_h = u @ cts[t]
    return np.sum(h[steps] ** 2), (xs.T @ cts, h[:steps].T @ cts, cts.sum(axis=0))


def with_jax() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def function(w: Any, u: Any, b: Any, xs: Any) -> Any:
        n = u.shape[0]

        @jax.checkpoint
        def step(state: Any, x: Any) -> Any:
            h, c = state
            gates = x + h @ u
            keep, take, show = jnp.split(jax.nn.sigmoid(gates[: 3 * n]), 3)
            c = keep * c + take * jnp.tanh(gates[3 * n :])
            return (show * jnp.tanh(c), c), None

        start = jnp.zeros(n), jnp.zeros(n)
        return jnp.sum(jax.lax.scan(step, start, xs @ w + b, unroll=4)[0][0] ** 2)

    return function


def with_torch() -> Callable[..., Any]:
    """Return PyTorch's own LSTM, whose gates come in another order and as rows."""
    import torch

    def function(w: Any, u: Any, b: Any, xs: Any) -> Any:
        n = u.shape[0]

        def gates(x: Any) -> Any:
            keep, take, show, new = x.split(n, dim=-1)
            return torch.cat([take, keep, new, show], dim=-1)

        zero = torch.zeros(1, 1, n, dtype=torch.float64)
        weights = [gates(w).T, gates(u).T, gates(b), torch.zeros_like(b)]
        h = torch.lstm(xs[:, None, :], (zero, zero), weights, True, 1, 0.0, False, False, False)[1]
        return h.square().sum()

    return function


def with_newcomers_jax() -> Callable[..., Any]:
    import jax.numpy as jnp

    def gate(x: Any) -> Any:
        return 1.0 / (1.0 + jnp.exp(-x))

    def function(w: Any, u: Any, b: Any, xs: Any) -> Any:
        n = u.shape[0]
        h, c = jnp.zeros(n), jnp.zeros(n)
        for t in range(len(xs)):
            gates = xs[t] @ w + h @ u + b
            keep, take, show = gate(gates[:n]), gate(gates[n : 2 * n]), gate(gates[2 * n : 3 * n])
            c = keep * c + take * jnp.tanh(gates[3 * n :])
            h = show * jnp.tanh(c)
        return jnp.sum(h**2)

    return function


PROGRAM = Program(
    name="lstm",
    title="LSTM of 32 units, 100 steps",
    arguments=arguments,
    size=100,
    small=4,
    wrt=(0, 1, 2),
    function=ends,
    by_hand=by_hand,
    jax=with_jax,
    torch=with_torch,
    torch_compile="it unrolls the 100 steps and compiles for more than four minutes",
    newcomer=with_newcomers_jax,
)
