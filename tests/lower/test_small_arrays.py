"""Small arrays in rolled loops are in registers: optimised loops touch memory for residuals only."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import walk

from .loop_traffic import Traffic, allocas, loops


def _two_bodies(x: Any, v: Any, steps: int) -> Any:
    """A 3-vector of place and one of velocity, half a step apart."""
    for _ in range(steps):
        square = x @ x + 0.01
        v = v - 0.01 * x / (square * np.sqrt(square))
        x = x + 0.01 * v
    return np.sum(x * v)


def _lorenz(s: Any, v: Any, steps: int) -> Any:
    """Runge and Kutta's method on 3-vectors."""

    def slope(u: Any) -> Any:
        return np.array([10.0 * (u[1] - u[0]), u[0] * (28.0 - u[2]) - u[1], u[0] * u[1] - 2.5 * u[2]])

    for _ in range(steps):
        k1 = slope(s)
        k2 = slope(s + 0.005 * k1)
        k3 = slope(s + 0.005 * k2)
        s = s + 0.01 / 6 * (k1 + 2.0 * k2 + 2.0 * k3 + slope(s + 0.01 * k3))
    return s @ v


def _matrices(a: Any, b: Any, steps: int) -> Any:
    """4x4 matrices."""
    m = np.eye(4)
    for _ in range(steps):
        m = m @ a + b
    return np.sum(m)


def _quaternion(q: Any, w: Any, steps: int) -> Any:
    """The attitude of a body that turns at the rate `w`."""
    for _ in range(steps):
        turned = np.array(
            [
                -q[1] * w[0] - q[2] * w[1] - q[3] * w[2],
                q[0] * w[0] + q[2] * w[2] - q[3] * w[1],
                q[0] * w[1] - q[1] * w[2] + q[3] * w[0],
                q[0] * w[2] + q[1] * w[1] - q[2] * w[0],
            ]
        )
        q = q + 0.005 * turned
        q = q / np.sqrt(np.sum(q * q))
    return q[0] + q[2]


def _in_place(x: Any, y: Any, steps: int) -> Any:
    """A loop over the axes, written in place, and two 3-vectors that swap."""
    x, y = x.copy(), y.copy()
    for _ in range(steps):
        for i in range(3):
            y[i] = y[i] + 0.01 * x[(i + 1) % 3] * x[i]
        x, y = y, x
    return x @ y


_A, _B = np.array([1.0, -0.5, 0.3]), np.array([0.1, 0.9, 0.4])
_M = np.linspace(-0.2, 0.3, 16).reshape(4, 4)
PROGRAMS = [
    (_two_bodies, _A, _B),
    (_lorenz, _A, _B),
    (_matrices, _M, _M.T.copy()),
    (_quaternion, np.array([0.9, 0.1, 0.2, 0.3]), _B),
    (_in_place, _A, _B),
]
_NOTHING = Traffic(loads=0, stores=0, copies=0)  # bytes


@pytest.mark.parametrize(("program", "a", "b"), PROGRAMS)
def test_the_loop_of_a_primal_is_all_in_registers(program: Callable[..., Any], a: Any, b: Any) -> None:
    llvm = gr.jit(program).inspect(a, b, 100).compiled.llvm
    assert allocas(llvm) == 0
    assert set(loops(llvm)) == {_NOTHING}


@pytest.mark.parametrize(("program", "a", "b"), PROGRAMS)
def test_the_loops_of_a_gradient_push_and_pop(program: Callable[..., Any], a: Any, b: Any) -> None:
    inspected = gr.value_and_grad(program, argnums=(0, 1)).inspect(a, b, 100)
    stacks = [n.attrs["element"] for n in walk(inspected.optimized.block) if n.op.name == "stack_new"]
    residuals = sum(math.prod(t.shape) * t.dtype.numpy.itemsize for t in stacks)
    written = 24 if program is _in_place else 0  # an array that is saved whole is written where it lies, too
    llvm = inspected.compiled.llvm
    assert allocas(llvm) == 0
    pushes, pops = Traffic(0, residuals + written, 0), Traffic(residuals, 0, 0)
    assert set(loops(llvm)) == {pushes, pops}


@pytest.mark.parametrize(("program", "a", "b"), PROGRAMS)
def test_results(program: Callable[..., Any], a: Any, b: Any) -> None:
    value, (da, db) = gr.value_and_grad(program, argnums=(0, 1))(a, b, 20)
    np.testing.assert_allclose(value, program(a, b, 20), rtol=1e-12)
    rng, h = np.random.default_rng(0), 1e-6
    u, v = rng.normal(size=a.shape), rng.normal(size=b.shape)
    ahead, behind = program(a + h * u, b + h * v, 20), program(a - h * u, b - h * v, 20)
    np.testing.assert_allclose(np.sum(da * u) + np.sum(db * v), (ahead - behind) / (2 * h), rtol=1e-6)


def test_an_array_that_is_too_large_for_registers_is_seen() -> None:
    def program(x: Any, steps: int) -> Any:
        for t in range(steps):
            x = x + np.sin(t) * np.concatenate((x[1:], x[:1]))
        return x @ x

    llvm = gr.jit(program).inspect(np.ones(100), 100).compiled.llvm
    assert any(t.loads and t.stores for t in loops(llvm))


def _descent(w: Any, x: Any, y: Any, turns: int) -> Any:
    """Where only the run knows the number of turns, the matrix is left as it is."""
    for _ in range(turns):
        w = w - 0.001 * (x.T @ (x @ w - y))
    return w


def test_a_short_row_stays_in_registers_while_others_are_added_to_it() -> None:
    rng = np.random.default_rng(0)
    given = rng.normal(size=20), rng.normal(size=(200, 20)), rng.normal(size=200), 100
    program = gr.jit(_descent).inspect(*given)
    assert allocas(program.llvm) == 0
    np.testing.assert_allclose(gr.jit(_descent)(*given), _descent(*given), rtol=1e-12)
