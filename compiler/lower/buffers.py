"""The buffer plan: which arrays share memory, where it lies, and the copies that are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..ir import dims
from ..ir.graph import Graph, Node, Value
from ..ir.loops import carries
from .arena import lay_out
from .edges import Edge, MemoryClass, Step, edge, hold_together, in_order
from .inlining import Inlining, is_array
from .intervals import Interval, apart, insert
from .kernels import Branch, Buffer, Exchange, Loop, Memory, Move, Statement
from .lifetimes import Lifetimes
from .renewal import first_of
from .schedule import walk

_LOCAL_BYTES = 1024
_LOCAL_BYTES_IN_ALL = 1 << 16


@dataclass(frozen=True, slots=True)
class Plan:
    """Buffers of all arrays in memory, and the statements with their moves filled in."""

    body: tuple[Statement, ...]
    places: dict[Value, Buffer]
    scratch: dict[Node, Buffer]
    buffers: tuple[Buffer, ...]
    outputs: tuple[Move, ...]
    arena: int
    lives: dict[Buffer, tuple[Interval, ...]]
    donated: dict[int, int]


def plan_buffers(
    graph: Graph,
    body: tuple[Statement, ...],
    inlining: Inlining,
    lifetimes: Lifetimes,
    donated: Mapping[int, int],
) -> Plan:
    """Join the arrays that can share memory, lay out the arena and list the copies."""
    planner = _Planner(graph, inlining, lifetimes)
    planner.join_classes()
    planner.give(donated)
    edges = {id(s): planner.edges_of(s) for s in walk(body) if isinstance(s, Loop | Branch)}
    moving = hold_together([second for _, second in edges.values()])
    planner.assign(moving)
    return planner.plan(body, edges)


class _Planner:
    def __init__(self, graph: Graph, inlining: Inlining, lifetimes: Lifetimes) -> None:
        self.graph = graph
        self.inlining = inlining
        self.lifetimes = lifetimes
        self.classes: dict[Value, MemoryClass] = {}
        self.extra: list[MemoryClass] = []
        self.scratch: dict[Node, MemoryClass] = {}
        self.buffers: dict[MemoryClass, Buffer] = {}
        self.arena = 0
        self.donated: dict[int, int] = {}
        for value, intervals in lifetimes.intervals.items():
            self.classes[value] = MemoryClass(
                value.dtype,
                lifetimes.blocks.get(value, dims.room(value.shape)),
                sorted(intervals),
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
        carried = {self.class_of(param) for param, _ in self.lifetimes.bound}

        def is_free(a: Value, b: Value) -> bool:
            left, right = self.class_of(a), self.class_of(b)
            return not (left.is_small or left in carried or right in carried)

        for a, b in self.lifetimes.replaced:
            if is_free(a, b):
                self.join(a, b)
        for a, b, time in self.lifetimes.taken_over:
            if is_free(a, b):
                self.take_over(a, b, time)

    def take_over(self, a: Value, b: Value, time: int) -> None:
        """Let `b`, made at a time, have the memory of `a` from then on if that is the last time of `a`."""
        left, right = self.class_of(a), self.class_of(b)
        if left is right or left.fixed or right.fixed:
            return
        last = self.lifetimes.intervals[self.inlining.canonical(a)][-1]
        here = [m for m in left.members if any(i[0] <= time <= i[1] for i in self.lifetimes.intervals[m])]
        if last[1] != time or last[0] == time or here != [self.inlining.canonical(a)]:
            return
        before = [i if i[1] != time else (i[0], time - 1) for i in left.intervals]
        if _fit_together(replace(left, intervals=before), right):
            left.intervals[:] = before
            self.merge(left, right)

    def join(self, a: Value, b: Value) -> bool:
        """Let two values share memory where their lifetimes allow it."""
        left, right = self.class_of(a), self.class_of(b)
        if left is right:
            return True
        if left.fixed or right.fixed or not _fit_together(left, right):
            return False
        if len(left.members) < len(right.members):
            left, right = right, left
        self.merge(left, right)
        return True

    def merge(self, left: MemoryClass, right: MemoryClass) -> None:
        for interval in right.intervals:
            insert(left.intervals, interval)
        left.held += right.held
        left.members += right.members
        self.classes.update(dict.fromkeys(right.members, left))

    def class_of(self, value: Value) -> MemoryClass:
        return self.classes[self.inlining.canonical(value)]

    # Donated inputs.

    def give(self, donated: Mapping[int, int]) -> None:
        """Let outputs have the memory of inputs: in place where lifetimes allow it, else copied there last.

        What loops carry is left out of it: its memory may have changed places by the end.
        """
        carried = {self.class_of(param) for param, _ in self.lifetimes.bound}
        returned = {self.class_of(value) for value in self.graph.block.results if is_array(value)}
        for k, output in donated.items():
            given = self.classes[self.graph.block.params[k]]
            result = self.class_of(self.graph.block.results[output])
            if given is not result and given in returned:
                continue  # it must outlast the making of the output
            place = Buffer(Memory.OUTPUT, output, given.dtype, given.count, output)
            free = result.fixed is None and result not in carried and result not in self.buffers
            if given is not result and free and _fit_together(result, given):
                self.merge(result, given)
                self.buffers[result] = place
            else:
                given.fixed = place
            self.donated[k] = output

    # Copies.

    def edges_of(self, statement: Loop | Branch) -> tuple[Edge, Edge]:
        """Where a loop begins and where a turn of it ends, or the ends of two branches."""
        node = statement.node
        if not isinstance(statement, Loop):
            then, orelse = (self.copies(region.results, node.results) for region in node.regions)
            return then, orelse
        carried = [c for c in carries(node) if is_array(c.param)]
        begin = 2 * self.lifetimes.times[node] + 1

        def is_free(value: Value) -> bool:
            return self.lifetimes.intervals[self.inlining.canonical(value)][0][0] > begin

        pairs = [(c.yielded, self.class_of(c.yielded), self.class_of(c.param)) for c in carried]
        end = edge(pairs, is_free)
        entry = self.copies([c.init for c in carried], [c.param for c in carried])
        return entry, replace(end, steps=in_order(end.steps, self.class_of, self.spare))

    def copies(self, sources: Sequence[Value], targets: Sequence[Value]) -> Edge:
        """The copies, in order, that put arrays where others are to lie."""
        pairs = [(s, self.class_of(t)) for s, t in zip(sources, targets, strict=True) if is_array(s)]
        steps = [Step(s, target) for s, target in pairs if self.class_of(s) is not target]
        return Edge({}, in_order(steps, self.class_of, self.spare))

    def spare(self, like: MemoryClass) -> MemoryClass:
        spare = MemoryClass(like.dtype, like.count, list(like.intervals), list(like.held))
        self.extra.append(spare)
        return spare

    # Memory.

    def assign(self, moving: set[MemoryClass]) -> None:
        """Give every class its buffer: an output's, a stack slot, or a place in the arena.

        Those that are `moving` change places, so the last of them may be anywhere in the arena. Small ones
        that loops carry are copied to the output at the end: until then they can be in registers.
        """
        carried = {self.class_of(param) for param, _ in self.lifetimes.bound}
        beside = moving | {c for c in carried if c.is_small}
        for node, (dtype, count, t) in self.lifetimes.scratch.items():
            self.scratch[node] = MemoryClass(dtype, count, [(2 * t, 2 * t + 1)])
        for k, value in enumerate(self.graph.block.results):
            if is_array(value) and k not in self.donated.values():
                found = self.class_of(value)
                if found not in self.buffers and found.fixed is None and found not in beside:
                    self.buffers[found] = Buffer(Memory.OUTPUT, k, found.dtype, found.count, k)
        blocks = {self.class_of(value) for value in self.lifetimes.blocks}
        every = dict.fromkeys([*self.classes.values(), *self.extra, *self.scratch.values()])
        local, large, number = 0, [], 0
        for found in every:
            if found.fixed is not None:
                self.buffers[found] = found.fixed
            elif found in self.buffers:
                continue
            elif found in blocks:
                self.buffers[found] = Buffer(Memory.LOCAL, number, found.dtype, found.count)
                number += 1
            elif found not in moving and found.bytes <= min(_LOCAL_BYTES, _LOCAL_BYTES_IN_ALL - local):
                local += found.bytes
                self.buffers[found] = Buffer(Memory.LOCAL, number, found.dtype, found.count)
                number += 1
            else:
                large.append(found)
        self.align_blocks()
        self.arena = lay_out(large, number, self.buffers)

    def align_blocks(self) -> None:
        """Let the block that an update writes begin where a vector does: its turns write nothing else."""
        for node in self.inlining.renewed:
            start = first_of(node)
            for value in (node.operands[0], node.result):
                self.class_of(value).lead = start * value.dtype.numpy.itemsize

    # The result.

    def plan(self, body: tuple[Statement, ...], edges: Mapping[int, tuple[Edge, Edge]]) -> Plan:
        places = {v: self.buffers[c] for v, c in self.classes.items()}
        places |= {v: places[self.inlining.canonical(v)] for v in self.inlining.aliases}
        outputs = []
        for k, value in enumerate(self.graph.block.results):
            if is_array(value) and places[value] != Buffer(
                Memory.OUTPUT, k, value.dtype, dims.room(value.shape), k
            ):
                outputs.append(Move(value, Buffer(Memory.OUTPUT, k, value.dtype, dims.room(value.shape), k)))
        return Plan(
            tuple(self.filled(s, edges) for s in body),
            places,
            {n: self.buffers[c] for n, c in self.scratch.items()},
            tuple(dict.fromkeys(self.buffers.values())),
            tuple(outputs),
            self.arena,
            {b: tuple(c.intervals) + tuple((2 * t, 2 * t) for t in c.held) for c, b in self.buffers.items()},
            self.donated,
        )

    def filled(self, statement: Statement, edges: Mapping[int, tuple[Edge, Edge]]) -> Statement:
        if not isinstance(statement, Loop | Branch):
            return statement
        first, second = (tuple(map(self.move, each.steps)) for each in edges[id(statement)])
        if isinstance(statement, Loop):
            taken = edges[id(statement)][1].taken
            return replace(
                statement,
                body=tuple(self.filled(s, edges) for s in statement.body),
                entry=first,
                exchanges=tuple(Exchange(self.buffers[s], self.buffers[t]) for t, s in taken.items()),
                back=second,
            )
        return replace(
            statement,
            then=tuple(self.filled(s, edges) for s in statement.then),
            orelse=tuple(self.filled(s, edges) for s in statement.orelse),
            then_moves=first,
            else_moves=second,
        )

    def move(self, step: Step) -> Move:
        source = self.buffers[step.source] if isinstance(step.source, MemoryClass) else step.source
        return Move(source, self.buffers[step.target])


def _fit_together(a: MemoryClass, b: MemoryClass) -> bool:
    """Tell whether one buffer can hold both, one after the other."""
    if (a.dtype, a.count) != (b.dtype, b.count):
        return False
    return apart(a.intervals, b.intervals)
