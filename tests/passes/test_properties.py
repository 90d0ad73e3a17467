"""Passes on generated graphs: what a graph computes stays, and gradients match finite differences."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from gradir.ir.graph import Graph
from gradir.ir.interpreter import interpret
from gradir.ir.types import DType
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.adjoint import Seeds, adjoint
from gradir.passes.canonicalize import canonicalize
from gradir.passes.cse import cse
from gradir.passes.dce import dce
from gradir.passes.licm import licm
from gradir.passes.pipeline import Pass, optimize
from gradir.passes.ranges import ranges
from gradir.passes.split import split
from gradir.passes.sum_order import sum_order
from gradir.view.values import evaluate_all
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from tests.ir.strategies import FLOATS, arguments, graphs

from .differences import directional, slope_along

PASSES = [canonicalize, cse, dce, licm, ranges, sum_order, optimize]
EXAMPLES = int(os.environ.get("EXAMPLES", 30))
# A slope by finite differences does not show what happens at a jump.
JUMPS = {
    *("floor", "ceil", "rint", "trunc", "sign", "floor_divide", "remainder", "copysign"),
    *("argmax", "argmin", "convert", "stop_gradient"),
}
SMOOTH: dict[str, Any] = {"dtypes": (DType.F64,), "scalar": True, "only": lambda name: name not in JUMPS}


def same(before: Sequence[Any], after: Sequence[Any]) -> None:
    """Equal to the bit, but for the sign of zeros and what a NaN carries."""
    for x, y in zip(before, after, strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)


@settings(max_examples=EXAMPLES)
@pytest.mark.parametrize("run", PASSES, ids=lambda p: p.__name__)
@given(data=st.data())
def test_a_pass_keeps_what_a_graph_computes(run: Pass, data: st.DataObject) -> None:
    graph = data.draw(graphs(OPS, max_nodes=14))
    args = data.draw(arguments(graph))
    after = run(graph)
    verify(after)
    same(interpret(graph, *args), interpret(after, *args))


@settings(max_examples=EXAMPLES)
@pytest.mark.parametrize("run", PASSES, ids=lambda p: p.__name__)
@given(data=st.data())
def test_a_pass_keeps_what_a_joint_graph_computes(run: Pass, data: st.DataObject) -> None:
    graph = data.draw(graphs(OPS, dtypes=FLOATS, scalar=True))
    args = data.draw(arguments(graph))
    joint = adjoint(graph, range(len(graph.inputs)))
    verify(joint)
    after = run(joint)
    verify(after)
    before = interpret(joint, *args)
    same(interpret(graph, *args), before[:1])
    same(before, interpret(after, *args))


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_nodes_that_tell_nothing_are_those_that_no_rule_changes(data: st.DataObject) -> None:
    graph = data.draw(graphs(OPS, dtypes=FLOATS, scalar=True))
    joint = adjoint(graph, range(len(graph.inputs)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gradir.passes.canonicalize.FLOAT_ARITHMETIC", frozenset())
        asked = canonicalize(joint)
    assert canonicalize(joint) == asked


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_dead_code_leaves_nothing_for_a_second_time(data: st.DataObject) -> None:
    graph = data.draw(graphs(OPS, max_nodes=14))
    alive = dce(graph)
    assert dce(alive) is alive


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_gradients_match_finite_differences(data: st.DataObject) -> None:
    graph = data.draw(graphs(OPS, **SMOOTH))
    args = data.draw(arguments(graph, special=False))
    compare_slopes(graph, args)


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_second_derivatives_match_finite_differences(data: st.DataObject) -> None:
    graph = data.draw(graphs(OPS, max_nodes=6, **SMOOTH))
    args = data.draw(arguments(graph, special=False))
    assume(np.isfinite(interpret(graph, *args)[0]))
    slope = directional(graph, range(len(graph.inputs)))
    verify(slope)
    compare_slopes(slope, args)


def is_singular(joint: Graph, args: Sequence[Any]) -> bool:
    """Tell whether a local derivative is infinite, as of a square root at 0: there the rule of the chain
    need not give the slope of the whole."""
    numbers = (x for x in evaluate_all(joint, args).values() if isinstance(x, np.ndarray | np.generic))
    return any(np.isinf(x).any() for x in numbers)


def compare_slopes(graph: Graph, args: Sequence[Any]) -> None:
    """Compare the derivative along one direction with central differences, where those are any good."""
    note(f"{graph}\n{args}")
    wrt = range(len(args))
    joint = adjoint(graph, wrt)
    verify(joint)
    rng = np.random.default_rng(5)
    directions = [rng.normal(size=np.shape(a)) for a in args]
    value, *gradients = interpret(joint, *args)
    assume(not is_singular(joint, args))
    exact = sum(float(np.sum(g * d)) for g, d in zip(gradients, directions, strict=True))
    slopes = [slope_along(graph, args, directions, step) for step in (1e-4, 1e-5, 1e-6)]
    size = max(1.0, abs(float(value)), *map(abs, slopes))
    assume(np.isfinite([value, *slopes]).all() and np.ptp(slopes) < 1e-4 * size and size < 1e4)
    assert abs(exact - slopes[1]) < 1e-3 * size


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_both_halves_of_a_joint_graph_together(data: st.DataObject) -> None:
    graph = data.draw(graphs(OPS, dtypes=FLOATS))
    args = data.draw(arguments(graph))
    joint = adjoint(graph, range(len(graph.inputs)), seeds=Seeds.INPUTS)
    verify(joint)
    forward, backward = split(joint, graph)
    verify(forward)
    verify(backward)
    cts = data.draw(arguments(joint))[len(args) :]
    results = interpret(forward, *args)
    count = len(graph.outputs)
    halves = (*results[:count], *interpret(backward, *results[count:], *cts))
    same(interpret(joint, *args, *cts), halves)
