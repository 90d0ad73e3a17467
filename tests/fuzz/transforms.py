"""The other transforms of a program: its pullback, the derivative of its derivative, arguments given away."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import gradir as gr
import numpy as np
import optree

from .differences import SLACK, difference, moved
from .program import Program

EVERY = 16  # one program of so many has its pullback looked at, one its second derivative
DONATED, CHECKPOINTED = {3, 11}, {1, 5, 9, 13}  # and these donation, and what checkpointing changes
BUDGETED = {7, 15}  # and the least memory
# A checkpointed function only reads what it is given, and returns arrays of its own.
_REFUSED_IN_REGIONS = ("from outside of it", "shares memory with an argument or another result")
POLICIES = ("everything", "nothing", "recompute_cheap", "dots", "sqrt")


def transforms_differ(program: Program, f: Callable[..., Any], gradients: tuple[Any, ...]) -> str:
    """Say where another transform disagrees with the gradients by the first arguments, for some seeds."""
    scalar = (lambda *args: f(*args)[0]) if program.has_aux else f
    if program.seed % EVERY == 0:
        return _second_differs(program, scalar)
    if program.seed % EVERY == EVERY // 2:
        return _pullback_differs(program, scalar, gradients)
    if program.seed % EVERY in CHECKPOINTED:
        return _checkpoints_differ(program, f, gradients)
    if program.seed % EVERY in BUDGETED:
        return _budgets_differ(program, f, gradients)
    return _donation_differs(program, f, gradients) if program.seed % EVERY in DONATED else ""


def _donation_differs(program: Program, f: Callable[..., Any], gradients: tuple[Any, ...]) -> str:
    """Give all arguments away, call after call: first in Python, then by the entry."""
    every = range(len(program.arguments[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about arguments that serve no result
        value = gr.jit(f)(*program.fresh(0))
        given = gr.jit(f, donate=tuple(every))
        g = gr.grad(f, argnums=program.argnums, has_aux=program.has_aux, donate=tuple(every))
        for _ in range(3):
            found = g(*program.fresh(0))
            found = found[0] if program.has_aux else found
            for a, b in ((given(*program.fresh(0)), value), (found, gradients)):
                if optree.tree_structure(a, none_is_leaf=True) != optree.tree_structure(b, none_is_leaf=True):
                    return "donation changes the containers of the result"
                pairs = zip(optree.tree_leaves(a), optree.tree_leaves(b), strict=True)
                if not all(np.allclose(x, y, rtol=1e-6, atol=1e-8, equal_nan=True) for x, y in pairs):
                    return "donation changes the result"
    return ""


def _checkpoints_differ(program: Program, f: Callable[..., Any], gradients: tuple[Any, ...]) -> str:
    """Compare the gradients with those of another policy, and of the function as one checkpointed region."""
    policy = POLICIES[program.seed // EVERY % len(POLICIES)]
    by_policy = partial(gr.grad, argnums=program.argnums, has_aux=program.has_aux, checkpoint=policy)
    for what, function in ((f"policy {policy}", f), (f"policy {policy} and a region", _as_region(f, policy))):
        try:
            found = by_policy(function)(*program.fresh(0))
        except gr.TraceError as error:
            if not any(what in str(error) for what in _REFUSED_IN_REGIONS):
                raise
            continue
        found = found[0] if program.has_aux else found
        pairs = zip(optree.tree_leaves(found), optree.tree_leaves(gradients), strict=True)
        if not all(np.allclose(x, y, rtol=1e-6, atol=1e-8, equal_nan=True) for x, y in pairs):
            return f"{what}: the gradient is {found}, not {gradients}"
    return ""


def _budgets_differ(program: Program, f: Callable[..., Any], gradients: tuple[Any, ...]) -> str:
    """Compare the gradients with those in the least memory, and with half of what is saved beyond that."""
    by_budget = partial(gr.grad, f, argnums=program.argnums, has_aux=program.has_aux)
    found = None
    try:
        by_budget(memory_budget=1)(*program.fresh(0))
    except gr.GradientError as error:
        found = re.search(r"the least it takes is ([\d,]+),", str(error))
    if found is None:
        return ""
    least = int(found[1].replace(",", ""))
    most = by_budget().inspect(*program.fresh(0)).memory.peak
    for budget in {least, least if most is None else (least + most) // 2}:
        gradient = by_budget(memory_budget=budget)
        if gradient.inspect(*program.fresh(0)).memory.peak > budget:
            return f"the plan for {budget} bytes takes more"
        result = gradient(*program.fresh(0))
        result = result[0] if program.has_aux else result
        pairs = zip(optree.tree_leaves(result), optree.tree_leaves(gradients), strict=True)
        if not all(np.allclose(x, y, rtol=1e-6, atol=1e-8, equal_nan=True) for x, y in pairs):
            return f"in {budget} bytes the gradient is {result}, not {gradients}"
    return ""


def _as_region(f: Callable[..., Any], policy: str) -> Callable[..., Any]:
    region = gr.checkpoint(f, policy="nothing" if policy == "sqrt" else policy)
    return lambda *args: region(*args)


def _pullback_differs(program: Program, f: Callable[..., Any], gradients: tuple[Any, ...]) -> str:
    args = program.fresh(0)
    free = [args[k] for k in program.argnums]

    def of_floats(*free: Any) -> Any:
        chosen = dict(zip(program.argnums, free, strict=True))
        return f(*[chosen.get(k, x) for k, x in enumerate(args)])

    _, pullback = gr.vjp(of_floats, *free)
    for scale in (1.0, -2.0):
        pairs = zip(optree.tree_leaves(pullback(scale)), optree.tree_leaves(gradients), strict=True)
        if not all(np.allclose(a, scale * np.asarray(b), rtol=1e-6, atol=1e-8) for a, b in pairs):
            return f"the pullback of {scale} is not {scale} times the gradient"
    return ""


def _second_differs(program: Program, f: Callable[..., Any]) -> str:
    """Compare the derivative of a directional derivative with its difference along another direction."""
    rng = np.random.default_rng((program.seed, 2))
    args = program.fresh(0)
    first = gr.grad(f, argnums=program.argnums)
    v, w = ([rng.normal(size=np.shape(x)) for x in _leaves(program, args)] for _ in range(2))

    def slope(*args: Any) -> Any:
        total = 0.0
        for g, d in zip(optree.tree_leaves(first(*args)), v, strict=True):
            total = total + np.sum(g * d)
        return total

    def along(t: float) -> float:
        near = list(program.fresh(0))
        steps = iter(w)
        for k in program.argnums:
            near[k] = optree.tree_map(lambda x: moved(x, t * next(steps)), near[k])
        return float(slope(*near))

    expected = difference(along)
    if expected is None or any(np.asarray(x).dtype == np.float32 for x in _leaves(program, args)):
        return ""
    found = optree.tree_leaves(gr.grad(slope, argnums=program.argnums)(*args))
    products = [np.asarray(g) * d for g, d in zip(found, w, strict=True)]
    actual, size = (sum(float(np.sum(x)) for x in xs) for xs in (products, map(np.abs, products)))
    fine = abs(actual - expected) <= SLACK * max(1.0, abs(expected), size)
    return "" if fine else f"the second derivative is {actual!r}, differences of the first give {expected!r}"


def _leaves(program: Program, args: Any) -> list[Any]:
    return [x for k in program.argnums for x in optree.tree_leaves(args[k])]
