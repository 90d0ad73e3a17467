"""Pads and concatenations of parts whose size only the run knows: the parts are written into an array.

As formulas they would ask an empty part for an element, which may lie outside of all memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.builder import Builder
from ..ir.dims import Dim, is_static
from ..ir.graph import Block, Graph, Node, Span, Value
from ..ir.operation import OpTable
from ..ir.symbols import is_symbolic
from ..ir.types import ArrayType


def write_parts(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such pads and concatenations as updates; region by region."""
    if not is_symbolic(graph):
        return graph
    return Graph(graph.name, _Rewrite(ops).block(graph.block), graph.inputs, graph.outputs)


class _Rewrite:
    def __init__(self, ops: OpTable) -> None:
        self.ops = ops
        self.replaced: dict[Value, Value] = {}

    def block(self, block: Block) -> Block:
        """Recursion is over the nesting of regions."""
        b = Builder(self.ops)
        for node in block.nodes:
            b.loc, b.origin = node.loc, node.origin
            operands = tuple(self.replaced.get(v, v) for v in node.operands)
            if node.op.name in ("pad", "concatenate") and any(map(_is_symbolic, node.operands)):
                build = _padded if node.op.name == "pad" else _joined
                self.replaced[node.result] = build(b, node, operands)
                continue
            regions = tuple(self.block(r) for r in node.regions)
            b.nodes.append(Node(node.op, operands, node.attrs, node.results, regions, node.loc, node.origin))
        return b.block(block.params, [self.replaced.get(v, v) for v in block.results])


def _is_symbolic(value: Value) -> bool:
    return isinstance(value.type, ArrayType) and not is_static(value.type.shape)


def _padded(b: Builder, node: Node, operands: Sequence[Value]) -> Value:
    x, value = operands
    around = b.spread(value, node.result.array)
    at = tuple(Span(low, d) for low, d in zip(node.attrs["low"], x.shape, strict=True))
    return b.update(around, x, at=at)


def _joined(b: Builder, node: Node, operands: Sequence[Value]) -> Value:
    axis, joined = node.attrs["axis"], b.zeros(node.result.array)
    start: Dim = 0
    for part in operands:
        at = [Span(0, d) for d in part.shape]
        if isinstance(start, int):
            at[axis] = Span(start, part.shape[axis])
            joined = b.update(joined, part, at=tuple(at))
        else:
            at[axis] = Span(None, part.shape[axis])
            joined = b.update(joined, part, b.extent(size=start), at=tuple(at))
        start = start + part.shape[axis]
    return joined
