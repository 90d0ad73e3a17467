"""Products with vectors become sums of products, which share loops with what stands around them.

BLAS would be no faster: every element of the matrix is read once and used once. As a nest the product is
formed where the matrix is read anyway: `r = A @ x - b` and `A.T @ r` are one pass over `A`. Nor does BLAS
help with outer products, which are all writing.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.builder import Builder
from ..ir.dims import Shape
from ..ir.graph import Block, Graph, Node, Value, walk
from ..ir.operation import OpTable


def open_thin_products(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such products as sums; region by region."""
    if not any(map(_is_thin, walk(graph.block))):
        return graph
    return Graph(graph.name, _Rewrite(ops).block(graph.block), graph.inputs, graph.outputs)


class _Rewrite:
    def __init__(self, ops: OpTable) -> None:
        self.ops = ops
        self.replaced: dict[Value, Value] = {}
        self.made_by: dict[Value, Node] = {}

    def block(self, block: Block) -> Block:
        """Recursion is over the nesting of regions."""
        b = Builder(self.ops)
        for node in block.nodes:
            b.loc, b.origin = node.loc, node.origin
            operands = tuple(self.replaced.get(v, v) for v in node.operands)
            if _is_thin(node):
                self.replaced[node.result] = thin_product(b, operands[0], operands[1], self.made_by)
                continue
            regions = tuple(self.block(r) for r in node.regions)
            made = Node(node.op, operands, node.attrs, node.results, regions, node.loc, node.origin)
            b.nodes.append(made)
            self.made_by.update(dict.fromkeys(made.results, made))
        return b.block(block.params, [self.replaced.get(v, v) for v in block.results])


def _is_thin(node: Node) -> bool:
    if node.op.name != "matmul" or not node.result.dtype.is_float:
        return False
    m, k, n = *node.operands[0].shape[-2:], node.result.shape[-1]
    return 1 in (m, k, n) and 0 not in (*node.result.shape, k)


def thin_product(b: Builder, x: Value, y: Value, made_by: Mapping[Value, Node]) -> Value:
    """A product of matrices with a single row, column, or term in each sum."""
    *batch, m, k = x.shape
    n, rank = y.shape[-1], len(x.shape)
    if k == 1:
        return b.multiply(_spread(b, x, (*batch, m, n), rank - 2), _spread(b, y, (*batch, m, n), rank - 1))
    matrix, vector, rows = (x, y, True) if n == 1 else (y, x, False)
    source = made_by.get(matrix)
    if source is not None and _swaps_last(source):  # walked as it lies in memory
        matrix, rows = source.operands[0], not rows
    along = rank - 1 if rows else rank - 2
    line = b.reshape(vector, shape=(*batch, k))
    terms = b.multiply(matrix, b.broadcast(line, shape=matrix.shape, axes=(*range(rank - 2), along)))
    return b.reshape(b.sum(terms, axes=(along,)), shape=(*batch, m, n))


def _spread(b: Builder, x: Value, shape: Shape, axis: int) -> Value:
    """Repeat a stack of rows or columns, whose elements are numbered by `axis`."""
    batch = range(len(shape) - 2)
    line = b.reshape(x, shape=(*(shape[a] for a in batch), shape[axis]))
    return b.broadcast(line, shape=shape, axes=(*batch, axis))


def _swaps_last(node: Node) -> bool:
    rank = len(node.results[0].shape) if node.op.name == "transpose" else 0
    return rank >= 2 and node.attrs["axes"] == (*range(rank - 2), rank - 1, rank - 2)
