"""What the turns of checkpointed loops decide: written down by the primal, read when turns run again.

The loop carries an array more for each value that decides, with a row for each turn: its tapes. They are no
part of its states, and a turn that runs again finds them as the primal left them. Where only the run knows
how many turns the loop takes, a tape is a stack, with an array of rows for each of them. Where only it knows
that of a loop inside, the decisions lie on a stack as they were made, and a tape more says for each turn of
the checkpointed loop where on it its own begin. Stacks are carried by loops of the outermost block, so what
is around such a loop is checkpointed, too (`outer_marks`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, walk
from ..ir.loops import Carry, body_of, carries, heads, is_loop
from ..ir.operation import OpTable
from ..ir.types import INDEX, ArrayType, StackType
from ..ops import OPS
from .decisions import Decision, Values, decisions_of_turns, record, replayed, turns_around
from .packed import element_of
from .rewrite import Rewriter, rewrite
from .rows import row, rows, with_row
from .slots import MARK, keeps_states, turns_of
from .structure import Structure


@dataclass(frozen=True, slots=True)
class Tapes:
    """What the turns of a checkpointed loop write, on tapes that are the last values that it carries.

    Attributes
    ----------
    loop
        The loop without them.
    turn
        Its range and index, where its turns are known before the run.
    decisions
        What is written, in the order of the tapes; those of one decision lie together.
    """

    loop: Node
    turn: tuple[tuple[range, ...], Values]
    decisions: Mapping[Value, Decision]

    @property
    def count(self) -> int:
        return sum(map(_count, self.decisions.values()))

    def carried(self, node: Node) -> tuple[Carry, ...]:
        """Return the tapes that the loop carries as it writes or reads them."""
        return carries(node)[len(carries(self.loop)) :]

    def of_each(self, tapes: Values) -> dict[Value, Values]:
        """Return the tapes of each decision."""
        each = iter(tapes)
        return {v: tuple(next(each) for _ in range(_count(d))) for v, d in self.decisions.items()}

    # A tape with an element for each turn: an array of rows, or a stack where only the run knows the turns.

    def empty(self, b: Builder, element: ArrayType) -> Value:
        known, _ = self.turn
        return rows(b, max(len(known[0]), 1), element) if known else _stack(b, element)

    def written(self, b: Builder, tape: Value, element: Value) -> Value:
        if isinstance(tape.type, StackType):
            return b.emit("push", tape, element)[0]
        return with_row(b, tape, self._place(b, tape), element)

    def read(self, b: Builder, node: Node, tape: Value) -> Value:
        if not isinstance(tape.type, StackType):
            return row(b, tape, self._place(b, tape))
        turn = body_of(node).params[0]
        if node.op.name == "for":
            start, _, step = heads(node)
            turn = b.floor_divide(b.subtract(turn, start), step)
        return b.emit("peek", tape, turn)[0]

    def _place(self, b: Builder, tape: Value) -> Value:
        return Decision(tape, *self.turn).place(b)


def with_tapes(graph: Graph, ops: OpTable = OPS) -> tuple[Graph, dict[Node, Tapes]]:
    """Return `graph` with checkpointed loops that write tapes, and what each of these writes."""
    made: dict[Node, Tapes] = {}
    if not any(MARK in node.attrs for node in walk(graph.block)):
        return graph, made
    structure = Structure.of(graph)

    def visit(walk: Rewriter, b: Builder, node: Node, operands: Values) -> Sequence[Value] | None:
        if not is_loop(node) or MARK not in node.attrs:
            return None
        decisions = kept_decisions(node, structure)
        if not decisions:
            return None
        tapes = Tapes(node, turns_around(node, structure.definition), decisions)
        loop = _recorded(b, tapes, operands)
        b.nodes.append(loop)
        made[loop] = tapes
        return node.results

    return rewrite(graph, visit, ops), made


def reading(b: Builder, node: Node, tapes: Tapes) -> Node:
    """Return a loop with tapes so that its turns read them, as they are given, and write nothing on them."""
    body, inner = body_of(tapes.loop), b.nested()
    params = tuple(tape.param for tape in tapes.carried(node))
    read: dict[Value, Value] = {}
    places: dict[Value, Values] = {}
    for v, (tape, *others) in tapes.of_each(params).items():
        read[v] = tape
        if others:
            places[v] = (tapes.read(inner, node, others[1]),)
        elif isinstance(tape.type, StackType):
            read[v] = tapes.read(inner, node, tape)
    replayed(inner, body.nodes, tapes.decisions, read, places)
    region = Block(body_of(node).params, tuple(inner.nodes), (*body.results, *params))
    return Node(node.op, node.operands, node.attrs, node.results, (region,), node.loc, node.origin)


def kept_decisions(node: Node, structure: Structure) -> dict[Value, Decision]:
    """Return what the turns of a loop decide that can be kept: inside of other loops no tape grows."""
    grows = keeps_states(node, structure)
    if turns_of(node, structure) is None and not grows:
        return {}
    found = decisions_of_turns(node, structure.definition)
    return {v: d for v, d in found.items() if grows or d.has_rows}


def _count(decision: Decision) -> int:
    return 1 if decision.has_rows else 3  # a stack, how many are on it, and how many were before each turn


def _recorded(b: Builder, tapes: Tapes, operands: Values) -> Node:
    node, inner = tapes.loop, b.nested()
    body, known = body_of(node), bool(tapes.turn[0])
    given = {v: _empty(b, tapes, d) for v, d in tapes.decisions.items()}
    params = {v: tuple(Value(tape.type) for tape in each) for v, each in given.items()}
    state = {}
    for v, d in tapes.decisions.items():
        whole = known or not d.has_rows
        state[v] = params[v][:2] if whole else (inner.zeros(d.rows),)
    record(inner, body.nodes, tapes.decisions, state)
    left: list[Value] = []
    for v, d in tapes.decisions.items():
        if not d.has_rows:
            _, count, starts = params[v]
            left += *state[v], tapes.written(inner, starts, count)
        elif known:
            left += state[v]
        else:
            left.append(tapes.written(inner, params[v][0], state[v][0]))
    carried = [tape for each in params.values() for tape in each]
    region = inner.block((*body.params, *carried), (*body.results, *left))
    results = (*node.results, *(Value(tape.type) for tape in carried))
    inits = (*operands, *(tape for each in given.values() for tape in each))
    return Node(node.op, inits, node.attrs, results, (region,), node.loc, node.origin)


def _empty(b: Builder, tapes: Tapes, decision: Decision) -> Values:
    if not decision.has_rows:
        return _stack(b, element_of(decision.value.array)), b.int64(0), tapes.empty(b, INDEX)
    known, _ = tapes.turn
    return (b.zeros(decision.rows) if known else _stack(b, decision.rows),)


def _stack(b: Builder, element: ArrayType) -> Value:
    return b.emit("stack_new", b.int64(0), element=element)[0]
