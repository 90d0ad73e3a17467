"""Array operations that nothing reads any more once others have been rewritten.

Unlike `passes.dce` this leaves whatever can end a run, loops that might not end among them: the sites of a
graph are those of the graph as it was given.
"""

from __future__ import annotations

from ..ir.graph import Block, Graph, Node, Value
from ..ir.operation import Reduction
from .inlining import WRITERS, is_array, is_map


def without_unread(graph: Graph) -> Graph:
    """Return the graph without such operations."""
    return Graph(graph.name, _swept(graph.block, set()), graph.inputs, graph.outputs)


def _swept(block: Block, read: set[Value]) -> Block:
    """A block without what is not in `read`, to which it adds; recursion is over the nesting of regions."""
    read.update(block.results)
    kept = []
    for node in reversed(block.nodes):
        if _can_go(node) and node.result not in read:
            continue
        if node.regions:
            regions = tuple(_swept(region, read) for region in reversed(node.regions))[::-1]
            node = Node(node.op, node.operands, node.attrs, node.results, regions, node.loc, node.origin)
        read.update(node.operands)
        kept.append(node)
    return Block(block.params, tuple(reversed(kept)), block.results)


def _can_go(node: Node) -> bool:
    """Tell whether a node may be left out: numbers may not, some of which are the sizes of arrays."""
    if is_map(node):
        return is_array(node.result)
    return isinstance(node.op.lowering, Reduction) or node.op.name in WRITERS
