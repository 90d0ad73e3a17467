"""Four inputs, forward then backward, a node at a time: worked example 2."""

from __future__ import annotations

from examples import step_by_step
from examples.step_by_step import INPUTS

VALUES = {"e": 6.0, "d": -4.0, "L": -20.0}
DERIVATIVES = {"L": 1.0, "d": 5.0, "f": -4.0, "e": 5.0, "c": 5.0, "a": 15.0, "b": 10.0}


def test_the_steps_by_hand() -> None:
    assert step_by_step.by_hand(**INPUTS) == (VALUES, DERIVATIVES)


def test_the_compiled_gradient() -> None:
    assert step_by_step.gradient(**INPUTS) == (15.0, 10.0, 5.0, -4.0)


def test_the_derivatives_of_values_on_the_way() -> None:
    program = step_by_step.gradient.inspect(**INPUTS)
    e, d, L = (node.result for node in program.primal.block.nodes)
    source = program.diagram("primal", values=True).source
    assert set(program.cotangents) == {*program.primal.block.params, e, d, L}
    assert source.count("gradient 5<") == 3  # of d, e and c


def test_each_node_is_told_with_what_it_computes() -> None:
    adjoint = step_by_step.gradient.inspect(**INPUTS).adjoint
    lines = step_by_step.narrate(adjoint, *INPUTS.values())
    told = [(line.split()[0], float(line.split("->")[1])) for line in lines]
    assert told[:3] == [("forward", 6.0), ("forward", -4.0), ("forward", -20.0)]
    assert all(way == "backward" for way, _ in told[3:])
    # 1 is dL/dL, 5 is dL/dd and dL/de and dL/dc in one: a sum passes on what it gets
    assert sorted(value for _, value in told[3:]) == [-4.0, 1.0, 5.0, 10.0, 15.0]
