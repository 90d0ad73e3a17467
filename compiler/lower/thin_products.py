"""Products with vectors become sums of products, which share loops with what stands around them.

BLAS would be no faster: every element of the matrix is read once and used once. As a nest the product is
formed where the matrix is read anyway: `r = A @ x - b` and `A.T @ r` are one pass over `A`. Nor does BLAS
help with outer products, which are all writing.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.builder import Builder
from ..ir.dims import Shape
from ..ir.graph import Graph, Node, Value, walk
from ..ir.operation import OpTable
from ..passes.rewrite import Rewriter, rewrite


def open_thin_products(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such products as sums."""

    def visit(walked: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> tuple[Value] | None:
        return (thin_product(b, operands[0], operands[1], walked.definition),) if is_thin(node) else None

    return rewrite(graph, visit, ops) if any(map(is_thin, walk(graph.block))) else graph


def is_thin(node: Node) -> bool:
    """Tell whether a node is a product with a single row, column, or term in each sum."""
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
    if source is not None and swaps_last(source):  # walked as it lies in memory
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


def swaps_last(node: Node) -> bool:
    """Tell whether a node transposes the matrices of a stack."""
    rank = len(node.results[0].shape) if node.op.name == "transpose" else 0
    return rank >= 2 and node.attrs["axes"] == (*range(rank - 2), rank - 1, rank - 2)
