"""Logistic regression: one matrix-vector product each way, and a soft kink for every row between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_FEATURES = 100


def loss(weights: Any, bias: Any, x: Any, sign: Any) -> Any:
    """Return the mean of -log P(sign) for signs +1 and -1."""
    return np.mean(np.logaddexp(0.0, -sign * (x @ weights + bias)))


def arguments(rows: int) -> Arguments:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, _FEATURES))
    sign = np.where(x @ rng.normal(size=_FEATURES) + rng.normal(size=rows) > 0.0, 1.0, -1.0)
    return rng.normal(size=_FEATURES) * 0.1, 0.1, x, sign


def by_hand(weights: Any, bias: Any, x: Any, sign: Any) -> tuple[Any, Gradients]:
    margin = sign * (x @ weights + bias)
    e = np.exp(-np.abs(margin))
    value = np.mean(np.log1p(e) - np.minimum(margin, 0.0))
    ct = -sign * np.where(margin > 0.0, e, 1.0) / ((1.0 + e) * len(x))
    return value, (ct @ x, ct.sum())


def with_jax() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def function(weights: Any, bias: Any, x: Any, sign: Any) -> Any:
        return jnp.mean(jax.nn.softplus(-sign * (x @ weights + bias)))

    return function


def with_torch() -> Callable[..., Any]:
    from torch.nn.functional import logsigmoid

    def function(weights: Any, bias: Any, x: Any, sign: Any) -> Any:
        return -logsigmoid(sign * (x @ weights + bias)).mean()

    return function


def with_autograd() -> Callable[..., Any]:
    import autograd.numpy as anp

    def function(weights: Any, bias: Any, x: Any, sign: Any) -> Any:
        return anp.mean(anp.logaddexp(0.0, -sign * (x @ weights + bias)))

    return function


PROGRAM = Program(
    name="logistic-regression",
    title="Logistic regression, 10,000 x 100",
    arguments=arguments,
    size=10_000,
    small=20,
    wrt=(0, 1),
    function=loss,
    by_hand=by_hand,
    jax=with_jax,
    torch=with_torch,
    autograd=with_autograd,
)
