"""The buffer plan: which arrays share memory, where it lies, and the copies that are left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ..ir import dims
from ..ir.graph import Graph, Node, Value
from ..ir.loops import carries
from ..ir.types import DType
from .inlining import Inlining, is_array
from .kernels import Branch, Buffer, Loop, Memory, Move, Statement
from .lifetimes import Interval, Lifetimes
from .schedule import walk

ALIGNMENT = 64
# Processors take a load for a reader of a recent store where both addresses agree modulo a page. So arrays
# that are walked side by side begin at different places of a page; multiples of this many bytes are far
# from each other there.
_PAGE = 4096
_STAGGER = 23 * ALIGNMENT
_LOCAL_BYTES = 1024
_LOCAL_BYTES_IN_ALL = 1 << 16


@dataclass(slots=True, eq=False)
class _Class:
    """Arrays of one size that share a buffer, and the times when it is taken."""

    dtype: DType
    count: int
    intervals: list[Interval]
    held: list[int] = field(default_factory=list)
    fixed: Buffer | None = None  # memory that is not the planner's to choose, and not to be written
    members: list[Value] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return self.count * self.dtype.numpy.itemsize

    def span(self) -> Interval:
        """The first and the last statement of its life."""
        times = [t // 2 for interval in self.intervals for t in interval] + self.held
        return min(times), max(times)


@dataclass(frozen=True, slots=True)
class Plan:
    """Buffers of all arrays in memory, and the statements with their moves filled in."""

    body: tuple[Statement, ...]
    places: dict[Value, Buffer]
    scratch: dict[Node, Buffer]
    buffers: tuple[Buffer, ...]
    outputs: tuple[Move, ...]
    arena: int


def plan_buffers(graph: Graph, body: tuple[Statement, ...], inlining: Inlining, lifetimes: Lifetimes) -> Plan:
    """Join the arrays that can share memory, lay out the arena and list the copies."""
    planner = _Planner(graph, inlining, lifetimes)
    planner.join_classes()
    moves = {id(s): planner.moves_of(s) for s in walk(body) if isinstance(s, Loop | Branch)}
    planner.assign()
    return planner.plan(body, moves)


@dataclass(frozen=True, slots=True)
class _Step:
    """A move before buffers are known."""

    source: Value | _Class
    target: _Class


class _Planner:
    def __init__(self, graph: Graph, inlining: Inlining, lifetimes: Lifetimes) -> None:
        self.graph = graph
        self.inlining = inlining
        self.lifetimes = lifetimes
        self.classes: dict[Value, _Class] = {}
        self.extra: list[_Class] = []
        self.scratch: dict[Node, _Class] = {}
        self.buffers: dict[_Class, Buffer] = {}
        self.arena = 0
        for value, intervals in lifetimes.intervals.items():
            self.classes[value] = _Class(
                value.dtype,
                dims.room(value.shape),
                list(intervals),
                list(lifetimes.held.get(value, ())),
                members=[value],
            )
        self._fix()

    def _fix(self) -> None:
        """Give inputs, constants and popped arrays the memory they have."""
        for k, value in enumerate(self.graph.block.params):
            if is_array(value):
                self._fixed(value, Memory.INPUT, k)
        number = 0
        for value, node in self.inlining.producers.items():
            if value not in self.classes:
                continue
            if node.op.name == "constant":
                self._fixed(value, Memory.CONSTANT, number)
            elif node.op.name == "pop" and node in self.lifetimes.aliased_pops:
                self._fixed(value, Memory.POPPED, number)
            else:
                continue
            number += 1

    def _fixed(self, value: Value, memory: Memory, number: int) -> None:
        found = self.classes[value]
        found.fixed = Buffer(memory, number, found.dtype, found.count, number)

    # Joining.

    def join_classes(self) -> None:
        for param, result in self.lifetimes.bound:
            assert self.join(param, result), "a loop's result has other memory than its parameter"
        for a, b in self.lifetimes.wishes:
            self.join(a, b)

    def join(self, a: Value, b: Value) -> bool:
        """Let two values share memory where their lifetimes allow it."""
        left, right = self.class_of(a), self.class_of(b)
        if left is right:
            return True
        if left.fixed or right.fixed or (left.dtype, left.count) != (right.dtype, right.count):
            return False
        merged = sorted(left.intervals + right.intervals)
        if any(second[0] <= first[1] for first, second in pairwise(merged)):
            return False
        left.intervals, left.held = merged, left.held + right.held
        left.members += right.members
        self.classes.update(dict.fromkeys(right.members, left))
        return True

    def class_of(self, value: Value) -> _Class:
        return self.classes[self.inlining.canonical(value)]

    # Copies.

    def moves_of(self, statement: Loop | Branch) -> tuple[list[_Step], list[_Step]]:
        """The entry and back moves of a loop, or the moves at the ends of two branches."""
        node = statement.node
        if isinstance(statement, Loop):
            carried = carries(node)
            params = [c.param for c in carried]
            entry = self.sequence([c.init for c in carried], params, node)
            return entry, self.sequence([c.yielded for c in carried], params, node)
        then, orelse = (self.sequence(r.results, node.results, None) for r in node.regions)
        return then, orelse

    def sequence(self, sources: Sequence[Value], targets: Sequence[Value], node: Node | None) -> list[_Step]:
        """Order parallel moves so that nothing is overwritten before it is read."""
        waiting = [
            _Step(s, self.class_of(t))
            for s, t in zip(sources, targets, strict=True)
            if is_array(s) and self.class_of(s) is not self.class_of(t)
        ]
        steps: list[_Step] = []
        while waiting:
            read = [self.source_class(w) for w in waiting]
            free = [w for k, w in enumerate(waiting) if w.target not in read[:k] + read[k + 1 :]]
            if free:
                steps += free
                waiting = [w for w in waiting if w not in free]
                continue
            first = waiting[0]
            spare = self.spare(self.source_class(first))
            steps.append(_Step(first.source, spare))
            waiting[0] = _Step(spare, first.target)
        return steps

    def source_class(self, step: _Step) -> _Class:
        return step.source if isinstance(step.source, _Class) else self.class_of(step.source)

    def spare(self, like: _Class) -> _Class:
        spare = _Class(like.dtype, like.count, list(like.intervals), list(like.held))
        self.extra.append(spare)
        return spare

    # Memory.

    def assign(self) -> None:
        """Give every class its buffer: an output's, a stack slot, or a place in the arena."""
        for node, (dtype, count, t) in self.lifetimes.scratch.items():
            self.scratch[node] = _Class(dtype, count, [(2 * t, 2 * t + 1)])
        for k, value in enumerate(self.graph.block.results):
            if is_array(value):
                found = self.class_of(value)
                if found not in self.buffers and found.fixed is None:
                    self.buffers[found] = Buffer(Memory.OUTPUT, k, found.dtype, found.count, k)
        every = dict.fromkeys([*self.classes.values(), *self.extra, *self.scratch.values()])
        local, large, number = 0, [], 0
        for found in every:
            if found.fixed is not None:
                self.buffers[found] = found.fixed
            elif found in self.buffers:
                continue
            elif found.bytes <= _LOCAL_BYTES and local + found.bytes <= _LOCAL_BYTES_IN_ALL:
                local += found.bytes
                self.buffers[found] = Buffer(Memory.LOCAL, number, found.dtype, found.count)
                number += 1
            else:
                large.append(found)
        self.lay_out(large, number)

    def lay_out(self, classes: Iterable[_Class], number: int) -> None:
        """Place classes in the arena in the order of their birth, each in the first gap that fits."""
        active: list[tuple[int, int, int]] = []  # offset, end, last statement
        pages = 0
        for found in sorted(classes, key=lambda c: c.span()):
            place = pages * _STAGGER % _PAGE if found.bytes >= _PAGE else None
            pages += found.bytes >= _PAGE
            first, last = found.span()
            active = [a for a in active if a[2] >= first]
            offset = _in_page(0, place)
            for start, end, _ in active:
                if start - offset >= found.bytes:
                    break
                offset = _in_page(max(offset, end), place)
            end = offset + -(-found.bytes // ALIGNMENT) * ALIGNMENT
            active = sorted([*active, (offset, end, last)])
            self.arena = max(self.arena, end)
            self.buffers[found] = Buffer(Memory.ARENA, number, found.dtype, found.count, offset)
            number += 1

    # The result.

    def plan(self, body: tuple[Statement, ...], moves: Mapping[int, tuple[list[_Step], list[_Step]]]) -> Plan:
        places = {v: self.buffers[c] for v, c in self.classes.items()}
        places |= {v: places[self.inlining.canonical(v)] for v in self.inlining.aliases}
        outputs = []
        for k, value in enumerate(self.graph.block.results):
            if is_array(value) and places[value] != Buffer(
                Memory.OUTPUT, k, value.dtype, dims.room(value.shape), k
            ):
                outputs.append(Move(value, Buffer(Memory.OUTPUT, k, value.dtype, dims.room(value.shape), k)))
        return Plan(
            tuple(self.filled(s, moves) for s in body),
            places,
            {n: self.buffers[c] for n, c in self.scratch.items()},
            tuple(dict.fromkeys(self.buffers.values())),
            tuple(outputs),
            self.arena,
        )

    def filled(self, statement: Statement, moves: Mapping[int, tuple[list[_Step], list[_Step]]]) -> Statement:
        if not isinstance(statement, Loop | Branch):
            return statement
        first, second = (tuple(map(self.move, steps)) for steps in moves[id(statement)])
        if isinstance(statement, Loop):
            return replace(
                statement, body=tuple(self.filled(s, moves) for s in statement.body), entry=first, back=second
            )
        return replace(
            statement,
            then=tuple(self.filled(s, moves) for s in statement.then),
            orelse=tuple(self.filled(s, moves) for s in statement.orelse),
            then_moves=first,
            else_moves=second,
        )

    def move(self, step: _Step) -> Move:
        source = self.buffers[step.source] if isinstance(step.source, _Class) else step.source
        return Move(source, self.buffers[step.target])


def _in_page(offset: int, place: int | None) -> int:
    """The first offset from this one on that lies at a place in its page."""
    return offset if place is None else offset + (place - offset) % _PAGE
