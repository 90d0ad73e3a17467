"""Narrow matrices that a loop multiplies vectors by are transposed before it, so that their rows are long.

The sums of a product over short rows are formed one row at a time, and few of a vector's elements are in
use. A copy of the transposed matrix costs as much as one product or two, and each turn gains.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, walk
from ..ir.loops import is_loop
from ..ir.operation import OpTable
from ..passes.loops import known_range
from ..passes.rewrite import Rewriter, rewrite
from .inlining import blocks, captures
from .thin_products import is_thin, swaps_last

_FEWEST_TURNS = 8
_NARROW = range(4, 33)  # elements of a row that is short
_MOST = 1 << 14  # elements: all of them stay in the nearest caches
_TALL = 4  # rows for each column


def lengthen_rows(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such matrices transposed before the loops."""
    if not any(map(is_loop, walk(graph.block))) or not any(map(is_thin, walk(graph.block))):
        return graph
    return rewrite(graph, _Visit(), ops)


class _Visit:
    def __init__(self) -> None:
        self.copies: dict[Value, Value] = {}  # by the matrix that a loop reads in the place of the given one

    def __call__(
        self, walked: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]
    ) -> tuple[Value, ...] | None:
        if swaps_last(node) and operands[0] in self.copies:
            return (self.copies[operands[0]],)
        found = _narrow(walked, node)
        if not found:
            return None
        for matrix in found:
            turned = b.transpose(*walked.values((matrix,)), axes=(1, 0))
            copy = b.barrier(turned, turned)
            walked.replacements[matrix] = b.transpose(copy, axes=(1, 0))
            self.copies[walked.replacements[matrix]] = copy
        walked.keep(b, node, operands)
        for matrix in found:
            del walked.replacements[matrix]
        return node.results


def _narrow(walked: Rewriter, node: Node) -> list[Value]:
    """The matrices that a loop of many turns takes from around it, only for products with vectors."""
    turns = known_range(walked.definition, node) if is_loop(node) else None
    if turns is None or len(turns) < _FEWEST_TURNS:
        return []
    (body,) = node.regions
    found = [v for v in captures(body) if _is_narrow(v) and v not in walked.replacements]
    return [v for v in found if _only_multiplied(body, v)]


def _is_narrow(value: Value) -> bool:
    if len(value.shape) != 2 or not dims.is_static(value.shape) or not value.dtype.is_float:
        return False
    rows, columns = dims.static(value.shape)
    return columns in _NARROW and rows >= _TALL * columns and rows * columns <= _MOST


def _only_multiplied(body: Block, matrix: Value) -> bool:
    """Tell whether all that a body does with a matrix is to multiply vectors by it or its transpose."""
    users = list(_users(body, matrix))
    turned = [n for n in users if n is not None and swaps_last(n)]
    rest = [n for n in users if n not in turned]
    rest += [n for t in turned for n in _users(body, t.result)]
    return bool(rest) and all(n is not None and _is_thin_with(n, matrix, turned) for n in rest)


def _is_thin_with(node: Node, matrix: Value, turned: list[Node]) -> bool:
    theirs = {matrix, *(t.result for t in turned)}
    vectors = [v for v in node.operands if v not in theirs]
    return is_thin(node) and len(vectors) == 1 and 1 in vectors[0].shape[-2:]


def _users(body: Block, value: Value) -> Iterator[Node | None]:
    """The nodes in a body that read a value, and None for the end of each block that does."""
    for block in blocks(body):
        yield from (n for n in block.nodes if value in n.operands)
        if value in block.results:
            yield None
