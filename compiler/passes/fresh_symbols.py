"""Other names for the sizes that a graph binds: a copy of it can run inside of a scope that binds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..ir.dims import Affine, Symbol, affine
from ..ir.graph import Block, Graph, Node, Span, Value, walk
from ..ir.symbols import BIND, bound_by
from ..ir.types import ArrayType, StackType, Type


def fresh_symbols(graph: Graph) -> Graph:
    """Return a copy of `graph` in which the symbols that it binds have other names.

    A symbol has one value in a scope and all that are in it. The very same graph where it binds none.
    """
    bound = [bound_by(node) for node in walk(graph.block) if node.op.name == BIND]
    if not bound:
        return graph
    renaming = _Renaming({s: Symbol(f"{s.name}a", s.bound) for s in bound})
    block = renaming.block(graph.block)
    return Graph(graph.name, block, graph.inputs, graph.outputs)


class _Renaming:
    def __init__(self, names: Mapping[Symbol, Symbol]) -> None:
        self.names = names
        self.values: dict[Value, Value] = {}

    def block(self, block: Block) -> Block:
        """Recursion is over the nesting of regions."""
        params = self._new(block.params)
        nodes = tuple(map(self._node, block.nodes))
        return Block(params, nodes, self._known(block.results))

    def _node(self, node: Node) -> Node:
        operands = self._known(node.operands)
        regions = tuple(map(self.block, node.regions))
        attrs = {k: self._attr(v) for k, v in node.attrs.items()}
        return Node(node.op, operands, attrs, self._new(node.results), regions, node.loc, node.origin)

    def _known(self, values: Sequence[Value]) -> tuple[Value, ...]:
        return tuple(self.values.get(v, v) for v in values)

    def _new(self, values: Sequence[Value]) -> tuple[Value, ...]:
        for v in values:
            self.values[v] = Value(self._type(v.type))
        return self._known(values)

    def _type(self, type: Type) -> Type:
        renamed: Type = self._attr(type)
        return renamed

    def _attr(self, x: Any) -> Any:
        """Recursion is over the nesting of tuples."""
        match x:
            case Affine():
                return affine({self.names.get(s, s): c for s, c in x.terms}, x.offset)
            case ArrayType():
                return ArrayType(x.dtype, tuple(map(self._attr, x.shape)))
            case StackType():
                return StackType(self._attr(x.element))
            case Span():
                return Span(x.start, self._attr(x.size), x.step)
            case tuple():
                return tuple(map(self._attr, x))
        return x
