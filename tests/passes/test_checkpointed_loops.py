"""The reverse of checkpointed loops: the library's schedule turn by turn, few states, the same gradients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import comb
from typing import Any

import gradir as gr
import numpy as np
import pytest
from checkpoint_schedules import EndReverse, Forward, MultistageCheckpointSchedule
from gradir.ir.graph import Graph, Node, walk
from gradir.ir.interpreter import Interpreter, interpret
from gradir.ir.parser import parse
from gradir.ir.printer import print_graph
from gradir.ir.types import StackType
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.adjoint import Seeds, adjoint
from gradir.passes.binomial import extra_turns, recomputed_turns
from gradir.passes.pipeline import optimize
from gradir.passes.slots import checkpointed_loops, slots_of, with_slots
from gradir.passes.split import split

from tests.checkpointed_programs import PROGRAMS, Program, W, X, nested, over_rows, unmarked

PROGRAM = """
graph f(%x: f64[] "x", %n: i64[] "n") {
NODES
  return %3 "y"
}
"""

IN_A_BRANCH = """
graph f(%x: f64[] "x", %n: i64[] "n") {
  %p: bool[] = less %n, %n
  %r: f64[] = if %p {
    yield %x
  } else {
NODES
    yield %3
  }
  return %r "y"
}
"""

RANGE = """
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %3: f64[] = for %i in range(%0, %n, %1) checkpointed SLOTS carry (%y: f64[] = %x) {
    %t: f64[] = convert %i {dtype=f64}
    %s: f64[] = sin %y
    %z: f64[] = multiply %s, %t
    yield %z
  }
"""

UNTIL = """
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %b: bool[] = less %0, %n
  %c: i64[], %3: f64[] = while %b count %i checkpointed SLOTS carry (%y: f64[] = %x) {
    %t: f64[] = convert %i {dtype=f64}
    %s: f64[] = sin %y
    %z: f64[] = multiply %s, %t
    %j: i64[] = add %i, %1
    %a: bool[] = less %j, %n
    yield %a, %z
  }
"""


def loop(nodes: str, slots: int | str, program: str = PROGRAM) -> Graph:
    return parse(program.replace("NODES", nodes).replace("SLOTS", str(slots)), OPS)


class Watch(Interpreter):
    """Notes the index of each turn that is run."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.turns: list[int] = []

    def node(self, node: Node, operands: Sequence[Any]) -> Sequence[Any]:
        if node.op.name == "convert":
            self.turns.append(int(operands[0]))
        return super().node(node, operands)


def turns_run(graph: Graph, turns: int) -> list[int]:
    watch = Watch(adjoint(graph, [0]))
    watch.run([0.5, turns])
    return watch.turns


def of_the_library(turns: int, slots: int) -> Iterator[int]:
    """The turns that the library's schedule runs, in order."""
    for action in MultistageCheckpointSchedule(turns, slots, 0, trajectory="revolve"):
        if isinstance(action, Forward):
            yield from range(action.n0, action.n1)
        if isinstance(action, EndReverse):
            return


SIZES = [(1, 1), (2, 1), (2, 2), (3, 2), (10, 1), (10, 3), (25, 4), (40, 2), (64, 63), (64, 64), (100, 5)]


@pytest.mark.parametrize(("turns", "slots"), SIZES)
def test_the_turns_are_those_of_the_library(turns: int, slots: int) -> None:
    """The primal ends behind the last turn: as one turn more, which does nothing."""
    expected = [t for t in of_the_library(turns + 1, slots) if t != turns]
    found = turns_run(loop(RANGE, slots), turns)
    assert found == expected
    assert len(found) == turns + recomputed_turns(turns, slots)


@pytest.mark.parametrize(("turns", "slots"), [*SIZES, (6, 2), (7, 2), (35, 3), (36, 3), (300, 2), (300, 12)])
def test_no_turn_of_a_while_is_run_again_more_often_than_in_the_best_schedule(turns: int, slots: int) -> None:
    found = turns_run(loop(UNTIL, slots), turns)
    assert found[:turns] == list(range(turns))
    again = Counter(found[turns:])
    assert again.keys() == set(range(turns))
    assert max(again.values()) <= next(t for t in range(1, 400) if comb(slots + t, slots) > turns)
    assert again.total() <= turns + extra_turns(turns, slots)  # a second run, and the best schedule


