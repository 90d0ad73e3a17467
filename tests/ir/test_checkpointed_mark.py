"""The mark of checkpointed loops: it prints, parses and is checked."""

from __future__ import annotations

import pytest
from gradir.errors import ParseError, VerifyError
from gradir.ir.graph import Block, Graph, Node, Value
from gradir.ir.parser import parse
from gradir.ir.printer import print_graph
from gradir.ir.types import INDEX
from gradir.ir.verifier import verify
from gradir.ops import OPS

LOOPS = """
graph f(%0: f64[] "x") {
  %1: i64[] = constant 0
  %2: i64[] = constant 9
  %3: i64[] = constant 1
  %4: f64[] = for %5 in range(%1, %2, %3) MARK carry (%6: f64[] = %0) {
    %7: f64[] = sin %6
    yield %7
  }
  for %8 in range(%1, %2, %3) MARK {
    yield
  }
  %9: bool[] = less %0, %4
  %10: i64[], %11: f64[] = while %9 count %12 MARK carry (%13: f64[] = %4) {
    %14: f64[] = sin %13
    %15: bool[] = less %14, %0
    yield %15, %14
  }
  return %11 "y"
}
"""


@pytest.mark.parametrize("mark", ["", "checkpointed", "checkpointed 20", "saves 20"])
def test_text(mark: str) -> None:
    text = LOOPS.replace(" MARK", f" {mark}" if mark else "").lstrip()
    graph = parse(text, OPS)
    verify(graph)
    assert print_graph(graph) == text
    attrs = {"": {}, "checkpointed": {"checkpointed": 0}, "checkpointed 20": {"checkpointed": 20}}
    expected = attrs.get(mark, {"saves": 20})
    assert [n.attrs for n in graph.block.nodes if n.regions] == [expected] * 3


@pytest.mark.parametrize("mark", ["checkpointed -1", "checkpointed 2.0", "checkpointed %0", "slots 20"])
def test_what_is_no_mark(mark: str) -> None:
    with pytest.raises(ParseError):
        parse(LOOPS.replace("MARK", mark), OPS)


@pytest.mark.parametrize("slots", [-1, None, 2.0, True])
def test_what_is_no_number_of_slots(slots: object) -> None:
    k = Value(INDEX)
    body = Block((Value(INDEX),), (), ())
    loop = Node(OPS["for"], (k, k, k), {"checkpointed": slots}, (), (body,))
    with pytest.raises(VerifyError, match="'checkpointed' of for is a number of slots, not"):
        verify(Graph("bad", Block((k,), (loop,), (k,)), ("k",), ("k",)))


def test_only_loops_are_marked() -> None:
    k = Value(INDEX)
    node = Node(OPS["add"], (k, k), {"checkpointed": 2}, (Value(INDEX),))
    with pytest.raises(VerifyError, match="add has no attribute 'checkpointed'"):
        verify(Graph("bad", Block((k,), (node,), (k,)), ("k",), ("k",)))
