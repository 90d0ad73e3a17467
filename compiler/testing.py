"""Checking gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from .errors import CheckError
from .results import Differentiation
from .transform import Transformed

_STEP = {np.dtype(np.float64): 6e-6, np.dtype(np.float32): 5e-3}  # the cube root of the precision
_TOLERANCE = {np.dtype(np.float64): 1e-6, np.dtype(np.float32): 5e-2}


def check_grads(
    fun: Callable[..., Any],
    args: tuple[Any, ...],
    order: int = 2,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    eps: float | None = None,
    directions: int = 4,
    seed: int = 0,
) -> None:
    """Check the derivatives of `fun` at `args` against central differences along random directions.

    Parameters
    ----------
    fun
        A function of floats and float arrays, in any containers, that returns a real scalar.
    args
        Where to check; every leaf is a float or a float array.
    order
        Derivatives up to this order are checked, each as the gradient of the one before.
    rtol, atol
        Tolerances; by default 1e-6 for float64 and 5e-2 for float32.
    eps
        The step, relative to the size of each argument; by default 6e-6 for float64.
    directions
        How many random directions are tried.
    seed
        Of the directions.

    Raises
    ------
    CheckError
        With the worst argument and both numbers, if a derivative is off.

    Examples
    --------
    >>> import gradir as gr, numpy as np
    >>> gr.check_grads(lambda x: np.sum(np.sin(x)), (np.ones(3),))
    """
    rng = np.random.default_rng(seed)
    _check(fun, tuple(args), order, 1, (rtol, atol, eps), directions, rng)


def _check(
    fun: Callable[..., Any],
    args: tuple[Any, ...],
    order: int,
    level: int,
    options: tuple[float | None, float | None, float | None],
    directions: int,
    rng: np.random.Generator,
) -> None:
    everything = Differentiation(tuple(range(len(args))), False, False, True)
    gradient = Transformed(fun, everything)
    _, found = gradient(*args)
    tree: Any = args
    leaves, structure = optree.tree_flatten(tree)
    gradients = optree.tree_leaves(found)
    paths = [path.codify("args") for path in optree.tree_accessors(tree)]
    dtype = min((np.asarray(x).dtype for x in leaves), key=lambda d: d.itemsize)
    rtol, atol, eps = (
        given if given is not None else default
        for given, default in zip(options, (_TOLERANCE[dtype], _TOLERANCE[dtype], _STEP[dtype]), strict=True)
    )
    worst: tuple[float, str, float, float] = (0.0, "", 0.0, 0.0)
    for k, (x, g, path) in enumerate(zip(leaves, gradients, paths, strict=True)):
        for _ in range(directions):
            v = rng.standard_normal(np.shape(x))
            expected = _difference(fun, leaves, structure, k, v, eps)
            actual = float(np.sum(np.asarray(g, np.float64) * v))
            scale = max(abs(expected), abs(actual))
            excess = abs(actual - expected) / (atol + rtol * scale)
            if not excess <= worst[0]:
                worst = (excess, path, actual, expected)
    if not worst[0] <= 1.0:
        raise CheckError(
            f"the derivative of order {level} with respect to {worst[1]} is off: along the worst direction"
            f" gradir gives {worst[2]!r}, central differences {worst[3]!r}"
        )
    if level < order:
        direction = [rng.standard_normal(np.shape(x)).astype(np.asarray(x).dtype) for x in leaves]
        along = _along(Transformed(fun, Differentiation(everything.argnums, False, False, False)), direction)
        _check(along, args, order, level + 1, options, directions, rng)


def _difference(
    fun: Callable[..., Any], leaves: list[Any], structure: Any, k: int, v: np.ndarray[Any, Any], eps: float
) -> float:
    """The central difference of `fun` along `v` in leaf k; the step that was really taken is divided by."""
    x = np.asarray(leaves[k])
    h = eps * max(1.0, float(np.max(np.abs(x), initial=0.0)))

    def at(step: float) -> tuple[float, np.ndarray[Any, Any]]:
        moved = (x + step * v).astype(x.dtype)
        leaf = moved if isinstance(leaves[k], np.ndarray) else type(leaves[k])(moved)
        args = optree.tree_unflatten(structure, [*leaves[:k], leaf, *leaves[k + 1 :]])
        return float(fun(*args)), moved.astype(np.float64)

    (upper, above), (lower, below) = at(h), at(-h)
    norm = float(np.sum(v * v))
    taken = float(np.sum((above - below) * v)) / norm if norm else 1.0
    return (upper - lower) / taken if taken else 0.0


def _along(gradient: Transformed, direction: list[np.ndarray[Any, Any]]) -> Callable[..., Any]:
    """The derivative along a direction, as a function to be differentiated again."""

    def along(*args: Any) -> Any:
        total = 0.0
        for g, v in zip(optree.tree_leaves(gradient(*args)), direction, strict=True):
            total = total + np.sum(g * v)
        return total

    return along
