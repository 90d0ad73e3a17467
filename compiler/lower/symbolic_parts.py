"""Pads and concatenations of parts whose size only the run knows: the parts are written into an array.

As formulas they would ask an empty part for an element, which may lie outside of all memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.builder import Builder
from ..ir.dims import Dim, is_static
from ..ir.graph import Graph, Node, Span, Value
from ..ir.operation import OpTable
from ..ir.symbols import is_symbolic
from ..ir.types import ArrayType
from ..passes.rewrite import Rewriter, rewrite


def write_parts(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such pads and concatenations as updates."""

    def visit(_: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> tuple[Value] | None:
        if node.op.name not in ("pad", "concatenate") or not any(map(_is_symbolic, node.operands)):
            return None
        return ((_padded if node.op.name == "pad" else _joined)(b, node, operands),)

    return rewrite(graph, visit, ops) if is_symbolic(graph) else graph


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
