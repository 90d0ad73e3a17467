"""A classifier of 784 inputs, 128 tanh units and 10 classes, on a batch of 64 with softmax cross-entropy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_INPUTS, _HIDDEN, _CLASSES = 784, 128, 10


def loss(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> Any:
    h = np.tanh(x @ w1 + b1)
    z = h @ w2 + b2
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -(y * logp).sum(axis=1).mean()


def arguments(batch: int) -> Arguments:
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(_INPUTS, _HIDDEN)) * 0.05,
        np.zeros(_HIDDEN),
        rng.normal(size=(_HIDDEN, _CLASSES)) * 0.1,
        np.zeros(_CLASSES),
        rng.normal(size=(batch, _INPUTS)),
        np.eye(_CLASSES)[rng.integers(0, _CLASSES, batch)],
    )


def by_hand(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> tuple[Any, Gradients]:
    h = np.tanh(x @ w1 + b1)
    z = h @ w2 + b2
    z -= z.max(axis=1, keepdims=True)
    p = np.exp(z)
    total = p.sum(axis=1, keepdims=True)
    value = -np.sum(y * (z - np.log(total))) / len(x)
    p /= total
    dz = (p - y) / len(x)
    dh = dz @ w2.T
    dh *= 1.0 - h * h
    return value, (x.T @ dh, dh.sum(axis=0), h.T @ dz, dz.sum(axis=0))


def in_numba(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> tuple[Any, Gradients]:
    """Write everything but the products as loops that a compiler fuses; BLAS does the products."""
    rows = len(x)
    h = np.dot(x, w1)
    for i in range(rows):
        for j in range(len(b1)):
            h[i, j] = math.tanh(h[i, j] + b1[j])
    dz = np.dot(h, w2)
    value, db2 = 0.0, np.zeros(len(b2))
    for i in range(rows):
        top, total = -np.inf, 0.0
        for k in range(len(b2)):
            dz[i, k] += b2[k]
            top = max(top, dz[i, k])
        for k in range(len(b2)):
            total += math.exp(dz[i, k] - top)
        for k in range(len(b2)):
            value -= y[i, k] * (dz[i, k] - top - math.log(total))
            dz[i, k] = (math.exp(dz[i, k] - top) / total - y[i, k]) / rows
            db2[k] += dz[i, k]
    dh, db1 = np.dot(dz, w2.T), np.zeros(len(b1))
    for i in range(rows):
        for j in range(len(b1)):
            dh[i, j] *= 1.0 - h[i, j] * h[i, j]
            db1[j] += dh[i, j]
    return value / rows, (np.dot(x.T, dh), db1, np.dot(h.T, dz), db2)


def with_jax() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def function(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> Any:
        z = jnp.tanh(x @ w1 + b1) @ w2 + b2
        return -(y * jax.nn.log_softmax(z)).sum(axis=1).mean()

    return function


def with_torch() -> Callable[..., Any]:
    import torch
    from torch.nn.functional import cross_entropy

    def function(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> Any:
        h = torch.tanh(torch.addmm(b1, x, w1))
        return cross_entropy(torch.addmm(b2, h, w2), y)

    return function


def with_autograd() -> Callable[..., Any]:
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    def function(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> Any:
        z = anp.tanh(x @ w1 + b1) @ w2 + b2
        return -anp.mean(anp.sum(y * (z - logsumexp(z, axis=1, keepdims=True)), axis=1))

    return function


PROGRAM = Program(
    name="mlp",
    title="MLP, 64 x 784 x 128 x 10",
    arguments=arguments,
    size=64,
    small=3,
    wrt=(0, 1, 2, 3),
    function=loss,
    by_hand=by_hand,
    numba=in_numba,
    jax=with_jax,
    torch=with_torch,
    autograd=with_autograd,
)
