"""PolyBench's durbin: Yule-Walker equations by Levinson's recursion, triangular loops over scalars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program


def solution(r: Any) -> Any:
    """Return the sum of squares of the solution."""
    n = len(r)
    y, z = np.zeros(n), np.zeros(n)
    y[0] = -r[0]
    alpha, beta = -r[0], 1.0
    for k in range(1, n):
        beta = (1.0 - alpha * alpha) * beta
        total = r[k]
        for i in range(k):
            total += r[k - i - 1] * y[i]
        alpha = -total / beta
        for i in range(k):
            z[i] = y[i] + alpha * y[k - i - 1]
        for i in range(k):
            y[i] = z[i]
        y[k] = alpha
    return np.sum(y * y)


def arguments(n: int) -> Arguments:
    # An autocorrelation that dies away: the equations are well-conditioned.
    return (0.5 * np.random.default_rng(0).normal(size=n) / np.arange(1.0, n + 1.0),)


def by_hand(r: Any) -> tuple[Any, Gradients]:
    """Keep every y of the recursion, and undo it from the last."""
    n = len(r)
    ys, alphas, betas = np.zeros((n, n)), np.zeros(n), np.ones(n)
    ys[0, 0] = alphas[0] = -r[0]
    for k in range(1, n):
        y = ys[k - 1, :k]
        betas[k] = (1.0 - alphas[k - 1] ** 2) * betas[k - 1]
        alphas[k] = -(r[k] + np.sum(r[:k][::-1] * y)) / betas[k]
        ys[k, :k] = y + alphas[k] * y[::-1]
        ys[k, k] = alphas[k]
    ct, by_r, by_beta, by_alpha = 2.0 * ys[n - 1], np.zeros(n), 0.0, 0.0
    for k in range(n - 1, 0, -1):
        y = ys[k - 1, :k]
        by_alpha += ct[k] + np.sum(ct[:k] * y[::-1])
        ct[:k] += alphas[k] * ct[:k][::-1].copy()
        by_total = -by_alpha / betas[k]
        by_beta -= alphas[k] * by_alpha / betas[k]
        by_r[k] += by_total
        by_r[:k] += by_total * y[::-1]
        ct[:k] += by_total * r[:k][::-1]
        by_alpha = -2.0 * alphas[k - 1] * by_beta * betas[k - 1]
        by_beta *= 1.0 - alphas[k - 1] ** 2
    by_r[0] -= ct[0] + by_alpha
    return np.sum(ys[n - 1] ** 2), (by_r,)


def with_jax() -> Callable[..., Any]:
    """Return whole rows with a mask instead of the triangle: all shapes must be known."""
    import jax
    import jax.numpy as jnp

    def function(r: Any) -> Any:
        n = r.shape[0]
        places = jnp.arange(n)

        def step(state: Any, k: Any) -> Any:
            y, alpha, beta = state
            below = places < k
            mirror = jnp.where(below, k - places - 1, 0)
            beta = (1.0 - alpha * alpha) * beta
            alpha = -(r[k] + jnp.sum(jnp.where(below, r[mirror] * y, 0.0))) / beta
            y = y + jnp.where(below, alpha * y[mirror], 0.0)
            return (y.at[k].set(alpha), alpha, beta), None

        start = jnp.zeros(n).at[0].set(-r[0]), -r[0], jnp.float64(1.0)
        y = jax.lax.scan(step, start, jnp.arange(1, n))[0][0]
        return jnp.sum(y * y)

    return function


PROGRAM = Program(
    name="durbin",
    title="durbin, n = 400",
    arguments=arguments,
    size=400,
    small=7,
    wrt=(0,),
    function=solution,
    by_hand=by_hand,
    in_loops=solution,
    jax=with_jax,
    newcomer="40 of the 399 rows take a minute to compile",
)
