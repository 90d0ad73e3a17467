"""Gradients of a program against central differences of its plain function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optree

from .program import Program

DIRECTIONS = 2
STEP, SINGLE_STEP = 1e-5, 2e-2
AGREEMENT, SINGLE_AGREEMENT = 1e-5, 5e-2  # of two step sizes, for the function to count as smooth there


@dataclass(frozen=True, slots=True)
class Gap:
    """A derivative that is not what the function's differences say."""

    argument: int
    leaf: int
    actual: float
    expected: float

    def __str__(self) -> str:
        return (
            f"the derivative by leaf {self.leaf} of argument {self.argument} along a direction is"
            f" {self.actual!r}, differences give {self.expected!r}"
        )


def compare_gradients(
    program: Program, f: Callable[..., Any], k: int, gradients: tuple[Any, ...], single: bool
) -> Gap | int:
    """Return the first gap, or how many directions were compared: those along which `f` is smooth."""
    args = program.fresh(k)
    rng = np.random.default_rng((program.seed, k))
    checked = 0
    for position, gradient in zip(program.argnums, gradients, strict=True):
        leaves, structure = optree.tree_flatten(args[position])
        found = optree.tree_leaves(gradient)
        for j, (x, g) in enumerate(zip(leaves, found, strict=True)):
            mistyped = _mistyped(x, g)
            if mistyped:
                return Gap(position, j, mistyped, np.nan)  # type: ignore[arg-type]
            for _ in range(DIRECTIONS):
                v = rng.normal(size=np.shape(x))

                def along(t: float, j: int = j, x: Any = x, v: Any = v, position: int = position) -> float:
                    moved = program.fresh(k)
                    own = optree.tree_leaves(moved[position])
                    own[j] = _moved(x, t * v)
                    replaced = optree.tree_unflatten(structure, own)
                    result = f(*moved[:position], replaced, *moved[position + 1 :])
                    return float(result[0] if program.has_aux else result)

                actual = float(np.sum(np.asarray(g, np.float64) * v))
                expected = _difference(along, single)
                if expected is None:
                    continue
                checked += 1
                slack = (0.1 if single else 1e-4) * max(1.0, abs(expected), _size(g, v))
                if not abs(actual - expected) <= slack:
                    return Gap(position, j, actual, expected)
    return checked


def _mistyped(x: Any, g: Any) -> str:
    """Say where a gradient has not the type, dtype or shape of what it belongs to."""
    if type(x) is not type(g):
        return f"<{type(g).__name__} for {type(x).__name__}>"
    a, b = np.asarray(x), np.asarray(g)
    return "" if (a.dtype, a.shape) == (b.dtype, b.shape) else f"<{b.dtype}{b.shape} for {a.dtype}{a.shape}>"


def _size(g: Any, v: Any) -> float:
    """The size of the products that a directional derivative adds up."""
    return float(np.sum(np.abs(np.asarray(g, np.float64) * v), initial=0.0))


def _moved(x: Any, by: Any) -> Any:
    if isinstance(x, np.ndarray):
        return (x + by).astype(x.dtype)
    return type(x)(x + by)


def _difference(along: Callable[[float], float], single: bool) -> float | None:
    """The derivative at 0; None where step sizes, or both sides, do not agree on it."""
    h, tolerance = (SINGLE_STEP, SINGLE_AGREEMENT) if single else (STEP, AGREEMENT)
    try:
        here = along(0.0)
        estimates = []
        for step in (h, h / 4):
            above, below = along(step), along(-step)
            estimates += [(above - here) / step, (here - below) / step, (above - below) / (2 * step)]
    except Exception:  # a nearby point may leave the domain of math.sqrt and the like, or fail an assertion
        return None
    if not np.all(np.isfinite(estimates)):
        return None
    central = estimates[2], estimates[5]
    scale = max(1.0, *map(abs, estimates))
    if abs(central[0] - central[1]) > tolerance * scale or _one_sided(estimates) > 100 * tolerance * scale:
        return None
    return central[1] if not single else central[0]


def _one_sided(estimates: list[float]) -> float:
    """How far the differences to both sides are apart: at a kink they stay so."""
    return max(abs(estimates[0] - estimates[1]), abs(estimates[3] - estimates[4]))
