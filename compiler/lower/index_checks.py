"""Checks of many indices become one flag, which can be computed where the indices are used.

The flag tells whether any index is out of range. What is read with such an index meanwhile is the first
element, and nobody sees it: if the flag is set, a loop over the indices ends the run at the first bad one.
"""

from __future__ import annotations

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Graph, Node, Value, walk
from ..ir.operation import OpTable
from ..passes.rewrite import Rewriter, rewrite
from .inlining import is_array

_LEAST = 1 << 12  # indices: fewer are in a cache, and are checked before they are used


def flag_bad_indices(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such flags."""

    def visit(_: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> tuple[Value] | None:
        return (_flagged(b, node, operands[0]),) if _is_large_check(node) else None

    return rewrite(graph, visit, ops) if any(map(_is_large_check, walk(graph.block))) else graph


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
