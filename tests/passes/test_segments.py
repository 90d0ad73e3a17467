"""Loops cut into segments: which are, what they save then, and that gradients stay what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import Graph, walk
from gradir.ir.interpreter import interpret
from gradir.ir.types import DType
from gradir.ir.verifier import verify
from gradir.passes.adjoint import adjoint
from gradir.passes.pipeline import optimize
from gradir.runtime.compile import compile_graph

X = np.sin(np.linspace(0.0, 9.0, 6000)) + 1.0


def heat(rate, start):
    u = start.copy()
    for _ in range(120):
        u[1:-1] += rate * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def with_a_rest(rate, start):
    u = start.copy()
    for _ in range(127):  # a prime number of turns
        u[1:-1] += rate * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u**2)


def by_the_turn(rate, start):
    u = start.copy()
    for t in range(240, -3, -2):
        u = u - (t * 1e-5) * rate * u * u
    return np.sum(u**3)


def two_arrays(rate, start):
    u, v = start.copy(), np.zeros_like(start)
    for _ in range(120):
        v = 0.9 * v + 0.1 * (u * u * u - u)
        u = u - rate * v
    return np.sum(u * v + np.arange(6000) * u)


def around(rate, start):
    weights, u = start * start, start.copy()
    for _ in range(120):
        u = u - rate * u * u * weights
    return np.sum(u)


def numbers_too(rate, start):
    u, total, count = start.copy(), 0.0, 0
    for _ in range(120):
        u = u - rate * u * u
        total += np.sin(u[3])
        count += 1
    return total * count


def unused(rate, start):
    u, v = start.copy(), start.copy()
    for _ in range(120):
        u = u - rate * u * u
        v = v * v * 0.1
    return np.sum(u)


CUT = [heat, with_a_rest, by_the_turn, two_arrays, around, numbers_too, unused]


def short(rate, start):
    u = start.copy()
    for _ in range(20):
        u = u - rate * u * u
    return np.sum(u)


def costly(rate, start):
    u = start.copy()
    for _ in range(120):
        u = u - rate * np.exp(-u)
    return np.sum(u)


def nested(rate, start):
    u = start.copy()
    for _ in range(120):
        for _ in range(3):
            u = u - rate * u * u
    return np.sum(u)


def checked(rate, start):
    u = start.copy()
    k = int(np.argmax(start))
    for t in range(120):
        u = u - rate * u * u * start[(k + t) % 6000]
    return np.sum(u)


def out_of_any_cache(rate, start):
    u = np.concatenate([start] * 60)
    for _ in range(120):
        u = u - rate * u * u
    return np.sum(u)


WHOLE = [short, costly, nested, checked, out_of_any_cache]


def joints(fun: Callable[..., Any], dtype: Any = np.float64) -> tuple[Graph, Graph]:
    """The joint graph with its loops cut where that pays, and with its loops whole."""
    graph = gr.trace(fun)(dtype(0.01), X.astype(dtype))
    return optimize(adjoint(graph, [0, 1])), optimize(adjoint(graph, [0, 1], cut=False))


def rooms(graph: Graph) -> dict[str, int]:
    """The stacks made anywhere in a graph, and how many elements they are made for."""
    constants = [n for n in walk(graph.block) if n.op.name == "constant" and n.result.dtype is DType.I64]
    number = {n.result: int(n.attrs["value"].array) for n in constants}
    return {str(n.result.type): number[n.operands[0]] for n in walk(graph.block) if n.op.name == "stack_new"}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("fun", CUT)
def test_gradients_of_segments_are_those_of_the_loop(fun: Callable[..., Any], dtype: Any) -> None:
    cut, whole = joints(fun, dtype)
    verify(cut)
    args = dtype(0.01), X.astype(dtype)
    expected = interpret(whole, *args)
    tolerance = 1e-12 if dtype is np.float64 else 2e-4
    for found in (interpret(cut, *args), compile_graph(cut)(*args)):
        for ct, exact in zip(found, expected, strict=True):
            np.testing.assert_allclose(ct, exact, rtol=tolerance, atol=tolerance * np.max(np.abs(exact)))


@pytest.mark.parametrize("fun", CUT)
def test_a_loop_that_is_cut_saves_what_it_carries(fun: Callable[..., Any]) -> None:
    cut, whole = joints(fun)
    assert rooms(cut) != rooms(whole)


@pytest.mark.parametrize("fun", WHOLE)
def test_other_loops_stay_whole(fun: Callable[..., Any]) -> None:
    cut, whole = joints(fun)
    assert str(cut) == str(whole)


def test_memory_is_that_of_the_states_and_of_one_segment() -> None:
    cut, whole = joints(heat)
    assert rooms(whole) == {"stack<f64[5998]>": 120}
    assert rooms(cut) == {"stack<f64[6000]>": 10, "stack<f64[5998]>": 12}


@pytest.mark.parametrize("fun", [around, with_a_rest])
def test_second_derivatives_through_segments(fun: Callable[..., Any]) -> None:
    slope = gr.grad(lambda rate: gr.grad(fun)(rate, X))
    first = gr.grad(fun)
    step = 1e-6
    expected = (first(0.01 + step, X) - first(0.01 - step, X)) / (2 * step)
    np.testing.assert_allclose(slope(0.01), expected, rtol=1e-6)


def test_pullbacks_through_segments() -> None:
    value, pullback = gr.vjp(heat, 0.01, X)
    expected, (by_rate, by_start) = gr.value_and_grad(heat, argnums=(0, 1))(0.01, X)
    assert value == expected
    np.testing.assert_allclose(pullback(1.0)[0], by_rate, rtol=1e-12)
    np.testing.assert_allclose(pullback(1.0)[1], by_start, rtol=1e-12)


def test_segments_in_a_compiled_training_loop() -> None:
    def train(rate, start):
        for _ in range(3):
            rate = rate - 1e-6 * gr.grad(heat)(rate, start)
        return rate

    rate = 0.01
    for _ in range(3):
        rate -= 1e-6 * gr.grad(heat)(rate, X)
    np.testing.assert_allclose(gr.jit(train)(0.01, X), rate, rtol=1e-12)
