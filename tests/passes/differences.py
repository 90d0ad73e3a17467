"""What gradients are compared with: central differences of interpreted graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gradir.ir.builder import Builder
from gradir.ir.graph import Block, Graph, Value
from gradir.ir.interpreter import interpret
from gradir.ops import OPS
from gradir.passes.adjoint import adjoint
from gradir.passes.inline import inline


def central(f: Callable[..., Any], args: Sequence[Any], k: int, step: float = 1e-5) -> Any:
    """The derivative of a real scalar function by argument `k`: Richardson's of two central differences."""
    x = np.asarray(args[k], float)
    result = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        slopes = []
        for h in (step, 2 * step):
            values = []
            for sign in (1, -1):
                moved = x.copy()
                moved[place] += sign * h
                values.append(float(f(*args[:k], moved, *args[k + 1 :])))
            slopes.append((values[0] - values[1]) / (2 * h))
        result[place] = (4 * slopes[0] - slopes[1]) / 3
    return result


def check_gradients(graph: Graph, joint: Graph, args: Sequence[Any], wrt: Sequence[int]) -> None:
    """Compare what `joint` computes at `args` with the primal, and with its central differences."""
    results = interpret(joint, *args)
    expected = interpret(graph, *args)
    for given, wanted in zip(results, expected, strict=False):
        np.testing.assert_array_equal(given, wanted)
    for k, gradient in zip(wrt, results[len(expected) :], strict=True):
        numeric = central(lambda *a: interpret(graph, *a)[0], args, k)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8)


def directional(graph: Graph, wrt: Sequence[int]) -> Graph:
    """The derivative of the first output along a fixed direction, built with `adjoint`: a real scalar."""
    joint = adjoint(graph, wrt)
    b = Builder(OPS)
    params = [Value(p.type) for p in joint.block.params]
    results = inline(b, joint, params)
    total = b.zeros(results[0].array)
    rng = np.random.default_rng(3)
    for gradient in results[len(graph.outputs) :]:
        direction = b.literal(rng.uniform(0.5, 1.5, gradient.shape))
        product = b.multiply(gradient, direction)
        total = b.add(total, b.sum(product, axes=tuple(range(product.array.rank))))
    return Graph(f"d_{graph.name}", Block(tuple(params), tuple(b.nodes), (total,)), graph.inputs, ("slope",))


def slope_along(graph: Graph, args: Sequence[Any], directions: Sequence[Any], step: float) -> float:
    """The central difference of the first output along `directions`."""
    there, back = (
        interpret(graph, *(a + sign * step * d for a, d in zip(args, directions, strict=True)))[0]
        for sign in (1, -1)
    )
    with np.errstate(all="ignore"):
        return float(there - back) / (2 * step)
