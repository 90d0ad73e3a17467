"""Rosenbrock's valley in n dimensions: the price of a call at n = 10, of memory traffic at n = 1,000,000."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def arguments(n: int) -> Arguments:
    return (np.random.default_rng(0).uniform(-1.5, 1.5, n),)


def by_hand(x: Any) -> tuple[Any, Gradients]:
    a = x[:-1]
    d = x[1:] - a * a
    e = 1.0 - a
    gradient = np.empty_like(x)
    gradient[:-1] = -400.0 * a * d - 2.0 * e
    gradient[-1] = 0.0
    gradient[1:] += 200.0 * d
    return 100.0 * (d @ d) + e @ e, (gradient,)


def in_numba(x: Any) -> tuple[Any, Gradients]:
    value, gradient = 0.0, np.zeros(len(x))
    for i in range(len(x) - 1):
        d, e = x[i + 1] - x[i] * x[i], 1.0 - x[i]
        value += 100.0 * d * d + e * e
        gradient[i] += -400.0 * x[i] * d - 2.0 * e
        gradient[i + 1] += 200.0 * d
    return value, (gradient,)


def with_jax() -> Callable[..., Any]:
    import jax.numpy as jnp

    def function(x: Any) -> Any:
        return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return function


def with_torch() -> Callable[..., Any]:
    def function(x: Any) -> Any:
        a, b = x[:-1], x[1:]
        return (100.0 * (b - a * a).square() + (1.0 - a).square()).sum()

    return function


def with_autograd() -> Callable[..., Any]:
    import autograd.numpy as anp

    def function(x: Any) -> Any:
        return anp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return function


def with_pytensor() -> Callable[..., Any]:
    return lambda x: (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


FEW = Program(
    name="rosenbrock-10",
    title="Rosenbrock, n = 10",
    arguments=arguments,
    size=10,
    small=10,
    wrt=(0,),
    function=rosenbrock,
    by_hand=by_hand,
    numba=in_numba,
    jax=with_jax,
    torch=with_torch,
    autograd=with_autograd,
    pytensor=with_pytensor,
)
MANY = replace(
    FEW,
    name="rosenbrock-1e6",
    title="Rosenbrock, n = 1,000,000",
    size=1_000_000,
    small=1_000,
    pytensor=None,
)
