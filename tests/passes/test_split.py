"""The joint graph cut in two: both halves together compute what it did, and little passes between them."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir.graph import Graph, walk
from gradir.ir.interpreter import interpret
from gradir.ir.verifier import verify
from gradir.passes.adjoint import Seeds, adjoint
from gradir.passes.pipeline import optimize
from gradir.passes.split import split

from .for_programs import WHOLE_ARRAYS
from .programs import PROGRAMS, Program, graph_of


def halves(text: str) -> tuple[Graph, Graph]:
    graph = graph_of(text)
    return split(optimize(adjoint(graph, (0,), seeds=Seeds.INPUTS)), graph)


def names(graph: Graph) -> list[str]:
    return [node.op.name for node in walk(graph.block)]


@pytest.mark.parametrize("optimized", [False, True])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
def test_both_halves_compute_what_the_whole_does(program: Program, optimized: bool) -> None:
    joint = adjoint(program.graph, program.wrt, seeds=Seeds.INPUTS)
    verify(joint)
    forward, backward = split(optimize(joint) if optimized else joint, program.graph)
    verify(forward)
    verify(backward)
    assert not {"push", "pop", "stack_new"} & set(names(forward))
    value, *residuals = interpret(forward, *program.args)
    gradients = interpret(backward, *residuals, 2.5)
    for given, wanted in zip((value, *gradients), interpret(joint, *program.args, 2.5), strict=True):
        np.testing.assert_array_equal(given, wanted)


def test_labels() -> None:
    forward, backward = halves(WHOLE_ARRAYS)
    assert forward.inputs == ("x", "W")
    assert forward.outputs == ("o", *(f"residual {k}" for k in range(len(forward.outputs) - 1)))
    assert backward.inputs == (*forward.outputs[1:], "ct o")
    assert backward.outputs == ("d x",)


def test_a_value_passes_once_and_what_is_made_of_it_does_not() -> None:
    forward, backward = halves("""
    graph f(%x: f64[3] "x", %y: f64[] "y") {
      %b: f64[3] = broadcast %y {shape=[3], axes=[]}
      %m: f64[3] = multiply %x, %b
      %e: f64[3] = exp %m
      %q: f64[3, 1] = reshape %e {shape=[3, 1]}
      %s: f64[3, 1] = square %q
      %t: f64[] = sum %s {axes=[0, 1]}
      return %t "t"
    }""")
    assert [str(p.type) for p in backward.block.params] == ["f64[]", "f64[3]", "f64[]"]
    assert names(forward).count("exp") == 1
    assert "exp" not in names(backward)


def test_an_input_that_is_needed_passes() -> None:
    forward, backward = halves("""
    graph f(%x: f64[3] "x") {
      %s: f64[3] = sin %x
      return %s "s"
    }""")
    assert forward.block.results[1:] == forward.block.params
    assert names(backward) == ["cos", "strong_multiply"]


def test_what_needs_nothing_passes_nothing() -> None:
    forward, backward = halves("""
    graph f(%x: f64[3] "x") {
      %s: f64[] = sum %x {axes=[0]}
      return %s "s"
    }""")
    assert forward.outputs == ("s",)
    assert backward.inputs == ("ct s",)
