"""Checks of many indices become one flag, which can be computed where the indices are used.

The flag tells whether any index is out of range. What is read with such an index meanwhile is the first
element, and nobody sees it: if the flag is set, a loop over the indices ends the run at the first bad one.
"""

from __future__ import annotations

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, walk
from ..ir.operation import OpTable
from .inlining import is_array

_LEAST = 1 << 12  # indices: fewer are in a cache, and are checked before they are used


def flag_bad_indices(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such flags; region by region."""
    if not any(map(_is_large_check, walk(graph.block))):
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
            if _is_large_check(node):
                self.replaced[node.result] = _flagged(b, node, operands[0])
                continue
            regions = tuple(self.block(r) for r in node.regions)
            b.nodes.append(Node(node.op, operands, node.attrs, node.results, regions, node.loc, node.origin))
        return b.block(block.params, [self.replaced.get(v, v) for v in block.results])


def _flagged(b: Builder, node: Node, index: Value) -> Value:
    size = node.attrs["size"]
    low, high, zero = (b.like(index, k) for k in (-size, size, 0))
    outside = b.logical_or(b.less(index, low), b.greater_equal(index, high))
    ends, goes_on = b.nested(), b.nested()
    ends.nodes.append(Node(node.op, (index,), node.attrs, node.results, (), node.loc, node.origin))
    bad = b.any(outside, axes=tuple(range(len(index.shape))))
    b.emit("if", bad, regions=[ends.block((), ()), goes_on.block((), ())])
    wrapped = b.where(b.less(index, zero), b.add(index, high), index)
    return b.where(outside, zero, wrapped)


def _is_large_check(node: Node) -> bool:
    """Tell whether the indices are many, and there is something that a bad one can stand for."""
    if node.op.name != "check_index" or not is_array(node.operands[0]):
        return False
    size, shape = node.attrs["size"], node.operands[0].shape
    return isinstance(size, int) and size > 0 and dims.is_static(shape) and dims.size(shape) >= _LEAST
