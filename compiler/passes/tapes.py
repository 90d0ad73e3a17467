"""What the turns of checkpointed loops decide: written down by the primal, read when turns run again.

The loop carries an array more for each value that decides, with a row for each turn: its tapes. They are no
part of its states, and a turn that runs again finds them as the primal left them. Where only the run knows
how many turns there are, a tape is a stack, which grows; inside of other loops such turns have none, and
decide anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, walk
from ..ir.loops import Carry, body_of, carries, heads, is_loop
from ..ir.operation import OpTable
from ..ir.types import StackType
from ..ops import OPS
from .decisions import Decision, decisions_of_turns, record, replayed
from .rewrite import Rewriter, rewrite
from .slots import MARK, keeps_states, turns_of
from .structure import Structure

Values = tuple[Value, ...]


def with_tapes(graph: Graph, ops: OpTable = OPS) -> tuple[Graph, dict[Node, Values]]:
    """Return `graph` with checkpointed loops that write tapes, and what each of these writes.

    A loop's tapes are the last values that it carries, in that order.
    """
    made: dict[Node, Values] = {}
    if not any(MARK in node.attrs for node in walk(graph.block)):
        return graph, made
    structure = Structure.of(graph)

    def visit(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value] | None:
        if not is_loop(node) or MARK not in node.attrs:
            return None
        known = turns_of(node, structure) is not None
        found = decisions_of_turns(node, structure.definition)
        if not found or not (known or keeps_states(node, structure)):
            return None
        loop = _recorded(b, node, operands, found, known)
        b.nodes.append(loop)
        made[loop] = tuple(found)
        return node.results

    return rewrite(graph, visit, ops), made


def tapes_of(node: Node, count: int) -> tuple[Carry, ...]:
    """Return the last `count` values that a loop carries."""
    each = carries(node)
    return each[len(each) - count :]


def reading(b: Builder, node: Node, written: Values, definition: Mapping[Value, Node]) -> Node:
    """Return a loop with tapes so that its turns read them, as they are given, and write nothing on them."""
    body, found, given = body_of(node), decisions_of_turns(node, definition), tapes_of(node, len(written))
    inner = b.nested()
    tapes = {v: _row(inner, node, tape.param) for v, tape in zip(written, given, strict=True)}
    replayed(inner, body.nodes, found, tapes)
    yields = (*body.results[: len(body.results) - len(written)], *(tape.param for tape in given))
    region = Block(body.params, tuple(inner.nodes), yields)
    return Node(node.op, node.operands, node.attrs, node.results, (region,), node.loc, node.origin)


def _row(b: Builder, node: Node, tape: Value) -> Value:
    """Build what a turn of `node` has of a tape: all of it, or its row of a stack."""
    if not isinstance(tape.type, StackType):
        return tape
    turn = body_of(node).params[0]
    if node.op.name == "for":
        start, _, step = heads(node)
        turn = b.floor_divide(b.subtract(turn, start), step)
    return b.emit("peek", tape, turn)[0]


def _recorded(
    b: Builder, node: Node, operands: tuple[Value, ...], found: Mapping[Value, Decision], known: bool
) -> Node:
    body, inner = body_of(node), b.nested()
    empty = {v: d.rows(b if known else inner) for v, d in found.items()}
    tapes = empty if known else {v: _stack(b, rows) for v, rows in empty.items()}
    params = {v: Value(tape.type) for v, tape in tapes.items()}
    left = dict(params if known else empty)
    record(inner, body.nodes, found, left)
    if not known:
        left = {v: inner.emit("push", params[v], rows)[0] for v, rows in left.items()}
    region = inner.block((*body.params, *params.values()), (*body.results, *left.values()))
    results = (*node.results, *(Value(tape.type) for tape in tapes.values()))
    given = (*operands, *tapes.values())
    return Node(node.op, given, node.attrs, results, (region,), node.loc, node.origin)


def _stack(b: Builder, element: Value) -> Value:
    return b.emit("stack_new", b.int64(0), element=element.array)[0]
