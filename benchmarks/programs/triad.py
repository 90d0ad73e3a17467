"""A scaled sum of two long arrays: two operations an element, so memory sets the pace.

The gradient by `x` takes the place of `x`, call for call, and so needs no new memory where a tool can make
use of that. Each call leaves a quarter of what there was of `x`: the numbers stay ordinary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_FACTOR = 0.5


def half_square(x: Any, y: Any) -> Any:
    return 0.5 * np.sum((_FACTOR * x + y) ** 2)


def arguments(n: int) -> Arguments:
    rng = np.random.default_rng(0)
    return rng.uniform(1.0, 2.0, n), rng.uniform(1.0, 2.0, n)


def by_hand(x: Any, y: Any) -> tuple[Any, Gradients]:
    z = _FACTOR * x
    z += y
    value = 0.5 * (z @ z)
    z *= _FACTOR
    return value, (z,)


def with_jax() -> Callable[..., Any]:
    import jax.numpy as jnp

    return lambda x, y: 0.5 * jnp.sum((_FACTOR * x + y) ** 2)


def with_torch() -> Callable[..., Any]:
    import torch

    return lambda x, y: 0.5 * torch.add(y, x, alpha=_FACTOR).square().sum()


PROGRAM = Program(
    name="triad",
    title="Half the square of a x + y, 10,000,000 elements, x donated",
    arguments=arguments,
    size=10_000_000,
    small=100,
    wrt=(0,),
    function=half_square,
    by_hand=by_hand,
    jax=with_jax,
    torch=with_torch,
    donate=(0,),
    traffic=24,
)
