"""Common subexpressions, dead code, loop-invariant code, inlining."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Block, Graph, Value, walk
from gradir.ir.interpreter import interpret
from gradir.ir.parser import parse
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.cse import cse
from gradir.passes.dce import dce
from gradir.passes.inline import inline
from gradir.passes.licm import licm

from .programs import PROGRAMS, Program, graph_of


def names(graph: Graph) -> list[str]:
    return [node.op.name for node in walk(graph.block)]


def test_cse_merges_in_scope_and_below() -> None:
    text = """
    graph f(%x: f64[] "x", %p: bool[] "p") {
      %a: f64[] = sin %x
      %b: f64[] = sin %x
      %r: f64[] = if %p {
        %c: f64[] = sin %x
        %d: f64[] = cos %x
        %e: f64[] = add %c, %d
        yield %e
      } else {
        %g: f64[] = cos %x
        yield %g
      }
      %h: f64[] = cos %x
      %i: f64[] = add %a, %b
      %j: f64[] = add %r, %h
      %k: f64[] = add %i, %j
      return %k "y"
    }"""
    after = cse(graph_of(text))
    verify(after)
    assert names(after) == ["sin", "if", "cos", "add", "cos", "cos", "add", "add", "add"]


def test_cse_tells_constants_apart_to_the_bit() -> None:
    text = """
    graph f() {
      %a: f64[] = constant 0.0
      %b: f64[] = constant -0.0
      %c: f64[] = constant nan
      %d: f64[] = constant nan
      %e: f32[] = constant 0.0
      %f: f64[] = constant 0.0
      return %a "a", %b "b", %c "c", %d "d", %e "e", %f "f"
    }"""
    after = cse(graph_of(text))
    assert len(after.block.nodes) == 4
    assert np.signbit(interpret(after)[1])


def test_cse_merges_a_check_only_with_one_that_has_run() -> None:
    text = """
    graph f(%i: i64[] "i", %p: bool[] "p") {
      %r: i64[] = if %p {
        %a: i64[] = check_index %i {size=3, axis=0}
        yield %a
      } else {
        yield %i
      }
      %b: i64[] = check_index %i {size=3, axis=0}
      %c: i64[] = check_index %i {size=3, axis=0}
      %d: i64[] = check_index %i {size=4, axis=0}
      return %r "r", %b "b", %c "c", %d "d"
    }"""
    after = cse(graph_of(text))
    assert names(after) == ["if", "check_index", "check_index", "check_index"]


def test_cse_leaves_stacks_alone() -> None:
    text = """
    graph f(%x: f64[] "x", %n: i64[] "n") {
      %s: stack<f64[]> = stack_new %n {element=f64[]}
      %t: stack<f64[]> = stack_new %n {element=f64[]}
      %s1: stack<f64[]> = push %s, %x
      %t1: stack<f64[]> = push %t, %x
      %s2: stack<f64[]>, %a: f64[] = pop %s1
      %t2: stack<f64[]>, %b: f64[] = pop %t1
      %c: f64[] = add %a, %b
      return %c "y"
    }"""
    graph = graph_of(text)
    assert cse(graph) is graph


def test_dce_removes_what_only_carries_itself() -> None:
    text = """
    graph f(%x: f64[] "x", %n: i64[] "n") {
      %0: i64[] = constant 0
      %1: i64[] = constant 1
      %unused: f64[] = exp %x
      %a: f64[], %b: f64[], %c: f64[] = for %i in range(%0, %n, %1) carry (%h: f64[] = %x, %k: f64[] = %unused, %l: f64[] = %x) {
        %s: f64[] = sin %h
        %t: f64[] = multiply %k, %l
        %u: f64[] = multiply %l, %s
        yield %s, %t, %u
      }
      return %a "y"
    }"""  # noqa: E501
    after = dce(graph_of(text))
    verify(after)
    assert names(after) == ["constant", "constant", "for", "sin"]
    assert len(after.block.nodes[-1].results) == 1


def test_dce_removes_a_loop_and_a_branch_but_not_their_effects() -> None:
    text = """
    graph f(%x: f64[] "x", %n: i64[] "n", %p: bool[] "p") {
      %0: i64[] = constant 0
      %1: i64[] = constant 1
      %a: f64[] = for %i in range(%0, %n, %1) carry (%h: f64[] = %x) {
        %s: f64[] = sin %h
        yield %s
      }
      %b: f64[] = for %j in range(%0, %n, %1) carry (%k: f64[] = %x) {
        %c: i64[] = check_index %j {size=3, axis=0}
        %t: f64[] = sin %k
        yield %t
      }
      %q: f64[] = if %p {
        %d: i64[] = check_index %n {size=3, axis=0}
        yield %x
      } else {
        yield %b
      }
      return %x "y"
    }"""
    after = dce(graph_of(text))
    verify(after)
    assert names(after) == ["constant", "constant", "for", "check_index", "if", "check_index"]
    assert all(not n.results for n in after.block.nodes[2:])
    with pytest.raises(IndexError):
        interpret(after, 1.0, 5, False)


COUNTED = """
    graph f(%x: f64[] "x", %n: i64[] "n") {{
      %0: i64[] = constant 0
      %enter: bool[] = less %0, %n
      %c: i64[], %a: f64[], %b: f64[] = while %enter count %k carry (%h: f64[] = %x, %l: f64[] = %x) {{
        %s: f64[] = sin %h
        %w: f64[] = exp %x
        %t: f64[] = multiply %l, %w
        {effect}
        %m: i64[] = add %k, %k
        %again: bool[] = less %m, %n
        yield %again, %s, %t
      }}
      return {result} "y"
    }}"""


def test_dce_keeps_of_a_while_what_is_read_and_what_ends_it() -> None:
    after = dce(graph_of(COUNTED.format(effect="", result="%a")))
    verify(after)
    assert names(after) == ["constant", "less", "while", "sin", "add", "less"]
    assert len(after.block.nodes[-1].results) == 2
    after = dce(graph_of(COUNTED.format(effect="", result="%c")))
    verify(after)
    assert names(after) == ["constant", "less", "while", "add", "less"]
    assert int(interpret(after, 1.0, 7)[0]) == 5


def test_dce_removes_a_while_that_nothing_is_read_of_but_not_its_effects() -> None:
    assert names(dce(graph_of(COUNTED.format(effect="", result="%x")))) == []
    effect = "%i: i64[] = check_index %k {size=3, axis=0}"
    after = dce(graph_of(COUNTED.format(effect=effect, result="%x")))
    verify(after)
    assert names(after) == ["constant", "less", "while", "check_index", "add", "less"]
    with pytest.raises(IndexError):
        interpret(after, 1.0, 20)


def test_licm_moves_work_out_of_a_while() -> None:
    graph = graph_of(COUNTED.format(effect="", result="%b"))
    after = licm(graph)
    verify(after)
    assert [n.op.name for n in after.block.nodes] == ["constant", "less", "exp", "while"]
    for n in (0, 3):
        assert interpret(graph, 1.1, n) == interpret(after, 1.1, n)


def test_dce_removes_stacks_that_nothing_reads() -> None:
    text = """
    graph f(%x: f64[] "x", %n: i64[] "n") {
      %0: i64[] = constant 0
      %1: i64[] = constant 1
      %m: i64[] = constant -1
      %s: stack<f64[]> = stack_new %n {element=f64[]}
      %a: f64[], %s1: stack<f64[]> = for %i in range(%0, %n, %1) carry (%h: f64[] = %x, %s2: stack<f64[]> = %s) {
        %s3: stack<f64[]> = push %s2, %h
        %t: f64[] = sin %h
        yield %t, %s3
      }
      %last: i64[] = subtract %n, %1
      %b: f64[], %s4: stack<f64[]> = for %j in range(%last, %m, %m) carry (%k: f64[] = %a, %s5: stack<f64[]> = %s1) {
        %s6: stack<f64[]>, %unused: f64[] = pop %s5
        %u: f64[] = cos %k
        yield %u, %s6
      }
      return %b "y"
    }"""  # noqa: E501
    graph = graph_of(text)
    after = dce(graph)
    verify(after)
    assert not {"stack_new", "push", "pop"} & set(names(after))
    assert interpret(graph, 0.3, 4) == interpret(after, 0.3, 4)


def test_licm_moves_work_and_what_it_needs() -> None:
    text = """
    graph f(%x: f64[3] "x", %y: f64[] "y", %n: i64[] "n", %k: i64[] "k") {
      %0: i64[] = constant 0
      %1: i64[] = constant 1
      %r: f64[3] = for %i in range(%0, %n, %1) carry (%h: f64[3] = %x) {
        %q: f64[3] = for %j in range(%0, %n, %1) carry (%g: f64[3] = %h) {
          %b: f64[3] = broadcast %y {shape=[3], axes=[]}
          %e: f64[3] = exp %b
          %c: f64[3] = broadcast %y {shape=[3], axes=[]}
          %p: f64[] = index %x[%k]
          %d: f64[3] = broadcast %p {shape=[3], axes=[]}
          %s: f64[3] = multiply %g, %e
          %t: f64[3] = add %s, %c
          %u: f64[3] = add %t, %d
          yield %u
        }
        yield %q
      }
      return %r "y"
    }"""
    graph = graph_of(text)
    after = licm(graph)
    verify(after)
    outer = [n.op.name for n in after.block.nodes]
    assert outer == ["constant", "constant", "broadcast", "exp", "for"]
    # An index may be out of range where the loop does not run, and a broadcast costs nothing in the loop.
    assert {"index", "broadcast"} <= set(names(after)[5:])
    np.testing.assert_array_equal(
        interpret(graph, np.ones(3), 0.5, 2, 1), interpret(after, np.ones(3), 0.5, 2, 1)
    )


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
def test_inlining_twice(program: Program) -> None:
    graph = program.graph
    b = Builder(OPS)
    params = [Value(p.type) for p in graph.block.params]
    first, second = (inline(b, graph, params) for _ in range(2))
    block = Block(tuple(params), tuple(b.nodes), (*first, *second))
    twice = Graph("twice", block, graph.inputs, (*graph.outputs, *graph.outputs))
    verify(twice)
    assert interpret(twice, *program.args) == interpret(graph, *program.args) * 2


def test_inlining_refuses_operands_that_do_not_fit() -> None:
    graph = parse('graph f(%x: f64[2] "x") {\n return %x "y"\n}', OPS)
    b = Builder(OPS)
    with pytest.raises(ValueError, match=r"f takes \(f64\[2\]\), not \(f64\[\]\)"):
        inline(b, graph, [b.literal(np.float64(1))])
