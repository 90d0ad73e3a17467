"""What turns decide they decide once: checkpointed loops that run again take the branches that they took."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import Graph, walk
from gradir.ir.parser import parse
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.recompute import is_decision
from numpy.testing import assert_allclose

from tests.checkpointed_programs import unmarked
from tests.deciding_programs import (
    PROGRAMS,
    Program,
    counted_turns,
    indices,
    masks,
    turns_that_the_run_knows,
    until,
    until_in_an_ordinary_loop,
)

each_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
Z = np.random.default_rng(1).normal(size=64)
X = np.random.default_rng(2).uniform(0.5, 2.0, size=64)


def value_of(program: Program, mark: Any) -> Any:
    run = program(mark)
    return lambda x: run(x, Z, 9 + int(x[0] * 0.0))[0]


@each_program
def test_values_and_gradients_are_those_of_the_loop(program: Program) -> None:
    marked, plain = value_of(program, gr.checkpointed), value_of(program, unmarked)
    value, found = gr.value_and_grad(marked)(X)
    expected_value, expected = gr.value_and_grad(plain)(X)
    assert_allclose(value, plain(X), rtol=1e-13)
    assert_allclose(value, expected_value, rtol=1e-14)
    assert_allclose(found, expected, rtol=1e-13, atol=1e-15)
    gr.check_grads(marked, (X,), order=1)


@each_program
def test_of_two_that_are_alike_the_same_is_taken_again(program: Program) -> None:
    g = gr.value_and_grad(program(gr.checkpointed), has_aux=True)
    rng = np.random.default_rng(1)
    for _ in range(100):
        base = rng.uniform(0.1, 3.0)
        x = base + np.spacing(base) * rng.integers(0, 3, size=64)
        (value, _), gradient = g(x, Z, 9)
        assert_allclose(x @ gradient, value, rtol=1e-9, atol=1e-12)


@each_program
def test_the_interpreter_and_the_verifier(program: Program) -> None:
    inspected = gr.value_and_grad(program(gr.checkpointed), has_aux=True).inspect(X, Z, 9)
    expected_value, expected = gr.value_and_grad(value_of(program, unmarked))(X)
    for graph in (inspected.adjoint, inspected.optimized):
        verify(graph)
        given = X, Z, 9
        value, _, gradient = gr.interpret(graph, *given[: len(graph.inputs)])
        assert_allclose(value, expected_value, rtol=1e-13)
        assert_allclose(gradient, expected, rtol=1e-13, atol=1e-15)
        verify(parse(str(graph), OPS))


@pytest.mark.parametrize("program", PROGRAMS[::2], ids=lambda program: program.__name__)
def test_pullbacks(program: Program) -> None:
    _, back = gr.vjp(value_of(program, gr.checkpointed), X)
    expected = gr.grad(value_of(program, unmarked))(X)
    for ct in (1.0, 2.0):
        assert_allclose(back(ct)[0], ct * expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("program", PROGRAMS[1::2], ids=lambda program: program.__name__)
def test_second_derivatives(program: Program) -> None:
    def slope(mark: Any) -> Any:
        return lambda x: np.sum(gr.grad(value_of(program, mark))(x * x) ** 2)

    found, expected = (gr.grad(slope(mark))(X) for mark in (gr.checkpointed, unmarked))
    assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def made_by(graph: Graph, op: str) -> int:
    return sum(node.op.name == op for node in walk(graph.block))


@pytest.mark.parametrize("program", [indices, until, turns_that_the_run_knows])
def test_what_was_decided_is_read(program: Program) -> None:
    graph = gr.grad(program(gr.checkpointed), has_aux=True).inspect(X, Z, 9).optimized
    plain = gr.jit(program(unmarked)).inspect(X, Z, 9).optimized
    assert made_by(graph, "argmax") == made_by(plain, "argmax")
    assert made_by(graph, "exp") == made_by(plain, "exp")  # nothing else of it is read
    assert bool(made_by(graph, "peek")) is (program is not indices)


@each_program
def test_nothing_is_decided_anew(program: Program) -> None:
    graph = gr.grad(program(gr.checkpointed), has_aux=True).inspect(X, Z, 9).optimized
    plain = gr.jit(program(unmarked)).inspect(X, Z, 9).optimized
    assert decided_in(graph) == decided_in(plain)


def decided_in(graph: Graph) -> int:
    return sum(is_decision(node) and node.op.name != "barrier" for node in walk(graph.block))


@each_program
def test_reports_name_what_is_kept(program: Program) -> None:
    memory = gr.grad(program(gr.checkpointed), has_aux=True).inspect(X, Z, 9).memory
    assert "bytes" in str(memory)
    stacks = [row for row in memory.residuals.rows if row.type.startswith("stack")]
    assert all(row.turns is None and row.saved_bytes is None and row.bytes > 0 for row in stacks)
    assert bool(stacks) is bool(
        made_by(gr.grad(program(gr.checkpointed), has_aux=True).inspect(X, Z, 9).optimized, "peek")
    )


def test_decisions_say_why_a_loop_around_is_checkpointed() -> None:
    inspected = gr.grad(until_in_an_ordinary_loop(gr.checkpointed), has_aux=True).inspect(X, Z, 9)
    outer, inner = map(str, inspected.decisions)
    assert "3 slots" in outer
    assert outer.endswith("(for gr.checkpointed inside of it)")
    assert inner.endswith("(gr.checkpointed)")


def test_a_branch_that_makes_what_the_run_sizes_is_refused() -> None:
    def branching(x: Any, turns: Any) -> Any:
        s, w = 0.0, x[:turns] * 1.0
        if x[0] > 0.0:
            w, k = w * 2.0, 0
            while gr.checkpointed(k < turns, slots=2):
                s = s + np.sum(np.where(np.exp(x) > 2.0, x, -x))
                k += 1
        return s + np.sum(w)

    with pytest.raises(gr.GradientError, match=r"under this branch decides cannot be kept.*\n.*in branching"):
        gr.grad(branching)(X, 9)


def test_compiling_a_few_bits_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def twice_chosen(x: Any) -> Any:
        y = x
        for _ in gr.checkpointed(range(2000), slots=20):
            y = np.where(y > x, y * 0.20951, y * 1.01746)
            y = np.where((y > 0.1) & (y < 2.0), np.sin(y) + 0.1325, y)
        return np.sum(y)

    gr.grad(twice_chosen, cache=False)(X[:16])  # LLVM would print what it cannot make vectors of
    assert capfd.readouterr().err == ""


def test_masks_are_kept_as_bits() -> None:
    memory = gr.grad(masks(gr.checkpointed), has_aux=True).inspect(X, Z, 9).memory
    kept = [row.type for row in memory.residuals.rows if row.how == "kept"]
    assert kept == ["u8[8, 8]", "u8[8, 8]"]


def test_a_while_runs_again_as_often_as_it_ran() -> None:
    graph = gr.grad(counted_turns(gr.checkpointed), has_aux=True).inspect(X, Z, 9).optimized
    floats = [
        node for node in walk(graph.block) if node.op.name == "less" and node.operands[0].array.dtype.is_float
    ]
    assert len(floats) == 2  # before the first turn, and at the end of each


def test_tapes_are_no_states() -> None:
    memory = gr.grad(indices(gr.checkpointed), has_aux=True).inspect(X, Z, 9).memory
    rows = [(row.how, row.type) for row in memory.residuals.rows if row.is_saved]
    assert ("kept", "i64[9]") in rows
    assert not any(how == "states" and type.startswith("i64") for how, type in rows)


def test_turns_that_the_run_counts_have_tapes_that_grow() -> None:
    g = gr.value_and_grad(until(gr.checkpointed), has_aux=True)
    for turns in (0, 1, 5, 300):
        (value, _), gradient = g(X, Z, turns)
        assert_allclose(X @ gradient, value, rtol=1e-12)
        assert_allclose(value, until(unmarked)(X, Z, turns)[0], rtol=1e-12)
