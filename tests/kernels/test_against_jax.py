"""The gradients of the kernels beside JAX's, where the `bench` extra is installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import gradir as gr
import numpy as np
import pytest

from tests.kernels.kernel import Kernel, objective
from tests.kernels.test_kernels import KERNELS, floats

jax = pytest.importorskip("jax")
SIZE = 8


@pytest.fixture(autouse=True)
def _double_precision() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.name)
def test_value_and_gradients_are_those_of_jax(kernel: Kernel) -> None:
    versions: Any = import_module("tests.kernels.jax_versions")
    args = kernel.arguments(SIZE, np.random.default_rng(3))
    by = floats(args)
    fixed = [k for k in range(len(args)) if k not in by]
    theirs = versions.objective(getattr(versions, kernel.name))
    compiled = jax.jit(jax.value_and_grad(theirs, argnums=by), static_argnums=fixed)
    expected, wanted = compiled(*args)
    value, gradients = gr.value_and_grad(objective(kernel.loops), argnums=by)(*args)
    assert value == pytest.approx(float(expected), rel=1e-12)
    for a, e in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(a, np.asarray(e), rtol=1e-9, atol=1e-10)
