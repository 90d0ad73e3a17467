"""Gradients of a program against central differences of its plain function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import optree

from .program import Program, function_of

DIRECTIONS = 2
STEP = 1e-5
AGREEMENT = 1e-5  # of two step sizes, for the function to count as smooth there
SLACK, SINGLE_SLACK = 1e-4, 2e-2  # between gradient and difference, in units of what is added up


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


def compare_gradients(program: Program, k: int, gradients: tuple[Any, ...], single: bool) -> Gap | int:
    """Return the first gap, or how many directions were compared: those along which `f` is smooth.

    The differences are those of the same program in double precision.
    """
    wide = function_of(program.source.replace("float32", "float64"))
    args = program.fresh(k)
    rng = np.random.default_rng((program.seed, k))
    checked = 0
    for position, gradient in zip(program.argnums, gradients, strict=True):
        pairs = zip(optree.tree_leaves(args[position]), optree.tree_leaves(gradient), strict=True)
        for j, (x, g) in enumerate(pairs):
            mistyped = _mistyped(x, g)
            if mistyped:
                return Gap(position, j, mistyped, np.nan)  # type: ignore[arg-type]
            for _ in range(DIRECTIONS):
                v = rng.normal(size=np.shape(x))
                actual = float(np.sum(np.asarray(g, np.float64) * v))
                expected = difference(partial(_along, program, wide, k, position, j, v))
                if expected is None:
                    continue
                checked += 1
                slack = (SINGLE_SLACK if single else SLACK) * max(1.0, abs(expected), _size(g, v))
                if not abs(actual - expected) <= slack:
                    return Gap(position, j, actual, expected)
    return checked


def _along(program: Program, f: Callable[..., Any], k: int, position: int, j: int, v: Any, t: float) -> float:
    """The value of `f` where leaf j of an argument is moved by t along v."""
    near = [optree.tree_map(_widened, x) for x in program.fresh(k)]
    leaves, structure = optree.tree_flatten(near[position])
    leaves[j] = moved(leaves[j], t * v)
    near[position] = optree.tree_unflatten(structure, leaves)
    result = f(*near)
    return float(result[0] if program.has_aux else result)


def _widened(x: Any) -> Any:
    return x.astype(np.float64) if getattr(x, "dtype", None) == np.float32 else x


def _mistyped(x: Any, g: Any) -> str:
    """Say where a gradient has not the type, dtype or shape of what it belongs to."""
    if type(x) is not type(g):
        return f"<{type(g).__name__} for {type(x).__name__}>"
    a, b = np.asarray(x), np.asarray(g)
    return "" if (a.dtype, a.shape) == (b.dtype, b.shape) else f"<{b.dtype}{b.shape} for {a.dtype}{a.shape}>"


def _size(g: Any, v: Any) -> float:
    """The size of the products that a directional derivative adds up."""
    return float(np.sum(np.abs(np.asarray(g, np.float64) * v), initial=0.0))


def moved(x: Any, by: Any) -> Any:
    if isinstance(x, np.ndarray):
        return (x + by).astype(x.dtype)
    return type(x)(x + by)


def difference(along: Callable[[float], float]) -> float | None:
    """The derivative at 0; None where step sizes, or both sides, do not agree on it."""
    try:
        here = along(0.0)
        far, near = ((along(h) - here, here - along(-h), h) for h in (STEP, STEP / 4))
    except Exception:  # a nearby point may leave the domain of math.sqrt and the like, or fail an assertion
        return None
    slopes = [(up + down) / (2 * h) for up, down, h in (far, near)]
    gaps = [abs(up - down) / h for up, down, h in (far, near)]  # to both sides: at a kink they do not shrink
    if not np.all(np.isfinite([*slopes, *gaps])):
        return None
    scale = max(1.0, *map(abs, slopes))
    kink = gaps[1] > max(0.5 * gaps[0], 100 * AGREEMENT * scale)
    return None if kink or abs(slopes[0] - slopes[1]) > AGREEMENT * scale else slopes[1]
