"""A fork adds: worked example 1."""

from __future__ import annotations

from examples import forks


def test_the_gradient() -> None:
    assert forks.gradient(3.0, 1.0) == (6.0, -2.0)


def test_the_adjoint_has_one_sum_for_each_fork() -> None:
    program = forks.gradient.inspect(3.0, 1.0)
    lines = forks.sums(program.adjoint)
    assert len(lines) == 2
    assert all(" = add " in line for line in lines)
    assert forks.sums(program.primal) == []


def test_the_sums_are_the_gradients() -> None:
    adjoint = forks.gradient.inspect(3.0, 1.0).adjoint
    names = [line.split(":")[0] for line in forks.sums(adjoint)]
    assert f'{names[0]} "d x", {names[1]} "d y"' in str(adjoint)
