"""What nodes read besides their operands: the bindings of the symbols in their types and attributes.

Passes that move or drop nodes add these to a node's operands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import dims
from .dims import Affine, Symbol
from .graph import Block, Graph, Node, Span, Value, operations
from .types import ArrayType, StackType

BIND = "bind"


def symbols_in(x: Any) -> Iterator[Symbol]:
    """Yield the symbols in a type, a dim or the value of an attribute."""
    match x:
        case Affine():
            yield from (s for s, _ in x.terms)
        case ArrayType(_, shape):
            yield from dims.symbols(shape)
        case StackType(element):
            yield from dims.symbols(element.shape)
        case Span():
            yield from symbols_in(x.size)
        case tuple():
            for part in x:
                yield from symbols_in(part)


def scoped(type: Any) -> bool:
    """Tell whether values of a type exist only where symbols are bound; a stack's elements are apart."""
    return isinstance(type, ArrayType) and not dims.is_static(type.shape)


def mentioned(node: Node) -> tuple[Symbol, ...]:
    """Return the symbols that a node cannot do without, each once; those of its regions are their own."""
    found: dict[Symbol, None] = {}
    for v in (*node.operands, *node.results):
        if isinstance(v.type, ArrayType):
            found.update(dict.fromkeys(dims.symbols(v.type.shape)))
    if node.op.name != BIND:
        for name, value in node.attrs.items():
            if name != "element":  # of a stack
                found.update(dict.fromkeys(symbols_in(value)))
    return tuple(found)


def bound_by(node: Node) -> Symbol:
    """Return the symbol that a `bind` node binds."""
    found = dims.as_symbol(node.attrs["symbol"])
    assert found is not None
    return found


def is_symbolic(graph: Graph) -> bool:
    """Tell whether a graph binds symbols."""
    return BIND in operations(graph.block)


def binds(block: Block) -> bool:
    """Tell whether a block itself binds symbols."""
    return any(node.op.name == BIND for node in block.nodes)


def implied(block: Block) -> Mapping[Node, tuple[Value, ...]]:
    """Return what each node of a block and its regions reads implicitly; nodes without are left out."""
    found: dict[Node, tuple[Value, ...]] = {}
    if BIND in operations(block):
        _scan(block, {}, found)
    return found


def _scan(block: Block, scope: dict[Symbol, Value], found: dict[Node, tuple[Value, ...]]) -> None:
    """Recursion is over the nesting of regions."""
    scope = dict(scope)
    for node in block.nodes:
        values = tuple([scope[s] for s in mentioned(node) if s in scope])
        if values:
            found[node] = values
        if node.op.name == BIND:
            scope[bound_by(node)] = node.results[0]
        for region in node.regions:
            _scan(region, scope, found)
