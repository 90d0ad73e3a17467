"""Where the values of a graph live: the region and the node that define each, and what regions capture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..ir.graph import Block, Graph, Node, Value
from ..ir.types import StackType


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A block that a node owns, and the region around it (None: the outermost block)."""

    block: Block
    owner: Node
    parent: Region | None

    @property
    def is_loop_body(self) -> bool:
        return self.owner.op.name == "for"

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
    """

    definition: dict[Value, Node] = field(default_factory=dict)
    home: dict[Value, Region] = field(default_factory=dict)
    regions: dict[Block, Region] = field(default_factory=dict)
    captures: dict[Block, tuple[Value, ...]] = field(default_factory=dict)
    unchanged: dict[Value, Value] = field(default_factory=dict)

    @staticmethod
    def of(graph: Graph) -> Structure:
        structure = Structure()
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
            for inner in node.regions:
                found.update((v, None) for v in self.captures[inner] if v not in here)
            here.update(node.results)
        found.update((v, None) for v in block.results if v not in here)
        return tuple(found)

    def source(self, value: Value) -> Value:
        """Return the outermost value that `value` is known to equal."""
        while value in self.unchanged:
            value = self.unchanged[value]
        return value

    def _find_unchanged(self, node: Node) -> None:
        if node.op.name == "for":
            (body,), inits = node.regions, node.operands[3:]
            same = zip(body.params[1:], node.results, body.results, inits, strict=True)
            for param, result, yielded, init in same:
                if self.source(yielded) in (param, self.source(init)) and not _is_stack(init):
                    self.unchanged[param] = self.unchanged[result] = init
            return
        for result, *yields in zip(node.results, *(region.results for region in node.regions), strict=True):
            first, *others = map(self.source, yields)
            if all(v is first for v in others) and not _is_stack(result):
                self.unchanged[result] = first


def _is_stack(value: Value) -> bool:
    return isinstance(value.type, StackType)
