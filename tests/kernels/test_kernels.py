"""Kernels as people write them for Numba and NumPy: gradients, and loops that stay loops."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradir as gr
import numpy as np
import pytest

from tests.corpus.checker import central_differences, close_gradients, same_values
from tests.kernels.kernel import Kernel, objective
from tests.kernels.programs import networks, products, solvers, stencils

KERNELS = [*stencils.KERNELS, *products.KERNELS, *solvers.KERNELS, *networks.KERNELS]
SMALL, LARGE = 5, 12
DIRECTIONS, STEP = 3, 1e-4
_LOOP = re.compile(r"= (?:for|while) %")


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a kernel, and how many loops it has."""

    kernel: Kernel
    run: Callable[..., Any]
    turns: int

    def arguments(self, size: int) -> tuple[Any, ...]:
        return self.kernel.arguments(size, np.random.default_rng(0))


def forms() -> list[Any]:
    found = [(k, f, turns) for k in KERNELS for f, turns in zip((k.loops, k.slices), k.turns, strict=True)]
    return [pytest.param(Form(k, f, turns), id=f.__name__) for k, f, turns in found]


def floats(args: tuple[Any, ...]) -> list[int]:
    return [k for k, x in enumerate(args) if np.asarray(x).dtype.kind == "f"]


@pytest.mark.parametrize("form", forms())
def test_gradients_are_central_differences(form: Form) -> None:
    f = objective(form.run)
    args = form.arguments(SMALL)
    by = floats(args)
    value, gradients = gr.value_and_grad(f, argnums=by)(*args)
    same_values(value, f(*args))
    for k, gradient in zip(by, gradients, strict=True):
        close_gradients(gradient, central_differences(f, args, k), float(abs(value)), f"argument {k}")


@pytest.mark.parametrize("form", forms())
def test_loops_stay_loops_at_any_size(form: Form) -> None:
    texts = [str(gr.trace(form.run)(*form.arguments(size))) for size in (SMALL, LARGE)]
    assert [len(_LOOP.findall(text)) for text in texts] == [form.turns, form.turns]
    assert len(texts[0].splitlines()) == len(texts[1].splitlines())


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.name)
def test_both_forms_are_the_same_function(kernel: Kernel) -> None:
    args = kernel.arguments(LARGE, np.random.default_rng(1))
    pairs = zip(as_tuple(kernel.loops(*args)), as_tuple(kernel.slices(*args)), strict=True)
    assert all(np.allclose(a, b, rtol=1e-12, atol=1e-12) for a, b in pairs)


def as_tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.name)
def test_larger_ones_along_random_directions(kernel: Kernel) -> None:
    rng = np.random.default_rng(2)
    f = objective(kernel.loops)
    args = kernel.arguments(LARGE, rng)
    by = floats(args)
    _, gradients = gr.value_and_grad(f, argnums=by)(*args)
    for _ in range(DIRECTIONS):
        directions = {k: rng.normal(size=np.shape(args[k])) for k in by}

        def along(t: float, directions: dict[int, Any] = directions) -> float:
            return float(f(*(x + t * directions[k] if k in directions else x for k, x in enumerate(args))))

        wide, narrow = ((along(h) - along(-h)) / (2 * h) for h in (STEP, STEP / 2))
        assert narrow == pytest.approx(wide, rel=1e-3), "a kink between the two: choose another seed"
        actual = sum(np.sum(g * directions[k]) for k, g in zip(by, gradients, strict=True))
        assert actual == pytest.approx((4 * narrow - wide) / 3, rel=1e-6, abs=1e-7)
