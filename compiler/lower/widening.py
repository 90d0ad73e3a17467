"""Sums over a part of an index space become sums over all of it, where other work is done there anyway.

`f = sum(g(x[1:], x[:-1]))` has n - 1 terms and its gradient n elements: two passes over `x`. With a zero for
the missing term they are one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, operations
from ..ir.operation import OpTable
from ..ir.types import ArrayType

_LEAST = 1 << 12  # terms: what is in a cache may as well be read twice
_MOST_GROWTH = 1.1
_REACH = 500  # nodes that are looked at to find what a sum and a pad both read

_Margins = tuple[tuple[int, ...], tuple[int, ...]]  # before and after, along each axis
_Pads = dict[tuple[dims.Shape, Value], Counter[_Margins]]  # by the shape of what is padded, and its source


def widen_sums(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such sums over padded arrays; region by region."""
    if "pad" not in operations(graph.block):
        return graph
    block = _rewritten(graph.block, ops)
    return graph if block is graph.block else Graph(graph.name, block, graph.inputs, graph.outputs)


def _rewritten(block: Block, ops: OpTable) -> Block:
    """Recursion is over the nesting of regions."""
    made_by = {r: node for node in block.nodes for r in node.results}
    pads = _pads(block, made_by)
    b, replaced, changed = Builder(ops), dict[Value, Value](), False
    for node in block.nodes:
        b.loc, b.origin = node.loc, node.origin
        operands = tuple(replaced.get(v, v) for v in node.operands)
        margins = _margins(node, pads, made_by)
        if margins is not None:
            low, high = margins
            zero = b.literal(node.result.dtype.numpy.type(0))
            replaced[node.result] = b.sum(
                b.pad(operands[0], zero, low=low, high=high), axes=node.attrs["axes"]
            )
            changed = True
            continue
        regions = tuple(_rewritten(r, ops) for r in node.regions)
        same = regions == node.regions and operands == node.operands
        changed = changed or not same
        given = node.attrs, node.results, regions, node.loc, node.origin
        b.nodes.append(node if same else Node(node.op, operands, *given))
    if not changed:
        return block
    return b.block(block.params, [replaced.get(v, v) for v in block.results])


def _pads(block: Block, made_by: Mapping[Value, Node]) -> _Pads:
    """How what is of a shape and computed from an array is padded, where that adds little."""
    found: _Pads = {}
    for node in block.nodes:
        if node.op.name == "pad" and dims.is_static(node.result.shape):
            padded = node.operands[0]
            if dims.size(node.result.shape) <= _MOST_GROWTH * dims.size(padded.shape):
                margins = node.attrs["low"], node.attrs["high"]
                for source in _sources(padded, made_by):
                    found.setdefault((padded.shape, source), Counter())[margins] += 1
    return found


def _margins(node: Node, pads: _Pads, made_by: Mapping[Value, Node]) -> _Margins | None:
    """How to pad what a sum adds up, so that it is like most of what is padded from the same arrays."""
    if not pads or node.op.name != "sum" or node.result.shape or not node.result.dtype.is_float:
        return None
    x = node.operands[0]
    if not dims.is_static(x.shape) or dims.size(x.shape) < _LEAST:
        return None
    found: Counter[_Margins] = Counter()
    for source in _sources(x, made_by):
        found.update(pads.get((x.shape, source), {}))
    # The set of sources has no certain order; the result has.
    return max(found, key=lambda margins: (found[margins], margins)) if found else None


def _sources(value: Value, made_by: Mapping[Value, Node]) -> set[Value]:
    """The large arrays that a value is computed from, as far as they are from outside or slices of others."""
    pending, seen, found = [value], {value}, set[Value]()
    while pending and len(seen) < _REACH:
        node = made_by.get(current := pending.pop())
        if node is None or node.regions or node.op.name == "matmul":
            if isinstance(current.type, ArrayType) and current.shape:
                found.add(current)
            continue
        new = [v for v in node.operands if v not in seen]
        seen.update(new)
        pending += new
    return found
