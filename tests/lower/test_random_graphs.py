"""Compiled code computes what the interpreter does, on random graphs with loops, branches and writes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gradir.donation import donated_outputs
from gradir.ir.interpreter import interpret
from gradir.ir.types import DType
from gradir.ir.verifier import verify
from gradir.lower.lower import lower
from gradir.runtime import host
from gradir.runtime.compile import compile_graph

from tests.fuzz.large import small_as_large

from .random_graphs import RandomGraph
from .row_graphs import RowGraph


def _compare(seed: int, dtype: DType, tolerance: float) -> None:
    made = RandomGraph(seed, dtype)
    graph = made.graph()
    verify(graph)
    args = made.arguments(graph)
    saved = [np.array(a) for a in args]
    compiled = compile_graph(graph)
    with np.errstate(all="ignore"):
        expected = interpret(graph, *args)
    for _ in range(2):  # the second run finds the first one's workspace
        for got, want in zip(compiled(*args), expected, strict=True):
            np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
    for now, before in zip(args, saved, strict=True):
        np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize("seed", range(200, 260))
def test_outputs_in_the_memory_of_inputs(seed: int) -> None:
    made = RandomGraph(seed)
    graph = made.graph()
    args = made.arguments(graph)
    with np.errstate(all="ignore"):
        expected = interpret(graph, *args)
    pairs: dict[int, int] = {}
    for k, value in enumerate(graph.block.params):
        for output, result in enumerate(graph.block.results):
            if value.shape and value.type == result.type and output not in pairs.values():
                pairs[k] = output
                break
    compiled = compile_graph(graph, pairs)
    for _ in range(3):  # in Python first, then by the entry
        given = [np.array(a) for a in args]
        got = compiled(*given)
        for x, want in zip(got, expected, strict=True):
            np.testing.assert_allclose(x, want, rtol=1e-8, atol=1e-8)
        for k, x in enumerate(given):
            output = compiled.kernels.donated.get(k)
            if output is None:
                np.testing.assert_array_equal(x, args[k])
            else:
                assert got[output] is x


@pytest.mark.filterwarnings("ignore:.*is donated, but no result")
@pytest.mark.parametrize("seed", range(400, 430))
def test_all_that_is_done_to_large_programs_at_once(seed: int) -> None:
    """Bands, tiles, chunks for threads, renewal, exchanges, several functions, and inputs given away."""
    made = RandomGraph(seed)
    graph = made.graph()
    args = made.arguments(graph)
    with np.errstate(all="ignore"):
        expected = interpret(graph, *args)
    arrays = [k for k, v in enumerate(graph.block.params) if v.shape]
    outputs = [v.array for v in graph.block.results]
    pairs = donated_outputs([arrays], graph, outputs, {k: k for k in arrays}, {})
    target = replace(host.target(), most_lines=60, most_optimised=200)
    with small_as_large():
        compiled = compile_graph(graph, pairs, target=target)
        for _ in range(2):
            for x, want in zip(compiled(*[np.array(a) for a in args]), expected, strict=True):
                np.testing.assert_allclose(x, want, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(
    ("seed", "size"), [*((k, 14) for k in range(30)), *((60_200 + k, 3) for k in range(60))]
)
def test_nests_over_rows_take_the_memory_of_what_they_read(seed: int, size: int) -> None:
    made = RowGraph(seed)
    graph = made.graph(size)
    verify(graph)
    args = made.arguments(graph)
    with np.errstate(all="ignore"):
        expected = interpret(graph, *args)
    with small_as_large():
        compiled = compile_graph(graph, target=replace(host.target(), most_optimised=0))
        for _ in range(2):
            for x, want in zip(compiled(*args), expected, strict=True):
                np.testing.assert_allclose(x, want, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("seed", range(40))
def test_float64(seed: int) -> None:
    _compare(seed, DType.F64, 1e-8)


@pytest.mark.parametrize("seed", range(100, 110))
def test_float32(seed: int) -> None:
    _compare(seed, DType.F32, 2e-3)


def test_lowering_is_deterministic() -> None:
    graph = RandomGraph(7).graph()
    assert str(lower(graph)) == str(lower(graph))
