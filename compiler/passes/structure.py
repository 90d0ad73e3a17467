"""Where the values of a graph live: the region and the node that define each, and what regions capture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..ir.dims import Symbol
from ..ir.graph import Block, Graph, Node, Value
from ..ir.loops import carries, is_loop
from ..ir.symbols import BIND, bound_by, implied
from ..ir.types import StackType
from .loops import known_range


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A block that a node owns, and the region around it (None: the outermost block)."""

    block: Block
    owner: Node
    parent: Region | None

    @property
    def is_loop_body(self) -> bool:
        return is_loop(self.owner)

    @property
    def in_loop(self) -> bool:
        """Whether it can run more than once."""
        return any(r.is_loop_body for r in self.path())

    def path(self) -> Iterator[Region]:
        """Yield this region, then those around it, from the inside out."""
        region: Region | None = self
        while region is not None:
            yield region
            region = region.parent


@dataclass(frozen=True, slots=True)
class Structure:
    """What passes ask about the values and regions of one graph.

    Attributes
    ----------
    definition
        The node that defines each value; block parameters have none.
    home
        The region that each value is defined in; values of the outermost block have none.
    regions
        The region of each block, in program order (an outer one before those inside it).
    captures
        What each region reads of the scopes around it, in order of first use.
    unchanged
        For a carried parameter or result of a region that is always a value from outside it: that value.
    implied
        The sizes that each node reads besides its operands.
    bindings
        The size that a symbol is bound to in a region.
    settled
        The reads in loops that could as well be made of an array that the loop leaves behind, and of which.
    """

    definition: dict[Value, Node] = field(default_factory=dict)
    home: dict[Value, Region] = field(default_factory=dict)
    regions: dict[Block, Region] = field(default_factory=dict)
    captures: dict[Block, tuple[Value, ...]] = field(default_factory=dict)
    unchanged: dict[Value, Value] = field(default_factory=dict)
    implied: Mapping[Node, tuple[Value, ...]] = field(default_factory=dict)
    bindings: dict[tuple[Symbol, Region | None], Value] = field(default_factory=dict)
    settled: dict[Node, Value] = field(default_factory=dict)

    @staticmethod
    def of(graph: Graph) -> Structure:
        structure = Structure(implied=implied(graph.block))
        structure._scan(graph.block, None)
        return structure

    def _scan(self, block: Block, region: Region | None) -> None:
        if region is not None:
            self.home.update(dict.fromkeys(block.params, region))
        for node in block.nodes:
            for result in node.results:
                self.definition[result] = node
            if region is not None:
                self.home.update(dict.fromkeys(node.results, region))
            if node.op.name == BIND:
                self.bindings[bound_by(node), region] = node.results[0]
            for inner in node.regions:
                self.regions[inner] = Region(inner, node, region)
                self._scan(inner, self.regions[inner])
            if node.regions:
                self._find_unchanged(node)
        if region is not None:
            self.captures[block] = self._captured(block)

    def _captured(self, block: Block) -> tuple[Value, ...]:
        here = set(block.params)
        found: dict[Value, None] = {}
        for node in block.nodes:
            found.update((v, None) for v in node.operands if v not in here)
            found.update((v, None) for v in self.implied.get(node, ()) if v not in here)
            for inner in node.regions:
                found.update((v, None) for v in self.captures[inner] if v not in here)
            here.update(node.results)
        found.update((v, None) for v in block.results if v not in here)
        return tuple(found)

    def all_reads(self, node: Node) -> list[Value]:
        """Return what a node reads, also in its regions."""
        captured = (v for region in node.regions for v in self.captures[region])
        return [*node.operands, *self.implied.get(node, ()), *captured]

    def bound_in(self, region: Region, symbols: Iterable[Symbol]) -> Iterator[Value]:
        """Yield what a region itself binds some of its symbols to."""
        for symbol in symbols:
            value = self.bindings.get((symbol, region))
            if value is not None:
                yield value

    def turns(self, region: Region, around: Region | None) -> int:
        """Return how often `region` is known to run in a run of `around`, which holds it; at least 1."""
        count = 1
        for inner in region.path():
            if inner is around:
                break
            turns = known_range(self.definition, inner.owner)
            count *= max(len(turns), 1) if turns is not None else 1
        return count

    def again(self, node: Node) -> Node:
        """Return a node as the backward pass would run it again."""
        if node not in self.settled:
            return node
        operands = (self.settled[node], *node.operands[1:])
        return Node(node.op, operands, node.attrs, node.results, (), node.loc, node.origin)

    def reads(self, node: Node) -> tuple[Value, ...]:
        """Return what running a node again would read."""
        return (*map(self.source, self.again(node).operands), *self.implied.get(node, ()))

    def source(self, value: Value) -> Value:
        """Return the outermost value that `value` is known to equal."""
        while value in self.unchanged:
            value = self.unchanged[value]
        return value

    def _find_unchanged(self, node: Node) -> None:
        if is_loop(node):
            for c in carries(node):
                if self.source(c.yielded) in (c.param, self.source(c.init)) and not _is_stack(c.init):
                    self.unchanged[c.param] = self.unchanged[c.result] = c.init
            return
        inside = [self.regions[block] for block in node.regions]
        for result, *yields in zip(node.results, *(region.results for region in node.regions), strict=True):
            first, *others = map(self.source, yields)
            outside = self.home.get(first) not in inside
            if outside and all(v is first for v in others) and not _is_stack(result):
                self.unchanged[result] = first


def _is_stack(value: Value) -> bool:
    return isinstance(value.type, StackType)
