"""What `for` and `while` have in common, and the text and meaning of `while`."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.errors import ParseError, VerifyError
from gradir.ir.graph import Graph, Node
from gradir.ir.interpreter import interpret
from gradir.ir.loops import body_of, carries, form, heads, inits, is_loop, with_carries
from gradir.ir.parser import parse
from gradir.ir.printer import print_graph
from gradir.ir.verifier import verify
from gradir.ops import OPS

COLLATZ = """graph collatz(%0: i64[] "n", %1: i64[] "limit") {
  %2: i64[] = constant 1
  %3: i64[] = constant 2
  %4: i64[] = constant 3
  %5: bool[] = not_equal %0, %2
  %6: i64[], %7: i64[], %8: i64[] = while %5 count %9 carry (%10: i64[] = %0, %11: i64[] = %0) {
    %12: i64[] = remainder %10, %3
    %13: bool[] = equal %12, %2
    %14: i64[] = if %13 {
      %15: i64[] = multiply %10, %4
      %16: i64[] = add %15, %2
      yield %16
    } else {
      %17: i64[] = floor_divide %10, %3
      yield %17
    }
    %18: i64[] = maximum %11, %14
    %19: bool[] = not_equal %14, %2
    yield %19, %14, %18
  }
  return %6 "turns", %7 "last", %8 "most"
}
"""


def loop_of(graph: Graph) -> Node:
    (loop,) = [node for node in graph.block.nodes if is_loop(node)]
    return loop


def test_the_text_is_read_back() -> None:
    graph = parse(COLLATZ, OPS)
    verify(graph)
    assert print_graph(graph) == COLLATZ


@pytest.mark.parametrize(("n", "turns", "most"), [(1, 0, 1), (2, 1, 2), (6, 8, 16), (27, 111, 9232)])
def test_turns_are_counted(n: int, turns: int, most: int) -> None:
    found = interpret(parse(COLLATZ, OPS), n, 0)
    assert [int(v) for v in found] == [turns, 1, most]
    assert all(v.dtype == np.int64 for v in found)


def test_the_number_of_the_turn_is_a_parameter() -> None:
    text = """graph f(%x: i64[] "x") {
      %t: bool[] = constant true
      %n: i64[], %s: i64[] = while %t count %k carry (%c: i64[] = %x) {
        %d: i64[] = add %c, %k
        %again: bool[] = less %d, %x
        yield %again, %d
      }
      return %n "n", %s "s"
    }"""
    assert [int(v) for v in interpret(parse(text, OPS), 7)] == [1, 7]


def test_without_carries() -> None:
    text = """graph f(%0: bool[] "p") {
  %1: i64[] = constant 4
  %2: i64[] = while %0 count %3 {
    %4: bool[] = less %3, %1
    yield %4
  }
  return %2 "turns"
}
"""
    graph = parse(text, OPS)
    assert print_graph(graph) == text
    assert [int(interpret(graph, p)[0]) for p in (False, True)] == [0, 5]


def test_carries_of_a_while() -> None:
    loop = loop_of(parse(COLLATZ, OPS))
    body = body_of(loop)
    first, second = carries(loop)
    assert (first.init, first.param, first.yielded, first.result) == (
        loop.operands[1],
        body.params[1],
        body.results[1],
        loop.results[1],
    )
    assert (second.param, second.result) == (body.params[2], loop.results[2])
    assert heads(loop) == loop.operands[:1]
    assert inits(loop) == loop.operands[1:]


def test_a_loop_with_some_of_its_carries() -> None:
    loop = loop_of(parse(COLLATZ, OPS))
    fewer = with_carries(loop, loop.operands, body_of(loop), [0])
    assert carries(fewer) == carries(loop)[:1]
    assert form(fewer) is form(loop)
    assert fewer.results == loop.results[:2]
    assert body_of(fewer).results == body_of(loop).results[:2]
    assert body_of(with_carries(loop, loop.operands, body_of(loop), [0, 1])) is body_of(loop)


STACK = """graph f(%p: bool[] "p", %n: i64[] "n", %x: f64[] "x") {{
  %s: stack<f64[]> = stack_new %n {{element=f64[]}}
  %c: i64[], %d: stack<f64[]> = while %p count %k carry (%e: stack<f64[]> = %s) {{
    %g: stack<f64[]> = push {pushed}, %x
    yield %p, {yielded}
  }}
  return %c "turns"
}}
"""


def test_stacks_pass_through_once() -> None:
    verify(parse(STACK.format(pushed="%e", yielded="%g"), OPS))
    with pytest.raises(VerifyError, match=r"is a stack from outside a loop and used up in it"):
        verify(parse(STACK.format(pushed="%s", yielded="%e"), OPS))
    with pytest.raises(VerifyError, match="%7 is a stack and used twice"):
        verify(parse(STACK.format(pushed="%e", yielded="%e"), OPS))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("while %p {\n yield %p\n}", "expected 'count', found '{'"),
        ("while %p count {\n yield %p\n}", "expected a value, found '{'"),
        ("while %p count %k {\n yield\n}", r"the body of while yields \(\); condition and carried values"),
        ("while %n count %k {\n yield %p\n}", r"the condition of while takes \(bool\[\]\), not"),
        ("while %p count %k carry (%h: f64[] = %n) {\n yield %p, %n\n}", "the body of while has parameters"),
    ],
)
def test_bad_text(line: str, message: str) -> None:
    text = f'graph f(%p: bool[] "p", %n: i64[] "n") {{\n  %c: i64[] = {line}\n  return %c "c"\n}}'
    with pytest.raises(ParseError, match=message):
        parse(text, OPS)
