"""What the backward phase of a joint graph has of the forward one: what is saved, and what it runs again."""

from __future__ import annotations

from collections.abc import Iterator

from .graph import Graph, Node, Origin, Value, walk


def saved_values(graph: Graph) -> frozenset[Value]:
    """Return the forward values that backward nodes read, and those that forward loops push on stacks.

    Nodes in regions belong to the phase of the node around them. Constants are not saved, nor are inputs
    that only backward nodes read.
    """
    forward: set[Value] = set()
    pushed: set[Value] = set()
    read: set[Value] = set()
    for node in graph.block.nodes:
        for inner in (node, *(n for region in node.regions for n in walk(region))):
            if node.origin is not Origin.PRIMAL:
                read.update(_read(inner))
            else:
                params = (p for region in inner.regions for p in region.params)
                forward.update((*inner.results, *_read(inner), *params))
                pushed.update(inner.operands[1:] if inner.op.name == "push" else ())
    constants = {r for node in walk(graph.block) if node.op.name == "constant" for r in node.results}
    return frozenset((forward & read | pushed) - constants)


def run_again(graph: Graph) -> frozenset[Node]:
    """Return the user's operations in regions of backward nodes; other such say it themselves."""
    backward = (node for node in graph.block.nodes if node.origin is not Origin.PRIMAL)
    inside = (n for node in backward for region in node.regions for n in walk(region))
    return frozenset(n for n in inside if n.origin is Origin.PRIMAL and not n.regions)


def _read(node: Node) -> Iterator[Value]:
    """Yield what a node reads: its operands, and what its regions give back."""
    yield from node.operands
    for region in node.regions:
        yield from region.results
