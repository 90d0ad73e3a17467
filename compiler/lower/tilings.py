"""Writes of parts that make up an array, each to its place, are the parts joined.

An array that is filled slice by slice is one loop then, not one for each slice. Additions are what
slices of one array give in reverse; they are one addition of the parts joined, and to zeros none at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Span, Value, operations, uses, walk
from ..ir.operation import OpTable
from ..passes.rewrite import Rewriter, rewrite
from .inlining import is_array
from .renewal import places_of
from .unread import without_unread


def join_tilings(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such writes as concatenations."""
    if not operations(graph.block) & {"update", "accumulate"}:
        return graph
    joined = rewrite(graph, _Chains(graph.block).visit, ops)
    return graph if joined is graph else without_unread(joined)


@dataclass(slots=True)
class _Chain:
    """Writes to an array, one after the other, while there may be elements that nothing was written to."""

    base: Value | None  # what is added to; zeros are left out
    left: int
    nodes: list[Node] = field(default_factory=list)

    def takes(self, node: Node) -> bool:
        """Tell whether a write may be one of these."""
        return self.left > 0 and self.nodes[0].op is node.op

    def and_(self, node: Node) -> _Chain:
        self.left -= dims.size(node.operands[1].shape)
        if self.left >= 0:
            self.nodes.append(node)
        return self


class _Chains:
    def __init__(self, block: Block) -> None:
        self.uses = uses(block)
        self.parts = Counter(n.operands[0] for n in walk(block) if n.op.name == "index")
        self.zeros: set[Value] = set()
        self.chains: dict[Value, _Chain] = {}  # by the last sum

    def visit(
        self, walked: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]
    ) -> tuple[Value] | None:
        self.note(node)
        joined = self.joined(walked, b, node)
        return None if joined is None else (joined,)

    def note(self, node: Node) -> None:
        """Remember zeros, and what has been written to an array."""
        match node.op.name:
            case "constant" if not node.attrs["value"].array.any():
                self.zeros.add(node.result)
            case "broadcast" | "reshape" if node.operands[0] in self.zeros:
                self.zeros.add(node.result)
            case "accumulate" if places_of(node):
                self.extend(node, self.uses[node.operands[0]])
            case "update" if is_array(node.operands[1]) and places_of(node):
                self.extend(node, self.uses[node.operands[0]] - self.parts[node.operands[0]])

    def extend(self, node: Node, reads: int) -> None:
        """Add a write to the chain of those before it, whose result has so many other reads, or begin one."""
        base = node.operands[0]
        if base in self.chains and self.chains[base].takes(node) and reads == 1:
            self.chains[node.result] = self.chains.pop(base).and_(node)
        else:
            nothing = node.op.name == "update" or base in self.zeros
            self.chains[node.result] = _Chain(None if nothing else base, dims.size(node.result.shape)).and_(
                node
            )

    def joined(self, walked: Rewriter, b: Builder, node: Node) -> Value | None:
        chain = self.chains.get(node.results[0]) if len(node.results) == 1 else None
        if chain is not None and chain.base is not None and len(chain.nodes) == 1:
            return None  # it is added in place
        axis = (
            _tiled_axis([_places(n) for n in chain.nodes], node.result.shape)
            if chain and not chain.left
            else None
        )
        if chain is None or axis is None:
            return None
        first = sorted(chain.nodes, key=lambda n: _places(n)[axis].start or 0)
        joined = _join(
            b, [walked.values(n.operands[1:2])[0] for n in first], [_places(n) for n in first], axis
        )
        joined = joined if joined.shape == node.result.shape else b.reshape(joined, shape=node.result.shape)
        if chain.base is None:
            return joined
        return b.add(*walked.values((chain.base,)), joined)


def _places(node: Node) -> list[Span]:
    places = places_of(node)
    assert places is not None, "a write is in a chain without known places"
    return places


def _join(b: Builder, parts: Sequence[Value], places: Sequence[Sequence[Span]], axis: int) -> Value:
    """Parts in order along an axis; in turns, along an axis of their own behind it."""
    in_turns = places[0][axis].step > 1
    shaped = []
    for part, place in zip(parts, places, strict=True):
        sizes = [span.size for span in place]
        shape = (*sizes[: axis + 1], 1, *sizes[axis + 1 :]) if in_turns else tuple(sizes)
        shaped.append(part if part.shape == shape else b.reshape(part, shape=shape))
    return shaped[0] if len(shaped) == 1 else b.concatenate(*shaped, axis=axis + in_turns)


def _tiled_axis(places: Sequence[Sequence[Span]], shape: dims.Shape) -> int | None:
    """The axis along which the parts of an array lie side by side, or in turns, with nothing between."""
    cut = [k for k, size in enumerate(shape) if any(place[k] != Span(0, size) for place in places)]
    if len(cut) > 1 or not shape:
        return None
    axis = cut[0] if cut else 0
    spans = sorted((place[axis] for place in places), key=lambda span: span.start or 0)
    if all(span.step == 1 for span in spans):
        ends = [0, *accumulate(span.size for span in spans)]
    else:
        ends = [*range(len(spans)), shape[axis]]
        if any((s.size * len(spans), s.step) != (shape[axis], len(spans)) for s in spans):
            return None
    return axis if [*(span.start for span in spans), shape[axis]] == ends else None
