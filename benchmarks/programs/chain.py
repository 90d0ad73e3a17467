"""A chain of elementary functions on every element: vector math, with one array read and one written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program


def chain(x: Any) -> Any:
    return np.sum(np.log(2.0 + np.tanh(np.sin(np.exp(x)))))


def arguments(n: int) -> Arguments:
    return (np.random.default_rng(0).uniform(-2.0, 2.0, n),)


def by_hand(x: Any) -> tuple[Any, Gradients]:
    e = np.exp(x)
    h = np.tanh(np.sin(e))
    inner = 2.0 + h
    return np.sum(np.log(inner)), ((1.0 - h * h) / inner * np.cos(e) * e,)


def with_jax() -> Callable[..., Any]:
    import jax.numpy as jnp

    def function(x: Any) -> Any:
        return jnp.sum(jnp.log(2.0 + jnp.tanh(jnp.sin(jnp.exp(x)))))

    return function


def with_torch() -> Callable[..., Any]:
    import torch

    def function(x: Any) -> Any:
        return torch.log(2.0 + torch.tanh(torch.sin(torch.exp(x)))).sum()

    return function


def with_autograd() -> Callable[..., Any]:
    import autograd.numpy as anp

    def function(x: Any) -> Any:
        return anp.sum(anp.log(2.0 + anp.tanh(anp.sin(anp.exp(x)))))

    return function


SMALL = Program(
    name="chain-1e5",
    title="exp, sin, tanh, log of 100,000 elements",
    arguments=arguments,
    size=100_000,
    small=100,
    wrt=(0,),
    function=chain,
    by_hand=by_hand,
    jax=with_jax,
    torch=with_torch,
    autograd=with_autograd,
)
LARGE = replace(SMALL, name="chain-1e7", title="exp, sin, tanh, log of 10,000,000 elements", size=10_000_000)
