"""The log-likelihood of a mixture of 25 Gaussians with full covariances in 10 dimensions.

Each is given by a triangular factor of its inverse covariance: the diagonal by logarithms, what is below by
itself, as in the GMM problem of ADBench (Srajer, Kukelova & Fitzgibbon, "A benchmark of selected algorithmic
differentiation tools on some problems in computer vision and machine learning", Optimization Methods and
Software 33, 2018), without its prior and its constants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_COMPONENTS, _DIMENSIONS = 25, 10


def log_likelihood(alphas: Any, means: Any, logs: Any, lower: Any, x: Any) -> Any:
    factors = np.tril(lower, -1) + np.exp(logs)[:, :, None] * np.eye(logs.shape[1])
    whitened = (x - means[:, None, :]) @ np.swapaxes(factors, 1, 2)
    scores = (alphas + logs.sum(axis=1))[:, None] - 0.5 * np.sum(whitened**2, axis=2)
    top = scores.max(axis=0)
    of_points = np.log(np.sum(np.exp(scores - top), axis=0)) + top
    peak = alphas.max()
    return np.sum(of_points) - len(x) * (np.log(np.sum(np.exp(alphas - peak))) + peak)


def arguments(points: int) -> Arguments:
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=_COMPONENTS) * 0.5,
        rng.normal(size=(_COMPONENTS, _DIMENSIONS)),
        rng.normal(size=(_COMPONENTS, _DIMENSIONS)) * 0.2,
        rng.normal(size=(_COMPONENTS, _DIMENSIONS, _DIMENSIONS)) * 0.2,
        rng.normal(size=(points, _DIMENSIONS)),
    )


def by_hand(alphas: Any, means: Any, logs: Any, lower: Any, x: Any) -> tuple[Any, Gradients]:
    diagonals = np.exp(logs)
    factors = np.tril(lower, -1) + diagonals[:, :, None] * np.eye(logs.shape[1])
    centred = x - means[:, None, :]
    whitened = centred @ np.swapaxes(factors, 1, 2)
    scores = (alphas + logs.sum(axis=1))[:, None] - 0.5 * np.sum(whitened * whitened, axis=2)
    top = scores.max(axis=0)
    shares = np.exp(scores - top)
    sums = shares.sum(axis=0)
    shares /= sums
    prior = np.exp(alphas - alphas.max())
    normal = np.log(prior.sum()) + alphas.max()
    value = np.sum(np.log(sums) + top) - len(x) * normal
    counts = shares.sum(axis=1)
    by_whitened = -shares[:, :, None] * whitened
    by_factors = np.swapaxes(by_whitened, 1, 2) @ centred
    by_logs = counts[:, None] + np.einsum("kii->ki", by_factors) * diagonals
    by_means = -np.einsum("kij,ki->kj", factors, by_whitened.sum(axis=1))
    return value, (counts - len(x) * prior / prior.sum(), by_means, by_logs, np.tril(by_factors, -1))


def with_jax() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def function(alphas: Any, means: Any, logs: Any, lower: Any, x: Any) -> Any:
        factors = jnp.tril(lower, -1) + jax.vmap(jnp.diag)(jnp.exp(logs))
        whitened = jnp.einsum("kij,knj->kni", factors, x - means[:, None, :])
        scores = (alphas + logs.sum(axis=1))[:, None] - 0.5 * jnp.sum(whitened**2, axis=2)
        return jnp.sum(jax.nn.logsumexp(scores, axis=0)) - len(x) * jax.nn.logsumexp(alphas)

    return function


def with_torch() -> Callable[..., Any]:
    import torch

    def function(alphas: Any, means: Any, logs: Any, lower: Any, x: Any) -> Any:
        factors = torch.tril(lower, -1) + torch.diag_embed(torch.exp(logs))
        whitened = torch.bmm(x - means[:, None, :], factors.mT)
        scores = (alphas + logs.sum(1))[:, None] - 0.5 * whitened.square().sum(2)
        return torch.logsumexp(scores, 0).sum() - len(x) * torch.logsumexp(alphas, 0)

    return function


PROGRAM = Program(
    name="gmm",
    title="Mixture of 25 Gaussians in 10 dimensions, 1,000 points",
    arguments=arguments,
    size=1_000,
    small=7,
    wrt=(0, 1, 2, 3),
    function=log_likelihood,
    by_hand=by_hand,
    jax=with_jax,
    torch=with_torch,
)
