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
from itertools import islice

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, walk
from ..ir.loops import Carry, body_of, carries, heads, is_loop
from ..ir.operation import OpTable
from ..ir.types import INDEX, ArrayType
from ..ops import OPS
from .decisions import Decision, Values, decisions_of_turns, record, replayed, turn_of
from .loops import known_range
from .packed import element_of
from .rewrite import Rewriter, rewrite
from .rows import row, rows, with_row
from .slots import MARK, keeps_states, turns_of
from .structure import Structure


@dataclass(frozen=True, slots=True)
class _Turns:
    """Tapes with an element for each turn of a loop: arrays, or stacks where only the run knows the turns."""

    known: range | None
    index: Value

    def empty(self, b: Builder, element: ArrayType) -> Value:
        return _stack(b, element) if self.known is None else rows(b, max(len(self.known), 1), element)

    def written(self, b: Builder, tape: Value, element: Value) -> Value:
        if self.known is None:
            return b.emit("push", tape, element)[0]
        return with_row(b, tape, turn_of(b, self.known, self.index), element)

    def read(self, b: Builder, node: Node, tape: Value) -> Value:
        """Build the element of the turn at hand of `node`, the loop as it carries the tape."""
        if self.known is not None:
            return row(b, tape, turn_of(b, self.known, self.index))
        turn = self.index
        if node.op.name == "for":
            start, _, step = heads(node)
            turn = b.floor_divide(b.subtract(turn, start), step)
        return b.emit("peek", tape, turn)[0]


# The tapes of one decision. Each kind has what it begins with (`empty`), what a turn writes to, made of what
# the loop carries (`begun`), what the turn leaves of both (`ended`), and what a turn that runs again reads
# (`read`): an array, or a stack and the place on it.


@dataclass(frozen=True, slots=True)
class _Array:
    """An array of a row for each turn of all loops."""

    type: ArrayType
    count = 1

    def empty(self, b: Builder) -> Values:
        return (b.zeros(self.type),)

    def begun(self, b: Builder, carried: Values) -> Values:
        return carried

    def ended(self, b: Builder, carried: Values, state: Values) -> Values:
        return state

    def read(self, b: Builder, node: Node, carried: Values) -> tuple[Value, Values]:
        return carried[0], ()


@dataclass(frozen=True, slots=True)
class _ArrayOfTurn:
    """An array of its own rows for each turn of a checkpointed loop whose turns only the run knows."""

    turns: _Turns
    type: ArrayType
    count = 1

    def empty(self, b: Builder) -> Values:
        return (self.turns.empty(b, self.type),)

    def begun(self, b: Builder, carried: Values) -> Values:
        return (b.zeros(self.type),)

    def ended(self, b: Builder, carried: Values, state: Values) -> Values:
        return (self.turns.written(b, carried[0], state[0]),)

    def read(self, b: Builder, node: Node, carried: Values) -> tuple[Value, Values]:
        return self.turns.read(b, node, carried[0]), ()


@dataclass(frozen=True, slots=True)
class _Stack:
    """A stack of all as they were made, how many there are, and how many there were before each turn."""

    turns: _Turns
    element: ArrayType
    count = 3

    def empty(self, b: Builder) -> Values:
        return _stack(b, self.element), b.int64(0), self.turns.empty(b, INDEX)

    def begun(self, b: Builder, carried: Values) -> Values:
        return carried[:2]

    def ended(self, b: Builder, carried: Values, state: Values) -> Values:
        return (*state, self.turns.written(b, carried[2], carried[1]))

    def read(self, b: Builder, node: Node, carried: Values) -> tuple[Value, Values]:
        return carried[0], (self.turns.read(b, node, carried[2]),)


_Tape = _Array | _ArrayOfTurn | _Stack


@dataclass(frozen=True, slots=True)
class Tapes:
    """What the turns of a checkpointed loop write, on tapes that are the last values that it carries.

    Attributes
    ----------
    loop
        The loop without them.
    decisions
        What is written.
    kinds
        The tapes of each decision, in the order in which the loop carries them.
    """

    loop: Node
    decisions: Mapping[Value, Decision]
    kinds: Mapping[Value, _Tape]

    @staticmethod
    def of(loop: Node, decisions: Mapping[Value, Decision], definition: Mapping[Value, Node]) -> Tapes:
        turns = _Turns(known_range(definition, loop), body_of(loop).params[0])
        return Tapes(loop, decisions, {v: _kind(d, turns) for v, d in decisions.items()})

    @property
    def count(self) -> int:
        return sum(kind.count for kind in self.kinds.values())

    def carried(self, node: Node) -> tuple[Carry, ...]:
        """Return the tapes that the loop carries as it writes or reads them."""
        return carries(node)[len(carries(self.loop)) :]

    def of_each(self, tapes: Values) -> dict[Value, Values]:
        """Return the tapes of each decision."""
        each = iter(tapes)
        return {v: tuple(islice(each, kind.count)) for v, kind in self.kinds.items()}


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
        tapes = Tapes.of(node, decisions, structure.definition)
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
    for v, carried in tapes.of_each(params).items():
        read[v], place = tapes.kinds[v].read(inner, node, carried)
        if place:
            places[v] = place
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


def _kind(decision: Decision, turns: _Turns) -> _Tape:
    if not decision.has_rows:
        return _Stack(turns, element_of(decision.value.array))
    return _Array(decision.rows) if turns.known is not None else _ArrayOfTurn(turns, decision.rows)


def _recorded(b: Builder, tapes: Tapes, operands: Values) -> Node:
    node, inner, kinds = tapes.loop, b.nested(), tapes.kinds
    body = body_of(node)
    given = [tape for kind in kinds.values() for tape in kind.empty(b)]
    params = tuple(Value(tape.type) for tape in given)
    carried = tapes.of_each(params)
    state = {v: kind.begun(inner, carried[v]) for v, kind in kinds.items()}
    record(inner, body.nodes, tapes.decisions, state)
    left = [tape for v, kind in kinds.items() for tape in kind.ended(inner, carried[v], state[v])]
    region = inner.block((*body.params, *params), (*body.results, *left))
    results = (*node.results, *(Value(tape.type) for tape in given))
    return Node(node.op, (*operands, *given), node.attrs, results, (region,), node.loc, node.origin)


def _stack(b: Builder, element: ArrayType) -> Value:
    return b.emit("stack_new", b.int64(0), element=element)[0]
