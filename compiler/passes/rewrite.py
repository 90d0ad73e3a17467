"""The walk that passes share: a graph rebuilt node by node, with some of its values replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value
from ..ir.operation import OpTable

# visit(rewriter, builder, node, operands): the values to use instead of the node's results, built with
# `builder`, or None to keep the node.
Visit = Callable[["Rewriter", Builder, Node, tuple[Value, ...]], "Sequence[Value] | None"]


def rewrite(graph: Graph, visit: Visit, ops: OpTable) -> Graph:
    """Return `graph` with what `visit` replaces; the very same graph where that is nothing."""
    block = Rewriter(visit, ops).block(graph.block)
    return graph if block is graph.block else Graph(graph.name, block, graph.inputs, graph.outputs)


class Rewriter:
    """The state of one walk.

    Nodes that stay as they are, and values that are not replaced, are shared with the old graph.

    Attributes
    ----------
    replacements
        The new value of each old value that was replaced.
    definition
        The node that defines each value in the new graph, of those that have been built.
    """

    def __init__(self, visit: Visit, ops: OpTable) -> None:
        self.visit = visit
        self.ops = ops
        self.replacements: dict[Value, Value] = {}
        self.definition: dict[Value, Node] = {}

    def values(self, values: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return what the new graph uses for `values`; the very same tuple if nothing is replaced."""
        replacements = self.replacements
        for v in values:
            if v in replacements:
                return tuple([replacements.get(v, v) for v in values])
        return values

    def block(self, block: Block, params: tuple[Value, ...] | None = None) -> Block:
        """Rebuild a block; `params`, where given, are those that are left of its parameters."""
        b = Builder(self.ops)
        self.nodes(b, block.nodes)
        params = block.params if params is None else params
        new = Block(params, tuple(b.nodes), self.values(block.results))
        same = new.params == block.params and new.nodes == block.nodes and new.results == block.results
        return block if same else new

    def nodes(self, b: Builder, nodes: Sequence[Node]) -> None:
        """Rebuild `nodes` into `b`."""
        definition, built, visit = self.definition, b.nodes, self.visit
        replacements = self.replacements
        for node in nodes:
            b.loc, b.origin = node.loc, node.origin
            before = len(built)
            operands = node.operands
            for v in operands:
                if v in replacements:
                    operands = self.values(operands)
                    break
            new = visit(self, b, node, operands)
            if new is None and operands is node.operands and not node.regions:  # as most nodes are
                built.append(node)
                for result in node.results:
                    definition[result] = node
                continue
            if new is not None:
                self.replace(node.results, new)
            else:
                self.keep(b, node, operands)
            for made in built[before:]:
                definition.update(dict.fromkeys(made.results, made))

    def keep(self, b: Builder, node: Node, operands: tuple[Value, ...]) -> None:
        """Append `node` with its operands and regions rebuilt, and its results unchanged."""
        regions = tuple([self.block(r) for r in node.regions]) if node.regions else ()
        if operands is not node.operands or regions != node.regions:
            node = Node(node.op, operands, node.attrs, node.results, regions, node.loc, node.origin)
        b.nodes.append(node)

    def replace(self, old: Sequence[Value], new: Sequence[Value]) -> None:
        """Use the values `new`, of the same types, instead of `old` from here on."""
        for was, now in zip(old, new, strict=True):
            if was is not now:
                assert was.type == now.type, f"a value of {was.type} cannot become one of {now.type}"
                self.replacements[was] = now
