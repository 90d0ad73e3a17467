"""Loops over elements become operations on whole arrays, where no turn reads what an earlier one wrote.

`for i in range(1, n - 1): new[i] = old[i - 1] + old[i + 1]` is `new[1:-1] = old[:-2] + old[2:]`, and every
element is computed by the same operations from the same elements. It is done before differentiation: the
reverse then saves arrays, not elements, and adds to slices where one turn would wait for another.

References
----------
R. Allen and K. Kennedy, Optimizing compilers for modern architectures, Morgan Kaufmann, 2001, chapter 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..ir import symbols
from ..ir.builder import Builder
from ..ir.forms import Form, linear, number, of_base
from ..ir.graph import Graph, Node, Span, Value, walk
from ..ir.loops import Carry, body_of, carries, heads
from ..ir.operation import Effect, Elementwise, OpTable
from ..ir.types import INDEX, ArrayType
from ..ops import OPS
from .canonicalize import canonicalize
from .dce import dce
from .loops import constant_int
from .ranges import ranges
from .rewrite import Rewriter, rewrite
from .slots import MARK

_LEAST_TURNS = 16  # fewer are elements in registers
_MOST_NODES = 200
_MOST = 1 << 31  # no product of an index up to this wraps


def whole_arrays(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` with such loops as operations on arrays; the very same graph where there are none."""
    if not any(n.op.name == "for" and _is_flat(n) for n in walk(graph.block)):
        return graph
    known = ranges(canonicalize(graph, ops), ops)
    changed = rewrite(known, _visit, ops)
    return graph if changed is known else dce(changed)


def _visit(rewriter: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value] | None:
    if node.op.name != "for" or MARK in node.attrs:
        return None  # the reverse of a checkpointed loop is to hold few turns, not arrays of all
    bounds = [constant_int(rewriter.definition, v) for v in heads(node, operands)]
    match bounds:
        case (int(low), int(high), int(step)) if step and len(range(low, high, step)) >= _LEAST_TURNS:
            turns = range(low, high, step)
        case _:
            return None
    if not _is_flat(node):
        return None
    found = _Turn(rewriter, node, operands, turns)
    return found.as_arrays(b) if found.is_independent() else None


def _is_flat(loop: Node) -> bool:
    """Tell whether the body is a list of operations, and not a long one."""
    nodes = body_of(loop).nodes
    return len(nodes) <= _MOST_NODES and not any(n.regions for n in nodes)


Place = tuple[Form, ...]


