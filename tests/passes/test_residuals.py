"""What loops and branches save, and what they recompute."""

from __future__ import annotations

from collections import Counter

import pytest
from gradir.ir.graph import Graph, Node, walk
from gradir.ir.types import StackType
from gradir.ir.verifier import verify
from gradir.passes.adjoint import Adjoint, adjoint_with_residuals
from gradir.passes.pipeline import optimize
from gradir.passes.residuals import Carrier

from .branch_programs import BRANCH
from .for_programs import GAUSS_SEIDEL
from .programs import PROGRAMS, Program, graph_of


def of(name: str) -> Adjoint:
    program = next(p for p in PROGRAMS if p.name == name)
    return adjoint_with_residuals(optimize(program.graph), program.wrt)


def pushed(graph: Graph) -> Counter[str]:
    """The types of what is pushed, with the number of pushes in the text."""
    return Counter(str(n.operands[1].type) for n in walk(graph.block) if n.op.name == "push")


def named(graph: Graph, name: str) -> list[Node]:
    return [n for n in walk(graph.block) if n.op.name == name]


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("gauss_seidel", {"f64[]": 2, "bool[]": 1}),  # the product with `a` is computed again
        ("checked", {"f64[]": 2}),  # indices are recomputed, wrapped without their checks
        ("prefix", {}),  # reads of x are made again, and those of s: nothing overwrites what was written
        ("swap", {"f64[]": 3}),
        ("pure_swap", {}),
        ("triangular", {"f64[]": 2}),  # rows above are as they stay
        ("newton", {"f64[]": 2}),
        ("changing_indices", {"f64[]": 2, "i64[]": 1}),
        ("data_dependent", {"f64[]": 2, "i64[]": 1}),  # the inner trip count is saved, x[i] is read again
        ("whole_arrays", {"f64[3]": 2, "f64[]": 1}),  # the exponential before it was broadcast
        ("rows", {"f64[4, 2]": 1, "f64[3, 2]": 1}),
    ],
)
def test_what_is_pushed(name: str, types: dict[str, int]) -> None:
    joint = of(name).graph
    assert pushed(joint) == types
    assert pushed(optimize(joint)) == types


def test_nothing_is_pushed_outside_loops() -> None:
    joint = adjoint_with_residuals(graph_of(BRANCH), (0, 1))
    verify(joint.graph)
    assert not named(joint.graph, "stack_new")
    carriers = Counter(r.carrier for r in joint.residuals)
    assert carriers[Carrier.RESULT] == 3
    assert carriers[Carrier.STACK] == 0


def test_stacks_are_made_before_the_outermost_loop_with_their_capacity() -> None:
    joint = optimize(of("gauss_seidel").graph)
    stacks = named(joint, "stack_new")
    (capacity,) = {n.operands[0] for n in stacks}
    (constant,) = (n for n in joint.block.nodes if capacity in n.results)
    assert constant.attrs["value"].array == 9
    assert [n for n in joint.block.nodes if n.op.name == "stack_new"] == stacks


def test_the_stacks_of_a_while_grow_and_its_turns_are_counted_down() -> None:
    joint = optimize(of("while_in_for").graph)
    verify(joint)
    (forward,) = named(joint, "while")
    (push,) = (n for n in named(joint, "push") if n.operands[1] is forward.results[0])
    (below,) = (n for n in named(joint, "pop") if n.results[1].array == push.operands[1].array)
    for_loops = named(joint, "for")
    assert len(for_loops) == 3
    assert any(n.op.name == "add" and n.operands[0] is below.results[1] for n in walk(joint.block))
    constants = {n.result: n for n in named(joint, "constant")}
    hints = {int(constants[n.operands[0]].attrs["value"].array) for n in named(joint, "stack_new")}
    assert hints == {3}, "the turns of the outer loop are known"


def test_residuals_say_what_is_saved_and_why() -> None:
    result = adjoint_with_residuals(graph_of(GAUSS_SEIDEL), (0, 1))
    assert sorted(str(r) for r in result.residuals if r.carrier is Carrier.STACK) == [
        "bool[] of line 5: stack, for if (line 5)",
        "f64[] of line 4: stack, for strong_multiply (line 4), multiply (line 4)",
        "f64[] of line 4: stack, for strong_multiply (line 6), strong_multiply (line 6)",
    ]
    for r in result.residuals:
        assert all(n in set(walk(result.graph.block)) for n in r.readers)
    assert sum(r.carrier is Carrier.RECOMPUTED for r in result.residuals) == 4


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
def test_every_push_has_its_pop(program: Program) -> None:
    joint = adjoint_with_residuals(program.graph, program.wrt).graph
    assert len(named(joint, "push")) == len(named(joint, "pop"))
    if named(joint, "push"):
        assert not any(isinstance(v.type, StackType) for v in joint.block.results)


@pytest.mark.parametrize("optimized", [False, True])
def test_an_invariant_array_that_is_carried_is_not_pushed(optimized: bool) -> None:
    text = """
    graph f(%x: f64[9] "x", %n: i64[] "n") {
      %0: i64[] = constant 0
      %1: i64[] = constant 1
      %one: f64[] = constant 1.0
      %r: f64[], %y: f64[9] = for %i in range(%0, %n, %1) carry (%h: f64[] = %one, %a: f64[9] = %x) {
        %q: f64[], %z: f64[9] = for %j in range(%0, %i, %1) carry (%g: f64[] = %h, %b: f64[9] = %a) {
          %s: f64[] = index %b[%j]
          %t: f64[] = multiply %s, %g
          yield %t, %b
        }
        yield %q, %z
      }
      return %r "r"
    }"""
    graph = graph_of(text)
    joint = adjoint_with_residuals(optimize(graph) if optimized else graph, (0,)).graph
    verify(joint)
    assert pushed(joint) == {"f64[]": 1}
