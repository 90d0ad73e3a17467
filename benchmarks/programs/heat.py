"""The heat equation on a rod, 1,000 explicit steps in place: a long loop over a vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_STEPS = 1000


def energy(rate: Any, start: Any) -> Any:
    """Return the rod's energy after the steps."""
    u = start.copy()
    for _ in range(_STEPS):
        u[1:-1] += rate * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def arguments(n: int) -> Arguments:
    return 0.2, np.sin(np.linspace(0.0, 9.0, n)) + 1.0


def in_loops(rate: Any, start: Any) -> Any:
    u, v, n = start.copy(), start.copy(), len(start)
    for _ in range(_STEPS):
        for i in range(1, n - 1):
            v[i] = u[i] + rate * (u[i + 1] - 2.0 * u[i] + u[i - 1])
        u, v = v, u
    return np.sum(u**2)


def by_hand(rate: Any, start: Any) -> tuple[Any, Gradients]:
    u, flows = start.copy(), np.empty((_STEPS, len(start) - 2))
    for t in range(_STEPS):
        flows[t] = u[2:] - 2.0 * u[1:-1] + u[:-2]
        u[1:-1] += rate * flows[t]
    ct, by_rate = 2.0 * u, 0.0
    for t in range(_STEPS - 1, -1, -1):
        by_rate += ct[1:-1] @ flows[t]
        c = rate * ct[1:-1]
        ct[2:] += c
        ct[1:-1] -= 2.0 * c
        ct[:-2] += c
    return np.sum(u**2), (by_rate, ct)


def with_jax() -> Callable[..., Any]:
    """Return a scan that puts each rod together anew: XLA makes one kernel of that, two of an update."""
    import jax
    import jax.numpy as jnp

    def function(rate: Any, start: Any) -> Any:
        def step(u: Any, _: Any) -> Any:
            inner = u[1:-1] + rate * (u[2:] - 2.0 * u[1:-1] + u[:-2])
            return jnp.concatenate([u[:1], inner, u[-1:]]), None

        return jnp.sum(jax.lax.scan(step, start, None, length=_STEPS)[0] ** 2)

    return function


PROGRAM = Program(
    name="heat",
    title="Heat equation, 1,000 cells, 1,000 steps",
    arguments=arguments,
    size=1_000,
    small=12,
    wrt=(0, 1),
    function=energy,
    by_hand=by_hand,
    in_loops=in_loops,
    jax=with_jax,
    newcomer="400 of the 1,000 steps take more than 20 seconds to compile, all of them minutes",
)
