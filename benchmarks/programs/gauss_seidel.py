"""Gauss-Seidel sweeps over a rod: stores in place, a branch on a value, an index known at run time only.

Its loops are the point, so it stands beside plain Python only: the peers would unroll or rewrite them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program import Arguments, Gradients, Program

_SWEEPS = 10


def energy(rate: Any, start: Any, valve: Any) -> Any:
    """Return the rod's energy after the sweeps; too hot at the valve, it loses half there."""
    u = start.copy()
    for _ in range(_SWEEPS):
        for i in range(1, len(u) - 1):
            u[i] = u[i] + rate * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        if u[valve] > 1.0:
            u[valve] *= 0.5
    return np.sum(u**2)


def arguments(n: int) -> Arguments:
    return 0.1, np.linspace(0.0, 2.0, n), n - n // 3


def by_hand(rate: Any, start: Any, valve: Any) -> tuple[Any, Gradients]:
    u = start.tolist()
    saved: list[float] = []
    halved: list[bool] = []
    for _ in range(_SWEEPS):
        for i in range(1, len(u) - 1):
            flow = u[i - 1] - 2.0 * u[i] + u[i + 1]
            saved.append(flow)
            u[i] += rate * flow
        halved.append(u[valve] > 1.0)
        if halved[-1]:
            u[valve] *= 0.5
    by_rate, by_u = _reversed_sweeps(rate, [2.0 * x for x in u], saved, halved, valve)
    return sum(x * x for x in u), (by_rate, np.array(by_u))


def _reversed_sweeps(
    rate: float, ct: list[float], saved: list[float], halved: list[bool], valve: int
) -> tuple[float, list[float]]:
    by_rate = 0.0
    while halved:
        if halved.pop():
            ct[valve] *= 0.5
        for i in range(len(ct) - 2, 0, -1):
            c = ct[i]
            by_rate += c * saved.pop()
            ct[i - 1] += rate * c
            ct[i] -= 2.0 * rate * c
            ct[i + 1] += rate * c
    return by_rate, ct


PROGRAM = Program(
    name="gauss-seidel",
    title="Gauss-Seidel, 10 sweeps over 1,000 points",
    arguments=arguments,
    size=1_000,
    small=12,
    wrt=(0, 1),
    function=energy,
    by_hand=by_hand,
)
