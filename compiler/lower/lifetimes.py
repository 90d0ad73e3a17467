"""When each array must stay in memory, in a numbering of the program's statements.

Statement t reads at 2t and writes at 2t + 1. A read that must be over before the first write may
touch the write's memory counts at 2t, so "ends before the other begins" means "may share memory".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..ir import dims
from ..ir.graph import Block, Graph, Node, Value
from ..ir.loops import carries
from ..ir.types import DType
from .accesses import record
from .accumulators import accumulator_dtype, needs_wide
from .inlining import WRITERS, Inlining, blocks, is_array, is_data
from .intervals import Interval
from .kernels import Access, Band, Branch, Loop, Nest, Root, Scalars, Single, Statement
from .renewal import part_reads_own_place
from .storing import nest_reads, node_reads
from .taking_over import taken_over

_Loops = tuple[int, ...]


@dataclass(slots=True)
class Lifetimes:
    """Intervals by canonical value; `wishes` are pairs that would rather be one buffer, most urgent first."""

    intervals: dict[Value, list[Interval]] = field(default_factory=dict)
    bound: list[tuple[Value, Value]] = field(default_factory=list)  # a loop's parameter and result
    wishes: list[tuple[Value, Value]] = field(default_factory=list)
    replaced: list[tuple[Value, Value]] = field(default_factory=list)  # read and stored at the same indices
    taken_over: list[tuple[Value, Value, int]] = field(
        default_factory=list
    )  # the same for these two alone, at some time, if the first one is not read after it
    held: dict[Value, list[int]] = field(
        default_factory=dict
    )  # statements where memory must be there besides
    times: dict[Node, int] = field(default_factory=dict)
    scratch: dict[Node, tuple[DType, int, int]] = field(default_factory=dict)  # dtype, elements, statement
    blocks: dict[Value, int] = field(
        default_factory=dict
    )  # elements of arrays that have memory for some rows
    aliased_pops: set[Node] = field(default_factory=set)  # whose element is read where it lies


def find_lifetimes(graph: Graph, body: Sequence[Statement], inlining: Inlining) -> Lifetimes:
    """Number the statements and return the lifetimes of all arrays."""
    found = _Numbering(graph, inlining).run(body)
    for block in blocks(graph.block):
        found.aliased_pops.update(_aliased_pops(block))
    return found


def _aliased_pops(block: Block) -> list[Node]:
    """The pops of arrays that can be read where they lie, because nothing is pushed over them."""
    inner = [node for each in blocks(block) for node in each.nodes]
    pushed = {node.results[0].type for node in inner if node.op.name == "push"}
    return [n for n in block.nodes if n.op.name == "pop" and n.operands[0].type not in pushed]


class _Numbering:
    def __init__(self, graph: Graph, inlining: Inlining) -> None:
        self.graph = graph
        self.inlining = inlining
        self.found = Lifetimes()
        self.clock = 0
        self.loops: _Loops = ()
        self.defined: dict[Value, tuple[int, _Loops]] = {}
        self.uses: dict[Value, list[tuple[int, _Loops]]] = {}
        self.ends: dict[int, int] = {}
        self.branches: list[tuple[Interval, Interval]] = []  # the times of both arms of each branch
        self.wishes: list[tuple[int, Value, Value]] = []

    def run(self, body: Sequence[Statement]) -> Lifetimes:
        data = [value for value, node in self.inlining.producers.items() if is_data(node)]
        for value in (*self.graph.block.params, *data):
            self.define(value, -1)
        self.visit(body)
        for value in self.graph.block.results:
            self.use(value, 2 * self.clock + 1)
        for value, (start, loops) in self.defined.items():
            if value not in self.uses and self.is_checked(value):
                continue
            uses = [self.end_of(t, at, loops) for t, at in self.uses.get(value, ())]
            self.found.intervals[value] = self.live(start, uses)
        self.found.wishes = [(a, b) for _, a, b in sorted(self.wishes, key=lambda w: -w[0])]
        return self.found

    def is_checked(self, value: Value) -> bool:
        """Tell whether a value comes from a check of indices, which can do without its memory."""
        node = self.inlining.producers.get(value)
        return node is not None and node.op.name == "check_index"

    def end_of(self, time: int, at: _Loops, loops: _Loops) -> int:
        """A use inside a loop that the value was not defined in lasts to the loop's end."""
        outside = [loop for loop in at if loop not in loops]
        return max(time, 2 * self.ends[outside[0]] + 1) if outside else time

    def live(self, start: int, uses: Sequence[int]) -> list[Interval]:
        """The times when a value is needed.

        A value from before a branch that no one needs after it is dead in each arm from its last use
        there on, though the other arm, which comes later in the numbering, may still use it.
        """
        end = max(uses, default=start)
        intervals = [(start, max(start, end))]
        for arms in self.branches:
            if not (start < arms[0][0] and arms[0][1] < end <= arms[1][1]):
                continue
            for first, last in arms:
                dead = max((t for t in uses if first <= t <= last), default=first) + 1
                intervals = [part for x in intervals for part in _without(x, (dead, last))]
        return intervals

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def define(self, value: Value, time: int) -> None:
        if is_array(value) and self.inlining.canonical(value) is value:
            self.defined[value] = time, self.loops

    def use(self, value: Value, time: int) -> None:
        if is_array(value):
            self.uses.setdefault(self.inlining.canonical(value), []).append((time, self.loops))

    def wish(self, a: Value, b: Value) -> None:
        if is_array(a):
            self.wishes.append((len(self.loops), self.inlining.canonical(a), self.inlining.canonical(b)))

    def visit(self, body: Sequence[Statement]) -> None:
        for statement in body:
            t = self.tick()
            match statement:
                case Nest():
                    self.visit_nest(statement, t)
                case Band():
                    self.visit_band(statement, t)
                case Scalars(nodes):
                    for node in nodes:
                        self.visit_reads(node, t)
                case Single(node):
                    self.visit_single(node, t)
                case Loop():
                    self.visit_loop(statement, t)
                case Branch():
                    self.visit_branch(statement)

    def visit_reads(self, node: Node, t: int) -> None:
        for read in node_reads(node, self.inlining):
            self.use(read.value, 2 * t + 1)

    def visit_band(self, band: Band, t: int) -> None:
        """All that the nests of a band touch is there at once."""
        for nest in band.nests:
            for read in nest_reads(nest.space, nest.roots, self.inlining):
                self.use(read.value, 2 * t + 1)
            for root in nest.roots:
                self.found.times[root.node] = t
                self.note_scratch(nest, root, t)
                self.define(root.result, 2 * t + 1)
        self.found.blocks.update({v: band.step * (dims.room(v.shape) // band.count) for v in band.rows})
        pairs = taken_over(band, self.inlining, self.graph.block.results)
        self.found.taken_over += [(a, b, 2 * t + 1) for a, b in pairs]

    def visit_nest(self, nest: Nest, t: int) -> None:
        stored = [r.result for r in nest.roots if r.access is Access.STORE and r.domain is None]
        for read in nest_reads(nest.space, nest.roots, self.inlining):
            in_place = read.here and not any(_could_overwrite(r, read.value) for r in nest.roots)
            if not (
                nest.roots[0].access is Access.PUT and self.reads_own_place(nest.roots[0].node, read.value)
            ):
                self.use(read.value, 2 * t + (0 if in_place else 1))
            if in_place:
                self.found.replaced += [(self.inlining.canonical(read.value), b) for b in stored]
        for root in nest.roots:
            node = root.node
            self.found.times[node] = t
            if root.access is Access.PUT:
                self.visit_writer(node, t)
            elif root.access is Access.RENEW:
                self.use(node.operands[0], 2 * t + 1)
            else:
                self.note_scratch(nest, root, t)
            for result in node.results:
                self.define(result, 2 * t + 1)

    def note_scratch(self, nest: Nest, root: Root, t: int) -> None:
        """What a reduction needs besides its result: parts of it by chunk, or a wide accumulator."""
        node = root.node
        if nest.is_cut(root):
            assert nest.split is not None
            count = nest.split.chunks * dims.room(node.result.shape)
            self.found.scratch[node] = accumulator_dtype(node), count, t
        elif root.access is Access.REDUCE and needs_wide(node, nest.space):
            self.found.scratch[node] = DType.F64, dims.room(node.result.shape), t

    def reads_own_place(self, node: Node, value: Value) -> bool:
        base = self.inlining.canonical(node.operands[0])
        return self.inlining.canonical(value) is base and part_reads_own_place(self.inlining, node)

    def visit_writer(self, node: Node, t: int) -> None:
        self.use(node.operands[0], 2 * t)
        self.wish(node.operands[0], node.results[0])

    def visit_single(self, node: Node, t: int) -> None:
        self.found.times[node] = t
        if node.op.name in WRITERS:
            for operand in node.operands[1:]:
                self.visit_operand(operand, t)
            self.visit_writer(node, t)
        else:
            self.visit_reads(node, t)
        for result in node.results:
            self.define(result, 2 * t + 1)

    def visit_operand(self, operand: Value, t: int) -> None:
        if is_array(operand):
            inlining = self.inlining
            for read in record(inlining.producers, inlining.is_root, [operand], operand.shape).reads:
                self.use(read.value, 2 * t + 1)

    def visit_loop(self, loop: Loop, t: int) -> None:
        node = loop.node
        carried = carries(node)
        self.found.times[node] = t
        for c in carried:
            self.use(c.init, 2 * t)
            self.wish(c.init, c.param)
        self.loops = (*self.loops, t)
        for c in carried:
            self.define(c.param, 2 * t + 1)
        self.visit(loop.body)
        end = self.ends[t] = self.tick()
        for c in carried:
            self.use(c.yielded, 2 * end)
            self.wish(c.yielded, c.param)
            if is_array(c.param):
                self.found.bound.append((c.param, c.result))
        self.loops = self.loops[:-1]
        for result in node.results:
            self.define(result, 2 * end + 1)

    def visit_branch(self, branch: Branch) -> None:
        node = branch.node
        ends, arms = [], []
        for body, region in ((branch.then, node.regions[0]), (branch.orelse, node.regions[1])):
            start = 2 * self.tick()
            self.visit(body)
            ends.append(self.tick())
            arms.append((start, 2 * ends[-1] + 1))
            for value, result in zip(region.results, node.results, strict=True):
                self.use(value, 2 * ends[-1])
                self.wish(value, result)
        self.branches.append((arms[0], arms[1]))
        join = self.tick()
        for result in node.results:
            self.define(result, 2 * join + 1)
            if is_array(result):
                self.found.held.setdefault(result, []).extend(ends)


def _reads_before_it_writes(root: Root) -> bool:
    """Tell whether what a root overwrites at an index, it and the others have read there before."""
    in_register = root.access is Access.REDUCE and not is_array(root.result)
    return root.domain is None and (in_register or root.access in (Access.STORE, Access.PUSH))


def _could_overwrite(root: Root, value: Value) -> bool:
    """Tell whether a root, in the memory of an array, would overwrite what is still to be read."""
    if _reads_before_it_writes(root):
        return False
    same_size = (root.result.dtype, dims.room(root.result.shape)) == (value.dtype, dims.room(value.shape))
    return same_size or root.domain is not None


def _without(interval: Interval, hole: Interval) -> list[Interval]:
    """The parts of an interval that are left beside a hole."""
    (start, end), (first, last) = interval, hole
    parts = [(start, min(end, first - 1)), (max(start, last + 1), end)]
    return [(a, b) for a, b in parts if a <= b]
