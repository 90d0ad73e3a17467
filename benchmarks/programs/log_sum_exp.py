"""Log-sum-exp of the rows of a matrix: two reductions, and the softmax for a gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_COLUMNS = 500


def total(x: Any) -> Any:
    """Return the sum over the rows of log(sum(exp(row)))."""
    top = x.max(axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(x - top), axis=1)) + top[:, 0])


def arguments(rows: int) -> Arguments:
    return (np.random.default_rng(0).normal(size=(rows, _COLUMNS)) * 5.0,)


def by_hand(x: Any) -> tuple[Any, Gradients]:
    top = x.max(axis=1, keepdims=True)
    p = x - top
    np.exp(p, out=p)
    sums = p.sum(axis=1, keepdims=True)
    p /= sums
    return np.sum(np.log(sums) + top), (p,)


def with_jax() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    return lambda x: jnp.sum(jax.nn.logsumexp(x, axis=1))


def with_torch() -> Callable[..., Any]:
    import torch

    return lambda x: torch.logsumexp(x, dim=1).sum()


PROGRAM = Program(
    name="log-sum-exp",
    title="Log-sum-exp of 2,000 rows of 500",
    arguments=arguments,
    size=2_000,
    small=6,
    wrt=(0,),
    function=total,
    by_hand=by_hand,
    jax=with_jax,
    torch=with_torch,
)
