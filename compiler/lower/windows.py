"""Writes into arrays that exist only as a formula become formulas too, so that they can be fused.

`accumulate(zeros, part)` at a window of most of the array is `zeros + pad(part)`: one loop where
there would be a fill, and a pass over the array for each write.
"""

from __future__ import annotations

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Span, Value
from ..ir.operation import OpTable
from .inlining import is_array

_LEAST_PART = 0.5  # of the array, below which writing in place is less work


def open_windows(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such accumulations as sums of padded arrays; region by region."""
    return Graph(graph.name, _Rewrite(ops).block(graph.block), graph.inputs, graph.outputs)


class _Rewrite:
    def __init__(self, ops: OpTable) -> None:
        self.ops = ops
        self.replaced: dict[Value, Value] = {}
        self.formulas: set[Value] = set()  # the values after rewriting that no memory holds

    def block(self, block: Block) -> Block:
        """Recursion is over the nesting of regions."""
        b = Builder(self.ops)
        for node in block.nodes:
            b.loc, b.origin = node.loc, node.origin
            operands = tuple(self.replaced.get(v, v) for v in node.operands)
            if node.op.name == "accumulate" and operands[0] in self.formulas and _is_wide_window(node):
                self.replaced[node.result] = self.padded(b, node, operands)
                continue
            regions = tuple(self.block(r) for r in node.regions)
            b.nodes.append(Node(node.op, operands, node.attrs, node.results, regions, node.loc, node.origin))
            if node.op.name == "broadcast" and not is_array(operands[0]):
                self.formulas.add(node.result)
        return b.block(block.params, [self.replaced.get(v, v) for v in block.results])

    def padded(self, b: Builder, node: Node, operands: tuple[Value, ...]) -> Value:
        base, part = operands
        at, shape = node.attrs["at"], dims.static(node.result.shape)
        starts = [(e.start or 0) if isinstance(e, Span) else e for e in at]
        sizes = [e.size if isinstance(e, Span) else 1 for e in at]
        if tuple(sizes) != part.shape:
            part = b.reshape(part, shape=tuple(sizes))
        zero = b.literal(-part.dtype.numpy.type(0))  # for a float -0.0, which changes nothing it is added to
        high = tuple(d - s - n for d, s, n in zip(shape, starts, sizes, strict=True))
        found = b.add(base, b.pad(part, zero, low=tuple(starts), high=high))
        self.formulas.add(found)
        return found


def _is_wide_window(node: Node) -> bool:
    at, part = node.attrs["at"], node.operands[1]
    if not is_array(part) or any(e is None or (isinstance(e, Span) and _is_irregular(e)) for e in at):
        return False
    return dims.size(part.shape) >= _LEAST_PART * dims.size(node.result.shape) > 0


def _is_irregular(span: Span) -> bool:
    return span.start is None or span.step != 1 or span.size == 0
