"""Random well-typed graphs over the whole operation table, regions included, and arguments for them.

    @given(st.data())
    def test_pass(data):
        graph = data.draw(graphs(OPS))
        args = data.draw(arguments(graph))

Indices are always in range and checks always pass, so that every graph runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.operation import OpTable
from gradir.ir.types import DType
from hypothesis import strategies as st

from tests.ir.random_nodes import RECIPES
from tests.ir.random_steps import ALL_DTYPES, FLOATS, Draw, Steps, array_of, array_types

__all__ = ["FLOATS", "arguments", "array_types", "graphs"]


@st.composite
def graphs(
    draw: Draw,
    ops: OpTable,
    *,
    dtypes: Sequence[DType] = ALL_DTYPES,
    max_nodes: int = 10,
    depth: int = 2,
    only: Callable[[str], bool] = lambda name: True,
    scalar: bool = False,
) -> Graph:
    """Draw a graph.

    Parameters
    ----------
    ops
        The operation table.
    dtypes
        What inputs and constants are made of; other dtypes come from operations.
    max_nodes
        Steps in a block; a step may take several nodes.
    depth
        How deep regions nest; 0 for straight-line graphs.
    only
        Which operations steps may be made for; indices and the like may need others.
    scalar
        Whether the only output is an f64 scalar that depends on the floats of the last steps.
    """
    types = draw(st.lists(array_types(dtypes), min_size=1, max_size=3))
    params = [Value(t) for t in types]
    steps = Steps(draw, Builder(ops), params, tuple(dtypes), depth, only, RECIPES)
    steps.take(max_nodes)
    some = st.lists(st.sampled_from(steps.pool), min_size=1, max_size=3)
    results = [steps.total()] if scalar else draw(some)
    inputs = tuple(f"x{k}" for k in range(len(params)))
    return Graph("drawn", steps.b.block(params, results), inputs, tuple(f"y{k}" for k in range(len(results))))


@st.composite
def arguments(draw: Draw, graph: Graph, *, special: bool = True) -> tuple[np.ndarray, ...]:
    """Draw an argument for every input: moderate numbers, and NaN, infinity and zeros where `special`."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rate = draw(st.sampled_from([0.0, 0.3])) if special else 0.0
    return tuple(array_of(rng, p.array, rate) for p in graph.block.params)
