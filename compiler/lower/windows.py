"""Additions to most of an array become formulas, so that they can be fused.

`accumulate(zeros, part)` at a window of most of the array is `zeros + pad(part)`: one loop where
there would be a fill, and a pass over the array for each write. The same goes for several windows
of one array, which is read and written once instead of as often as there are windows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, uses, walk
from ..ir.operation import OpTable
from ..passes.rewrite import Rewriter, rewrite
from .inlining import blocks, is_array
from .renewal import block_of, is_wide_window

_MOST_PIECES = 30  # of the loops over an array, which are split where a window begins or ends


def open_windows(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such accumulations as sums of padded arrays."""
    if not any(map(_is_wide_addition, walk(graph.block))):
        return graph
    return rewrite(graph, _Windows(graph.block).visit, ops)


class _Windows:
    def __init__(self, block: Block) -> None:
        counts = uses(block)
        self.chained = {node for each in blocks(block) for node in _chained(each, counts)}
        self.formulas: set[Value] = set()  # the values after rewriting that no memory holds

    def visit(self, _: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> tuple[Value] | None:
        if node in self.chained or (_is_wide_addition(node) and operands[0] in self.formulas):
            return (self.padded(b, node, operands),)
        if node.op.name == "broadcast" and not is_array(operands[0]):
            self.formulas.add(node.result)
        return None

    def padded(self, b: Builder, node: Node, operands: tuple[Value, ...]) -> Value:
        base, part = operands
        shape = dims.static(node.result.shape)
        starts, sizes = zip(*block_of(node), strict=True)
        if sizes != part.shape:
            part = b.reshape(part, shape=sizes)
        zero = b.literal(-part.dtype.numpy.type(0))  # for a float -0.0, which changes nothing it is added to
        high = tuple(d - s - n for d, s, n in zip(shape, starts, sizes, strict=True))
        found = b.add(base, b.pad(part, zero, low=starts, high=high))
        self.formulas.add(found)
        return found


def _chained(block: Block, uses: Mapping[Value, int]) -> set[Node]:
    """The additions to windows of an array, two or more in turn, whose sums nothing else reads."""
    chains: dict[Value, list[Node]] = {}  # by the last sum
    for node in block.nodes:
        if _is_wide_addition(node):
            base = node.operands[0]
            chains[node.result] = [*(chains.pop(base, ()) if uses[base] == 1 else ()), node]
    worthwhile = (c for c in chains.values() if len(c) > 1 and _pieces(c) <= _MOST_PIECES)
    return {node for chain in worthwhile for node in chain}


def _pieces(chain: Sequence[Node]) -> int:
    """Into how many loops the array is split."""
    pieces = 1
    for axis, size in enumerate(dims.static(chain[0].result.shape)):
        spans = [block_of(n)[axis] for n in chain]
        ends = {first for first, _ in spans} | {first + count for first, count in spans}
        pieces *= len(ends | {0, size}) - 1
    return pieces


def _is_wide_addition(node: Node) -> bool:
    return node.op.name == "accumulate" and is_wide_window(node)
