"""Reverse mode of straight-line graphs: golden IR, activity, seeds, strong zeros and long chains."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Block, Graph, Origin, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import F64
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.adjoint import Seeds, adjoint, adjoint_with_residuals
from gradir.passes.pipeline import optimize
from gradir.passes.residuals import Carrier

from .differences import check_gradients, directional
from .programs import graph_of

Golden = Callable[[str, str], None]

FORK = """
graph fork(%x: f64[] "x", %y: f64[] "y") {
  %a: f64[] = add %x, %y  # fork.py:2
  %b: f64[] = subtract %x, %y  # fork.py:3
  %c: f64[] = multiply %a, %b  # fork.py:4
  return %c "value"
}
"""
FOUR_INPUTS = """
graph four_inputs(%a: f64[] "a", %b: f64[] "b", %c: f64[] "c", %f: f64[] "f") {
  %e: f64[] = multiply %a, %b  # steps.py:2
  %d: f64[] = add %e, %c  # steps.py:3
  %l: f64[] = multiply %d, %f  # steps.py:4
  return %l "L"
}
"""
NEURON = """
graph neuron(%w: f64[] "w", %b: f64[] "b", %x: f64[] "x", %y: f64[] "y") {
  %wx: f64[] = multiply %w, %x  # neuron.py:2
  %u: f64[] = add %wx, %b  # neuron.py:2
  %h: f64[] = expit %u  # neuron.py:3
  %e: f64[] = subtract %h, %y  # neuron.py:4
  %s: f64[] = square %e  # neuron.py:4
  %half: f64[] = constant 0.5
  %l: f64[] = multiply %half, %s  # neuron.py:4
  return %l "L"
}
"""


def of_one(build: Callable[[Builder, Value], Value]) -> Graph:
    """The graph of a scalar function of one scalar."""
    b, x = Builder(OPS), Value(F64)
    result = build(b, x)
    return Graph("f", b.block((x,), (result,)), ("x",), ("y",))


@pytest.mark.parametrize(
    ("text", "wrt"),
    [(FORK, (0, 1)), (FOUR_INPUTS, (0, 1, 2, 3)), (NEURON, (0, 1))],
    ids=["fork", "four", "neuron"],
)
def test_golden(text: str, wrt: tuple[int, ...], golden: Golden) -> None:
    joint = adjoint(graph_of(text), wrt)
    verify(joint)
    name = joint.name
    golden(f"{name}.txt", f"{joint}\n{optimize(joint, after=lambda _, g: verify(g))}")


def test_a_fork_adds() -> None:
    joint = adjoint(graph_of(FORK), (0, 1))
    assert interpret(joint, 3.0, 1.0) == (8.0, 6.0, -2.0)
    sums = [n for n in joint.block.nodes if n.origin is Origin.SUM]
    assert [n.op.name for n in sums] == ["add", "add"]
    assert [n.result for n in sums] == list(joint.block.results[1:])


def test_four_inputs_step_by_step() -> None:
    result = adjoint_with_residuals(graph_of(FOUR_INPUTS), (0, 1, 2, 3))
    assert interpret(result.graph, 2.0, 3.0, -10.0, 5.0) == (-20.0, 15.0, 10.0, 5.0, -4.0)
    # The cotangent of every value on the way can be looked up: dL/de and dL/dd are 5.
    steps = result.graph.block.nodes[:2]
    block = result.graph.block
    cotangents = tuple(result.cotangents[n.result] for n in steps)
    inner = Graph("inner", Block(block.params, block.nodes, cotangents), result.graph.inputs, ("e", "d"))
    assert interpret(inner, 2.0, 3.0, -10.0, 5.0) == (5.0, 5.0)


def test_a_shared_cotangent_is_computed_once() -> None:
    joint = optimize(adjoint(graph_of(NEURON), (0, 1)))
    d_w, d_b = joint.block.results[1:]
    (product,) = (n for n in joint.block.nodes if d_w in n.results)
    assert product.operands[0] is d_b


def test_primal_nodes_come_first_and_stay() -> None:
    graph = graph_of(NEURON)
    joint = adjoint(graph, (0,))
    assert joint.block.nodes[: len(graph.block.nodes)] == graph.block.nodes
    assert all(n.origin is not Origin.PRIMAL for n in joint.block.nodes[len(graph.block.nodes) :])
    assert {n.loc.line for n in joint.block.nodes if n.loc} == {2, 3, 4}


def test_inactive_inputs_get_zeros() -> None:
    text = """
    graph f(%x: f64[] "x", %y: f64[2] "y") {
      %s: f64[] = stop_gradient %x
      %i: i64[] = convert %x {dtype=i64}
      %j: f64[] = convert %i {dtype=f64}
      %k: f64[] = floor %x
      %a: f64[] = multiply %s, %j
      %b: f64[] = multiply %a, %k
      return %b "value"
    }"""
    joint = adjoint(graph_of(text), (0, 1))
    _, d_x, d_y = interpret(joint, 2.5, np.ones(2))
    assert d_x == 0.0
    np.testing.assert_array_equal(d_y, np.zeros(2))
    assert {n.op.name for n in joint.block.nodes[6:]} == {"constant", "broadcast"}


def test_nothing_is_computed_for_inputs_that_are_not_asked_for() -> None:
    joint = adjoint(graph_of(FOUR_INPUTS), (2,))
    assert [n.op.name for n in joint.block.nodes[3:]] == ["constant", "strong_multiply"]


def test_an_output_that_is_an_input() -> None:
    graph = graph_of('graph f(%x: f64[] "x") {\n return %x "y", %x "z"\n}')
    assert interpret(adjoint(graph, (0,)), 2.0) == (2.0, 2.0, 1.0)
    joint = adjoint(graph, (0,), seeds=Seeds.INPUTS)
    assert joint.inputs == ("x", "ct y", "ct z")
    assert interpret(joint, 2.0, 3.0, 4.0) == (2.0, 2.0, 7.0)


def test_seeds_as_inputs_skip_outputs_without_derivative() -> None:
    text = """
    graph f(%x: f64[2] "x") {
      %p: bool[2] = isnan %x
      %s: f64[2] = sin %x
      %t: f64[] = sum %s {axes=[0]}
      return %s "s", %p "p", %t "t"
    }"""
    joint = adjoint(graph_of(text), (0,), seeds=Seeds.INPUTS)
    verify(joint)
    assert joint.inputs == ("x", "ct s", "ct t")
    assert joint.outputs == ("s", "p", "t", "d x")
    x, ct = np.array([0.3, 0.4]), np.array([2.0, 5.0])
    np.testing.assert_allclose(interpret(joint, x, ct, 3.0)[-1], (ct + 3) * np.cos(x))


def test_other_outputs_are_not_differentiated() -> None:
    text = """
    graph f(%x: f64[] "x") {
      %s: f64[] = sin %x
      %e: f64[] = exp %x
      return %s "s", %e "aux"
    }"""
    joint = adjoint(graph_of(text), (0,))
    assert joint.outputs == ("s", "aux", "d x")
    np.testing.assert_allclose(interpret(joint, 0.3)[-1], np.cos(0.3))


GUARDED = """
graph guarded(%x: f64[3] "x") {
  %zero: f64[] = constant 0.0
  %zeros: f64[3] = broadcast %zero {shape=[3], axes=[]}
  %p: bool[3] = greater %x, %zeros
  %r: f64[3] = sqrt %x
  %w: f64[3] = where %p, %r, %zeros
  %s: f64[] = sum %w {axes=[0]}
  return %s "value"
}
"""


@pytest.mark.parametrize("run", [lambda g: g, optimize], ids=["plain", "optimized"])
def test_strong_zeros_to_second_order(run: Callable[[Graph], Graph]) -> None:
    graph = run(graph_of(GUARDED))
    x = np.array([4.0, 0.0, -1.0])
    np.testing.assert_array_equal(interpret(run(adjoint(graph, (0,))), x)[1], [0.25, 0.0, 0.0])
    slope = run(directional(graph, (0,)))
    second = interpret(run(adjoint(slope, (0,))), x)[1]
    assert second[0] != 0
    np.testing.assert_array_equal(second[1:], [0.0, 0.0])


def test_reads_accumulate_in_place() -> None:
    text = """
    graph f(%x: f64[3] "x") {
      %a: f64[] = index %x[0]
      %b: f64[] = index %x[2]
      %c: f64[] = multiply %a, %b
      return %c "value"
    }"""
    joint = adjoint(graph_of(text), (0,))
    verify(joint)
    into = [n for n in joint.block.nodes if n.op.name == "accumulate"]
    assert [n.origin for n in into] == [Origin.BACKWARD, Origin.SUM]
    np.testing.assert_array_equal(interpret(joint, np.array([2.0, 7.0, 3.0]))[1], [3.0, 0.0, 2.0])


def test_residuals_of_a_straight_line() -> None:
    result = adjoint_with_residuals(graph_of(NEURON), (0, 1))
    kept = {r.value for r in result.residuals}
    assert {r.carrier for r in result.residuals} == {Carrier.KEPT}
    names = {n.op.name for n in result.graph.block.nodes if kept.intersection(n.results)}
    assert names == {"subtract", "expit", "constant"}
    lines = [str(r) for r in result.residuals]
    assert "f64[] of line 4: kept, for multiply (line 4)" in lines


@pytest.mark.parametrize(
    ("text", "wrt", "message"),
    [
        (
            'graph f(%x: i64[] "n") {\n return %x "y"\n}',
            (0,),
            "input 'n' is i64[]: only floats have gradients",
        ),
        (
            'graph f(%x: f64[2] "x") {\n return %x "y"\n}',
            (0,),
            "the first output is f64[2]: only a real scalar",
        ),
        (
            'graph f(%x: f64[] "x") {\n %p: bool[] = isnan %x\n return %p "y"\n}',
            (0,),
            "first output is bool[]",
        ),
    ],
)
def test_refusals(text: str, wrt: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        adjoint(graph_of(text), wrt)


def test_second_order_of_a_straight_line() -> None:
    slope = directional(graph_of(NEURON), (0, 1, 2))
    joint = adjoint(slope, (0, 1, 2))
    check_gradients(slope, joint, (0.3, 0.4, 0.5, 0.6), (0, 1, 2))


def chain(length: int) -> Graph:
    def build(b: Builder, x: Value) -> Value:
        y = x
        for k in range(length):
            y = b.sin(y) if k % 2 else b.add(y, x)
        return y

    return of_one(build)


def test_a_chain_of_40000_operations() -> None:
    """Nothing recurses, and time grows with the length, not with its square."""
    seconds = []
    for length in (5_000, 40_000):
        graph = chain(length)
        start = time.process_time()
        joint = optimize(adjoint(graph, (0,)))
        seconds.append(time.process_time() - start)
    assert len(joint.block.nodes) > 60_000
    assert seconds[1] < 24 * seconds[0]
    value: Any = interpret(joint, 0.5)[1]
    assert np.isfinite(value)
