"""Passes keep the binding of a size in front of all that mentions it, once in every scope."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir.graph import Graph, walk
from gradir.ir.interpreter import interpret
from gradir.ir.parser import parse
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.adjoint import Seeds, adjoint, adjoint_with_residuals
from gradir.passes.canonicalize import canonicalize
from gradir.passes.dce import dce
from gradir.passes.licm import licm
from gradir.passes.pipeline import optimize
from gradir.passes.residuals import Carrier
from gradir.passes.split import split

TRIANGLE = """graph triangle[n1 <= 3](%0: f64[4, 4] "a") {
  %1: i64[] = constant 0
  %2: i64[] = constant 4
  %3: i64[] = constant 1
  %4: f64[] = constant 0.0
  %5: f64[] = for %6 in range(%1, %2, %3) carry (%7: f64[] = %4) {
    %8: i64[] = bind %6 {symbol=n1}
    %9: f64[n1] = index %0[%6, 0:+n1]
    %10: f64[n1] = sin %9
    %11: f64[n1] = index %0[0:+n1, %6]
    %12: f64[n1] = multiply %10, %11
    %13: f64[] = sum %12 {axes=[0]}
    %14: f64[] = multiply %7, %13
    %15: f64[] = add %14, %13
    yield %15
  }
  return %5 "y"
}
"""

BRANCHED = """graph branched[n1 <= 4](%0: f64[4] "x", %1: i64[] "k", %2: bool[] "p") {
  %3: f64[] = if %2 {
    %4: i64[] = bind %1 {symbol=n1}
    %5: f64[n1] = index %0[0:+n1]
    %6: f64[n1] = exp %5
    %7: f64[n1] = multiply %6, %5
    %8: f64[] = sum %7 {axes=[0]}
    yield %8
  } else {
    %9: f64[] = sum %0 {axes=[0]}
    yield %9
  }
  return %3 "y"
}
"""


def graph_of(text: str) -> Graph:
    graph = parse(text, OPS)
    verify(graph)
    return graph


def binds(graph: Graph) -> int:
    return sum(node.op.name == "bind" for node in walk(graph.block))


def test_a_binding_lives_while_its_symbol_is_mentioned() -> None:
    graph = graph_of(TRIANGLE)
    assert binds(dce(graph)) == 1
    unused = TRIANGLE.replace("yield %15", "yield %7")
    assert binds(dce(graph_of(unused))) == 0


def test_what_mentions_a_size_of_an_iteration_stays_in_the_loop() -> None:
    invariant = """    %16: f64[n1] = broadcast %4 {shape=[n1], axes=[]}
    %17: f64[] = sum %16 {axes=[0]}
    %18: f64[] = add %15, %17
    yield %18"""
    graph = licm(graph_of(TRIANGLE.replace("    yield %15", invariant)))
    verify(graph)
    assert [node.op.name for node in graph.block.nodes].count("sum") == 0


@pytest.mark.parametrize("text", [TRIANGLE.replace("constant 4", "constant 1"), BRANCHED])
def test_a_block_that_binds_is_not_merged_with_the_one_around(text: str) -> None:
    """The reverse of the block binds the same symbol."""
    if text == BRANCHED:
        text = text.replace(', %2: bool[] "p") {', ") {\n  %2: bool[] = constant true")
    graph = canonicalize(graph_of(text))
    verify(graph)
    assert len([n for n in graph.block.nodes if n.regions]) == 1


@pytest.mark.parametrize("text", [TRIANGLE, BRANCHED])
@pytest.mark.parametrize("k", [0, 1, 3])
def test_gradients_match_differences(text: str, k: int) -> None:
    graph = graph_of(text)
    rng = np.random.default_rng(k)
    x = rng.normal(size=(4, 4) if text == TRIANGLE else 4)
    rest = () if text == TRIANGLE else (np.int64(k), np.bool_(True))
    joint = adjoint(graph, [0])
    verify(joint)
    direction = rng.normal(size=x.shape)
    ahead, behind = (interpret(graph, x + s * direction, *rest)[0] for s in (1e-6, -1e-6))
    slope = (ahead - behind) / 2e-6
    for g in (joint, optimize(joint, after=lambda p, h: verify(h))):
        _, gradient = interpret(g, x, *rest)
        assert abs(np.sum(gradient * direction) - slope) < 1e-6


def test_the_reverse_binds_the_size_again() -> None:
    joint = adjoint(graph_of(TRIANGLE), [0])
    forward, backward = (n for n in joint.block.nodes if n.op.name == "for")
    for loop in (forward, backward):
        assert [n.op.name for n in loop.regions[0].nodes].count("bind") == 1
    residuals = adjoint_with_residuals(graph_of(TRIANGLE), [0]).residuals
    saved = [str(r.value.type) for r in residuals if r.carrier is Carrier.STACK]
    assert saved.count("f64[n1]") == 1  # the sine; the rows and columns are read again


def test_a_branch_outside_of_loops_saves_sized_arrays_on_a_stack() -> None:
    joint = adjoint(graph_of(BRANCHED), [0])
    verify(joint)
    assert "stack<f64[n1]>" in str(joint)


def test_sized_arrays_do_not_pass_between_the_halves_of_a_joint_graph() -> None:
    text = """graph f[n1 <= 4](%0: f64[4] "x", %1: i64[] "k") {
  %2: i64[] = bind %1 {symbol=n1}
  %3: f64[n1] = index %0[0:+n1]
  %4: f64[n1] = exp %3
  %5: f64[] = sum %4 {axes=[0]}
  return %5 "y"
}
"""
    graph = graph_of(text)
    joint = adjoint(graph, [0], seeds=Seeds.INPUTS)
    forward, backward = split(joint, graph)
    verify(forward)
    verify(backward)
    x = np.arange(4.0)
    results = interpret(forward, x, 3)
    (gradient,) = interpret(backward, *results[1:], 2.0)
    np.testing.assert_allclose(gradient, 2 * np.exp(x) * (np.arange(4) < 3))
