"""PolyBench's seidel-2d: 40 sweeps in place over a 200 x 200 grid, each cell after its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_SWEEPS = 40


def energy(start: Any) -> Any:
    """Return the sum of squares of the smoothed grid."""
    a = start.copy()
    n = a.shape[0]
    for _ in range(_SWEEPS):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                above = a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1]
                below = a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1]
                a[i, j] = (above + a[i, j - 1] + a[i, j] + a[i, j + 1] + below) / 9.0
    return np.sum(a * a)


def arguments(n: int) -> Arguments:
    return (np.random.default_rng(0).normal(size=(n, n)),)


def by_hand(start: Any) -> tuple[Any, Gradients]:
    a = start.copy()
    n = a.shape[0]
    for _ in range(_SWEEPS):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                a[i, j] = np.sum(a[i - 1 : i + 2, j - 1 : j + 2]) / 9.0
    ct = 2.0 * a
    for _ in range(_SWEEPS):
        for i in range(n - 2, 0, -1):
            for j in range(n - 2, 0, -1):
                c = ct[i, j] / 9.0
                ct[i, j] = 0.0
                for k in range(i - 1, i + 2):
                    for m in range(j - 1, j + 2):
                        ct[k, m] += c
    return np.sum(a * a), (ct,)


def with_jax() -> Callable[..., Any]:
    """Return the sweep a row at a time, the recurrence along each row as a scan in parallel."""
    import jax
    import jax.numpy as jnp

    def after(first: Any, second: Any) -> Any:
        return first[0] * second[0], second[0] * first[1] + second[1]

    def function(start: Any) -> Any:
        def row(above: Any, rows: Any) -> Any:
            here, below = rows
            around = above[:-2] + above[1:-1] + above[2:] + below[:-2] + below[1:-1] + below[2:]
            known = (around + here[1:-1] + here[2:]) / 9.0
            known = known.at[0].add(here[0] / 9.0)
            inner = jax.lax.associative_scan(after, (jnp.full_like(known, 1.0 / 9.0), known))[1]
            new = here.at[1:-1].set(inner)
            return new, new

        def sweep(a: Any, _: Any) -> Any:
            inner = jax.lax.scan(row, a[0], (a[1:-1], a[2:]))[1]
            return a.at[1:-1].set(inner), None

        a = jax.lax.scan(sweep, start, None, length=_SWEEPS)[0]
        return jnp.sum(a * a)

    return function


PROGRAM = Program(
    name="seidel-2d",
    title="seidel-2d, 40 sweeps, 200 x 200",
    arguments=arguments,
    size=200,
    small=5,
    wrt=(0,),
    function=energy,
    by_hand=by_hand,
    numba=by_hand,
    in_loops=energy,
    jax=with_jax,
    newcomer="a Python loop becomes 1,568,160 updates, which do not compile",
)
