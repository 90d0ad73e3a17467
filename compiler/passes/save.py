"""The primal with what it saves for the backward pass: pushes in loops, extra results of `if` elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..ir.builder import Builder
from ..ir.graph import Block, Loc, Node, Value
from ..ir.loops import heads, is_loop
from ..ir.operation import OpTable
from ..ir.types import StackType
from .loops import known_range, trip_count
from .residuals import Saved, Threads
from .structure import Region, Structure


@dataclass(slots=True)
class _Inside:
    """A block being rebuilt: the stacks that pass through it and the values handed out of it."""

    b: Builder
    stacks: Threads = field(default_factory=dict)
    handed_out: dict[Saved, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saver:
    """Rebuilds the nodes of the primal around the values to save; all else is kept as it is.

    Stacks are made before the outermost node that pushes on them and passed through every region on the
    way, so nested loops need no stacks of stacks: reversed loops pop in exactly the opposite order.
    """

    ops: OpTable
    structure: Structure
    saved: Mapping[Block, Sequence[Saved]]
    touched: frozenset[Block]
    final: Threads  # the stacks as they enter the backward pass

    @staticmethod
    def of(ops: OpTable, structure: Structure, saved: Iterable[Saved], final: Threads) -> Saver:
        by_block: dict[Block, list[Saved]] = {}
        for s in saved:
            by_block.setdefault(s.region.block, []).append(s)
        touched = frozenset(r.block for block in by_block.values() for s in block for r in s.region.path())
        return Saver(ops, structure, by_block, touched, final)

    def nodes(self, nodes: Sequence[Node]) -> list[Node]:
        """Return the nodes of the outermost block, saving what is to be saved."""
        b = Builder(self.ops)
        for node in nodes:
            if self.touched.isdisjoint(node.regions):
                b.nodes.append(node)
                continue
            inside = _Inside(Builder(self.ops))
            self._node(inside, node, outermost=True)
            self._new_stacks(b, inside.stacks)
            b.nodes.extend(inside.b.nodes)
        return b.nodes

    def _new_stacks(self, b: Builder, stacks: Threads) -> None:
        capacity: dict[Region, Value] = {}
        for saved, (entering, _) in stacks.items():
            b.loc = self._location(saved)
            if saved.region not in capacity:
                capacity[saved.region] = self._capacity(b, saved.region)
            attrs = {"element": saved.type}
            b.nodes.append(
                Node(self.ops["stack_new"], (capacity[saved.region],), attrs, (entering,), (), b.loc)
            )

    def _capacity(self, b: Builder, region: Region) -> Value:
        """Build the number of pushes, where it is known before the outermost loop, or a part of it.

        Nothing is known of a `while`: its stacks grow.
        """
        known, counts = 1, list[Value]()
        for loop in (r.owner for r in region.path() if r.is_loop_body):
            turns = known_range(self.structure.definition, loop)
            bounds = heads(loop) if loop.op.name == "for" else ()
            if turns is not None:
                known *= len(turns)
            elif bounds and not any(v in self.structure.home for v in bounds):
                counts.append(trip_count(b, *bounds))
        capacity = b.int64(known) if known != 1 or not counts else counts.pop()
        for count in counts:
            capacity = b.multiply(capacity, count)
        return capacity

    def _location(self, saved: Saved) -> Loc | None:
        node = self.structure.definition.get(saved.value, saved.region.owner)
        return node.loc

    def _block(self, block: Block) -> _Inside:
        inside = _Inside(Builder(self.ops))
        saved = {s.value: s for s in self.saved.get(block, ())}
        self._keep(inside, saved, block.params)
        for node in block.nodes:
            if self.touched.isdisjoint(node.regions):
                inside.b.nodes.append(node)
            else:
                self._node(inside, node, outermost=False)
            self._keep(inside, saved, node.results)
        return inside

    def _keep(self, inside: _Inside, saved: Mapping[Value, Saved], values: Iterable[Value]) -> None:
        for s in (saved[v] for v in values if v in saved):
            if not s.on_stack:
                inside.handed_out[s] = s.value
                continue
            entering, leaving = Value(StackType(s.type)), Value(StackType(s.type))
            push = Node(self.ops["push"], (entering, s.value), {}, (leaving,), (), self._location(s))
            inside.b.nodes.append(push)
            inside.stacks[s] = entering, leaving

    def _node(self, around: _Inside, node: Node, outermost: bool) -> None:
        if is_loop(node):
            self._loop(around, node, outermost)
        else:
            self._if(around, node, outermost)

    def _leaving(self, saved: Saved, outermost: bool) -> Value:
        return self.final[saved][0] if outermost else Value(StackType(saved.type))

    def _loop(self, around: _Inside, node: Node, outermost: bool) -> None:
        (body,) = node.regions
        inside = self._block(body)
        entering, leaving = _ends(inside.stacks.values())
        before = tuple(Value(v.type) for v in entering)
        after = tuple(self._leaving(s, outermost) for s in inside.stacks)
        region = Block(body.params + entering, tuple(inside.b.nodes), body.results + leaving)
        operands, results = node.operands + before, node.results + after
        around.b.nodes.append(Node(node.op, operands, node.attrs, results, (region,), node.loc, node.origin))
        around.stacks.update(zip(inside.stacks, zip(before, after, strict=True), strict=True))

    def _if(self, around: _Inside, node: Node, outermost: bool) -> None:
        branches = [self._block(region) for region in node.regions]
        stacks = {s: thread[0] for branch in branches for s, thread in branch.stacks.items()}
        handed_out = {s: None for branch in branches for s in branch.handed_out}
        regions = []
        for branch, region in zip(branches, node.regions, strict=True):
            left = tuple(branch.stacks[s][1] if s in branch.stacks else stacks[s] for s in stacks)
            given = tuple(branch.handed_out.get(s) or branch.b.zeros(s.type) for s in handed_out)
            regions.append(Block((), tuple(branch.b.nodes), region.results + left + given))
        after = tuple(self._leaving(s, outermost) for s in stacks)
        named = tuple(s.restored if outermost else Value(s.type) for s in handed_out)
        results = node.results + after + named
        around.b.nodes.append(
            Node(node.op, node.operands, node.attrs, results, tuple(regions), node.loc, node.origin)
        )
        around.stacks.update(zip(stacks, zip(stacks.values(), after, strict=True), strict=True))
        around.handed_out.update(zip(handed_out, named, strict=True))


def _ends(threads: Iterable[tuple[Value, Value]]) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    pairs = list(threads)
    return tuple(entering for entering, _ in pairs), tuple(leaving for _, leaving in pairs)
