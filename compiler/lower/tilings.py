"""Additions of parts that make up an array, each to its place, are one addition of the parts joined.

They are what slices of one array give in reverse. To zeros nothing is added: then the parts joined are all,
one loop in the place of a fill and a pass for each part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Graph, Node, Value, operations, uses
from ..ir.operation import OpTable
from ..passes.rewrite import Rewriter, rewrite
from .renewal import block_of, is_block


def join_tilings(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such additions as concatenations."""
    if "accumulate" not in operations(graph.block):
        return graph
    return rewrite(graph, _Chains(uses(graph.block)).visit, ops)


@dataclass(slots=True)
class _Chain:
    """Additions to an array, one after the other, while there may be elements that nothing was added to."""

    base: Value | None  # zeros are left out
    left: int
    nodes: list[Node] = field(default_factory=list)

    def and_(self, node: Node) -> _Chain:
        self.left -= dims.size(node.operands[1].shape)
        if self.left >= 0:
            self.nodes.append(node)
        return self


class _Chains:
    def __init__(self, uses: Mapping[Value, int]) -> None:
        self.uses = uses
        self.zeros: set[Value] = set()
        self.chains: dict[Value, _Chain] = {}  # by the last sum

    def visit(
        self, walked: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]
    ) -> tuple[Value] | None:
        self.note(node)
        joined = self.joined(walked, b, node)
        return None if joined is None else (joined,)

    def note(self, node: Node) -> None:
        """Remember zeros, and how often something has been added to them."""
        match node.op.name:
            case "constant" if not node.attrs["value"].array.any():
                self.zeros.add(node.result)
            case "broadcast" | "reshape" if node.operands[0] in self.zeros:
                self.zeros.add(node.result)
            case "accumulate" if is_block(node):
                base = node.operands[0]
                if base in self.chains and self.chains[base].left > 0 and self.uses[base] == 1:
                    self.chains[node.result] = self.chains.pop(base).and_(node)
                else:
                    chain = _Chain(None if base in self.zeros else base, dims.size(node.result.shape))
                    self.chains[node.result] = chain.and_(node)

    def joined(self, walked: Rewriter, b: Builder, node: Node) -> Value | None:
        chain = self.chains.get(node.results[0]) if len(node.results) == 1 else None
        if chain is not None and chain.base is not None and len(chain.nodes) == 1:
            return None  # it is added in place
        axis = _tiled_axis(chain.nodes) if chain is not None and chain.left == 0 else None
        if chain is None or axis is None:
            return None
        parts = []
        for each in sorted(chain.nodes, key=lambda n: block_of(n)[axis][0]):
            (part,) = walked.values(each.operands[1:2])
            sizes = tuple(size for _, size in block_of(each))
            parts.append(part if part.shape == sizes else b.reshape(part, shape=sizes))
        joined = parts[0] if len(parts) == 1 else b.concatenate(*parts, axis=axis)
        if chain.base is None:
            return joined
        return b.add(*walked.values((chain.base,)), joined)


def _tiled_axis(chain: Sequence[Node]) -> int | None:
    """The axis along which the parts of an array lie side by side, with nothing between."""
    shape, blocks = chain[0].result.shape, [block_of(n) for n in chain]
    cut = [k for k, size in enumerate(shape) if any(block[k] != (0, size) for block in blocks)]
    if len(cut) > 1 or not shape:
        return None
    axis = cut[0] if cut else 0
    end = 0
    for start, size in sorted(block[axis] for block in blocks):
        if start != end:
            return None
        end += size
    return axis if end == shape[axis] else None