@pytest.mark.parametrize("nodes", [RANGE, UNTIL])
@pytest.mark.parametrize(("turns", "slots"), SIZES)
def test_a_loop_in_a_region_is_run_once_more(turns: int, slots: int, nodes: str) -> None:
    """What is kept until its reverse begins is one state."""
    schedule = of_the_library(turns, slots) if turns > 1 else [0]
    assert turns_run(loop(nodes, slots, IN_A_BRANCH), turns) == [*range(turns), *schedule]


@pytest.mark.parametrize("nodes", [RANGE, UNTIL])
def test_slots_beyond_the_turns_and_no_turns(nodes: str) -> None:
    assert turns_run(loop(nodes, 5), 0) == []
    assert turns_run(loop(nodes, 99), 7) == [*range(7), *range(6, -1, -1)]


def gradients(program: Program, mark: Any) -> Graph:
    return adjoint(gr.trace(program(mark))(X, W), [0, 1])


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_gradients_are_those_of_the_loop(program: Program) -> None:
    joint = gradients(program, gr.checkpointed)
    verify(joint)
    expected = interpret(gradients(program, unmarked), X, W)
    for graph in (joint, optimize(joint)):
        verify(graph)
        for found, value in zip(interpret(graph, X, W), expected, strict=True):
            np.testing.assert_allclose(found, value, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_both_halves(program: Program) -> None:
    primal = gr.trace(program(gr.checkpointed))(X, W)
    forward, backward = split(optimize(adjoint(primal, [0, 1], seeds=Seeds.INPUTS)), primal)
    value, *residuals = interpret(forward, X, W)
    given = interpret(backward, *residuals, 1.0)
    expected, *gradient = interpret(gradients(program, unmarked), X, W)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    for found, g in zip(given, gradient, strict=True):
        np.testing.assert_allclose(found, g, rtol=1e-14, atol=1e-15)


def test_the_states_pass_from_half_to_half() -> None:
    primal = gr.trace(nested(gr.checkpointed))(X, W)
    forward, backward = split(optimize(adjoint(primal, [0, 1], seeds=Seeds.INPUTS)), primal)
    assert [n.attrs.get("saves") for n in forward.block.nodes if n.op.name == "while"] == [2]
    assert not any("saves" in n.attrs for n in backward.block.nodes)


def test_no_stacks() -> None:
    joint = gradients(over_rows, gr.checkpointed)
    assert not any(isinstance(v.type, StackType) for node in walk(joint.block) for v in node.results)
    assert "stack" in str(gradients(over_rows, unmarked))


def test_the_text(golden: Callable[[str, str], None]) -> None:
    graph = optimize(adjoint(loop(RANGE, 20), [0]))
    golden("checkpointed.txt", print_graph(graph))


def test_a_loop_without_a_number_of_slots_gets_one() -> None:
    def run(x, w):
        for _ in gr.checkpointed(range(50)):
            x = np.sin(w @ x)
        return x.sum()

    def cost(graph: Graph) -> str:
        ((_, what),) = checkpointed_loops(graph)
        return what

    graph = gr.trace(run)(X, W)
    assert cost(graph) == f"checkpointed with 9 slots: {recomputed_turns(50, 9)} recomputed turns"
    fewer = with_slots(graph, 5)
    assert cost(fewer) == f"checkpointed with 5 slots: {recomputed_turns(50, 5)} recomputed turns"
    assert with_slots(fewer, 7) is fewer
    for found, expected in zip(*(interpret(adjoint(g, [0, 1]), X, W) for g in (graph, fewer)), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_slots() -> None:
    def slots(text: str, turns: int | None) -> int:
        nodes = loop(RANGE, text).block.nodes
        return slots_of(next(n for n in nodes if n.regions), turns)

    assert [slots("20", turns) for turns in (None, 0, 3, 20, 100)] == [20, 1, 3, 20, 20]
    assert [slots("", turns) for turns in (None, 0, 3, 20, 100_000)] == [64, 1, 2, 5, 446]


def test_nested_loops_are_described() -> None:
    graph = gr.trace(nested(gr.checkpointed))(X, W)
    assert [what for _, what in checkpointed_loops(graph)] == [
        "checkpointed with 2 slots: 14 recomputed turns",
        "checkpointed with 2 slots: only the run knows how many turns there are",
    ]