@dataclass(slots=True)
class _Turn:
    """One turn of a loop: the forms of its integers, and what its turns do with arrays."""

    rewriter: Rewriter
    node: Node
    operands: tuple[Value, ...]
    turns: range
    own: dict[Value, Node] = field(default_factory=dict)
    forms: dict[Value, Form] = field(default_factory=dict)
    varying: set[Value] = field(default_factory=set)
    writes: dict[Value, Node] = field(default_factory=dict)  # by the parameter of the array written
    reads: list[Node] = field(default_factory=list)

    @property
    def index(self) -> Value:
        return body_of(self.node).params[0]

    # Whether the turns are independent.

    def is_independent(self) -> bool:
        """Tell whether the loop only writes elements that no later turn reads, computed one by one."""
        body, carried = body_of(self.node), carries(self.node)
        if not all(_is_static_array(c.param) for c in carried):
            return False
        self.own = {r: n for n in body.nodes for r in n.results}
        self.varying = {self.index}
        self.forms = {self.index: of_base(self.index)}
        params = {c.param for c in carried}
        if not all(self._is_simple(n, params) for n in body.nodes):
            return False
        return all(self._is_written_once(c) for c in carried) and all(map(self._reads_old, self.reads))

    def _is_simple(self, node: Node, params: set[Value]) -> bool:
        """Note what a node does; tell whether it is one that this pass knows."""
        if node.op.effect is not Effect.NONE or len(node.results) != 1:
            return False
        if not self.varying.isdisjoint(node.operands):
            self.varying.add(node.result)
        match node.op.name:
            case "constant":
                return not node.result.shape
            case symbols.BIND:
                return False  # a size is one number
            case "index":
                self.reads.append(node)
                if node.operands[0] in params:
                    self.varying.add(node.result)
                base = node.operands[0]
                return not node.result.shape and base not in self._written() and self._is_place(node, 1)
            case "update":
                base, part = node.operands[:2]
                if base not in params or base in self.writes or part.shape or not self._is_place(node, 2):
                    return False
                self.writes[base] = node
                return sum(map(self._moves, self._place(node, 2))) == 1
        if node.result.type == INDEX:
            form = linear(node.op.name, [self._form(v) for v in node.operands])
            if form is not None:
                self.forms[node.result] = form
        return isinstance(node.op.lowering, Elementwise) and not node.result.shape

    def _written(self) -> set[Value]:
        return {n.result for n in self.writes.values()}

    def _is_written_once(self, c: Carry) -> bool:
        write = self.writes.get(c.param)
        return c.yielded is (c.param if write is None else write.result)

    def _form(self, value: Value) -> Form:
        """An integer as a form of the index and of what does not change."""
        if value not in self.forms:
            known = constant_int(self.own, value)
            if known is None:
                known = constant_int(self.rewriter.definition, *self.rewriter.values((value,)))
            self.forms[value] = of_base(value) if known is None else number(known)
        return self.forms[value]

    def _place(self, node: Node, first: int) -> Place:
        dynamic = iter(node.operands[first:])
        return tuple(number(at) if at is not None else self._form(next(dynamic)) for at in node.attrs["at"])

    def _is_place(self, node: Node, first: int) -> bool:
        """Tell whether the elements that all turns index are a slice, and one that types can say."""
        if any(isinstance(at, Span) for at in node.attrs["at"]) or not _is_static_array(node.operands[0]):
            return False
        place = self._place(node, first)
        if any(abs(self._speed(form)) * max(map(abs, self._ends())) >= _MOST for form in place):
            return False
        others = [base for form in place for base, _ in form.terms if base is not self.index]
        return sum(map(self._moves, place)) <= 1 and self.varying.isdisjoint(others)

    def _ends(self) -> tuple[int, int, int]:
        return self.turns.start, self.turns.stop, self.turns.step

    def _moves(self, form: Form) -> int:
        """1 where an index changes from turn to turn, else 0."""
        return int(bool(self._speed(form)))

    def _speed(self, form: Form) -> int:
        """How much a form grows with the loop's index."""
        return sum(coefficient for base, coefficient in form.terms if base is self.index)

    def _reads_old(self, read: Node) -> bool:
        """Tell whether no earlier turn has written what a read gives."""
        write = self.writes.get(read.operands[0])
        if write is None:
            return True
        apart = False
        for at, written in zip(self._place(read, 1), self._place(write, 2), strict=True):
            distance = at.plus(written, -1)
            if distance.terms:
                continue
            speed = self._speed(written) * self.turns.step
            turns, rest = divmod(distance.offset, speed) if speed else (0, 0)
            if not speed:
                apart |= distance.offset != 0
            else:
                apart |= rest != 0 or turns >= 0 or -turns >= len(self.turns)
        return apart

    # The operations on arrays.

    def as_arrays(self, b: Builder) -> list[Value]:
        """Build what the loop does; return the values of its results."""
        now = {c.param: self.operands[3 + k] for k, c in enumerate(carries(self.node))}
        loc, versions = b.loc, dict(now)
        for node in body_of(self.node).nodes:
            b.loc = node.loc
            given = [now.get(v, *self.rewriter.values((v,))) for v in node.operands]
            if node.op.name == "index":
                operands, at = self._slice(b, node, given, 1, now)
                now[node.result] = b.emit("index", *operands, at=at)[0]
            elif node.op.name == "update":
                operands, at = self._slice(b, node, given, 2, now)
                operands[1] = self._wide(b, node.operands[1], given[1])
                versions[node.operands[0]] = b.emit("update", *operands, at=at)[0]
            elif node.result not in self.varying:
                now[node.result] = b.copy(node, given)[0]
            else:
                wide = [self._wide(b, v, x) for v, x in zip(node.operands, given, strict=True)]
                now[node.result] = b.emit(node.op.name, *wide, **node.attrs)[0]
        b.loc = loc
        return [versions[c.param] for c in carries(self.node)]

    def _wide(self, b: Builder, value: Value, given: Value) -> Value:
        """The array of what a scalar is in each turn."""
        type = ArrayType(value.dtype, (len(self.turns),))
        if value is self.index:
            counted = b.emit("iota", size=len(self.turns), dtype=INDEX.dtype)[0]
            scaled = b.multiply(counted, b.full(type, self.turns.step))
            return b.add(scaled, b.full(type, self.turns.start))
        return given if given.shape else b.spread(given, type)

    def _slice(
        self, b: Builder, node: Node, given: Sequence[Value], first: int, now: dict[Value, Value]
    ) -> tuple[list[Value], tuple[int | Span | None, ...]]:
        """The operands and the entries that index what all turns of a node do."""
        operands, at = list(given[:first]), list[int | Span | None]()
        for entry, form in zip(node.attrs["at"], self._place(node, first), strict=True):
            speed = self._speed(form)
            if entry is not None or not speed:
                at.append(entry)
                operands += [self._sum(b, form, now)] if entry is None else []
                continue
            start = form.plus(of_base(self.index), -speed).plus(number(speed * self.turns.start))
            at.append(Span(None if start.terms else start.offset, len(self.turns), speed * self.turns.step))
            operands += [self._sum(b, start, now)] if start.terms else []
        return operands, tuple(at)

    def _sum(self, b: Builder, form: Form, now: dict[Value, Value]) -> Value:
        total = b.int64(form.offset)
        for base, coefficient in form.terms:
            known = now.get(base, *self.rewriter.values((base,)))
            total = b.add(total, b.multiply(known, b.int64(coefficient)))
        return total


def _is_static_array(value: Value) -> bool:
    sized = isinstance(value.type, ArrayType) and bool(value.shape)
    return sized and all(isinstance(size, int) for size in value.shape)
