"""Reverse mode through loops and branches, against central differences, to second order."""

from __future__ import annotations

import pytest
from gradir.ir.verifier import verify
from gradir.passes.adjoint import adjoint
from gradir.passes.pipeline import optimize

from .differences import check_gradients, directional
from .programs import PROGRAMS, Program

by_name = pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)


@by_name
def test_gradient(program: Program) -> None:
    joint = adjoint(program.graph, program.wrt)
    verify(joint)
    check_gradients(program.graph, joint, program.args, program.wrt)


@by_name
def test_gradient_of_optimized_graph(program: Program) -> None:
    graph = optimize(program.graph, after=lambda _, g: verify(g))
    joint = optimize(adjoint(graph, program.wrt), after=lambda _, g: verify(g))
    check_gradients(program.graph, joint, program.args, program.wrt)


@by_name
def test_second_order(program: Program) -> None:
    slope = directional(program.graph, program.wrt)
    verify(slope)
    joint = adjoint(slope, program.wrt)
    verify(joint)
    check_gradients(slope, joint, program.args, program.wrt)


@by_name
def test_second_order_of_optimized_graph(program: Program) -> None:
    slope = optimize(directional(program.graph, program.wrt))
    joint = optimize(adjoint(slope, program.wrt), after=lambda _, g: verify(g))
    check_gradients(slope, joint, program.args, program.wrt)
