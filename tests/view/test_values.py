"""Every value of a graph, held against what the interpreter returns."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir.graph import walk
from gradir.ir.interpreter import interpret
from gradir.ir.parser import parse
from gradir.ops import OPS
from gradir.view.values import evaluate_all

from tests.view.programs import FORK, LOOP, joint, numbers


def test_all_values_are_there_and_the_results_are_the_interpreters() -> None:
    _, adjoint = joint(LOOP, (0,))
    u = np.linspace(0.5, 2.0, 8)
    values = evaluate_all(adjoint.graph, [u])
    for value, result in zip(adjoint.graph.block.results, interpret(adjoint.graph, u), strict=True):
        np.testing.assert_array_equal(values[value], result)
    (loop, *_) = [node for node in adjoint.graph.block.nodes if node.op.name == "for"]
    branch = next(n for n in walk(loop.regions[0]) if n.op.name == "if")
    taken = {node for region in branch.regions for node in walk(region)}
    assert all(r in values for node in walk(loop.regions[0]) if node not in taken for r in node.results)


def test_gradients_are_by_primal_value() -> None:
    primal, adjoint = joint(FORK, (0, 1))
    _, gradients = numbers(adjoint, 3.0, 1.0)
    total, difference, product = (node.result for node in primal.block.nodes)
    x, y = primal.block.params
    assert [float(gradients[v]) for v in (x, y, total, difference, product)] == [6.0, -2.0, 2.0, 4.0, 1.0]


def test_a_failing_check_ends_the_run() -> None:
    text = """graph f(%0: i64[] "i") {
  %1: i64[] = check_index %0 {size=3, axis=0}
  return %1 "j"
}
"""
    with pytest.raises(IndexError, match="index 7 is out of bounds for axis 0 with size 3"):
        evaluate_all(parse(text, OPS), [np.int64(7)])
