"""What the turns of checkpointed loops decide: written down by the primal, read when turns run again.

The loop carries an array more for each value that decides, with a row for each turn: its tapes. They are no
part of its states, and a turn that runs again finds them as the primal left them.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, walk
from ..ir.loops import Carry, body_of, carries, is_loop
from ..ir.operation import OpTable
from ..ops import OPS
from .decisions import Decision, decisions_of_turns, record, replayed
from .rewrite import Rewriter, rewrite
from .slots import MARK
from .structure import Structure


def with_tapes(graph: Graph, ops: OpTable = OPS) -> tuple[Graph, dict[Node, int]]:
    """Return `graph` with checkpointed loops that write tapes, and how many each of these has.

    A loop's tapes are the last values that it carries, in the order that `decisions_of_turns` has. What is
    decided in turns that nobody counts before the run has none.
    """
    made: dict[Node, int] = {}
    if not any(MARK in node.attrs for node in walk(graph.block)):
        return graph, made
    definition = Structure.of(graph).definition

    def visit(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> tuple[Value, ...] | None:
        found = decisions_of_turns(node, definition) if is_loop(node) and MARK in node.attrs else {}
        if not found:
            return None
        loop = _recorded(b, node, operands, found)
        b.nodes.append(loop)
        made[loop] = len(found)
        return node.results

    return rewrite(graph, visit, ops), made


def tapes_of(node: Node, count: int) -> tuple[Carry, ...]:
    """Return the last `count` values that a loop carries."""
    each = carries(node)
    return each[len(each) - count :]


def reading(b: Builder, node: Node, count: int, definition: Mapping[Value, Node]) -> Node:
    """Return a loop with tapes so that its turns read them, as they are given, and write nothing on them."""
    body, found = body_of(node), decisions_of_turns(node, definition)
    tapes = {v: tape.param for v, tape in zip(found, tapes_of(node, count), strict=True)}
    inner = b.nested()
    replayed(inner, body.nodes, found, tapes)
    yields = (*body.results[: len(body.results) - count], *tapes.values())
    region = Block(body.params, tuple(inner.nodes), yields)
    return Node(node.op, node.operands, node.attrs, node.results, (region,), node.loc, node.origin)


def _recorded(b: Builder, node: Node, operands: tuple[Value, ...], found: Mapping[Value, Decision]) -> Node:
    body = body_of(node)
    empty = [d.rows(b) for d in found.values()]
    params = {v: Value(tape.type) for v, tape in zip(found, empty, strict=True)}
    inner, tapes = b.nested(), dict(params)
    record(inner, body.nodes, found, tapes)
    region = inner.block((*body.params, *params.values()), (*body.results, *tapes.values()))
    results = (*node.results, *(Value(tape.type) for tape in empty))
    return Node(node.op, (*operands, *empty), node.attrs, results, (region,), node.loc, node.origin)
