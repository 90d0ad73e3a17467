"""What is known of the arrays of a graph: which are in memory, and which are computed where they are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..ir.graph import Block, Node, Value
from ..ir.operation import Elementwise, PerElement
from ..ir.types import ArrayType

WRITERS = ("update", "accumulate", "scatter", "scatter_add")  # into their first operand
_MAPS = (Elementwise, PerElement)  # a union of them would take `isinstance` three times as long


@dataclass(slots=True)
class Inlining:
    """`kept` must be in memory; `shared` is computed once but stored only where a nest does not suffice;
    `aliases` are reshapes of arrays in memory; `live` are the nodes that matter."""

    producers: dict[Value, Node] = field(default_factory=dict)
    kept: set[Value] = field(default_factory=set)
    shared: set[Value] = field(default_factory=set)
    aliases: dict[Value, Value] = field(default_factory=dict)
    live: set[Node] = field(default_factory=set)
    renewed: set[Node] = field(default_factory=set)  # updates whose result is written beside their array
    implied: Mapping[Node, tuple[Value, ...]] = field(default_factory=dict)  # the sizes that a node takes

    def is_kept(self, value: Value) -> bool:
        """Tell whether an array is a node's in memory or a parameter."""
        node = self.producers.get(value)
        return value in self.kept or node is None or not is_map(node)

    def is_root(self, value: Value) -> bool:
        """Tell whether an array is computed by a nest of its own or with others."""
        return value in self.shared or self.is_kept(value)

    def canonical(self, value: Value) -> Value:
        """The value whose memory this one is."""
        while value in self.aliases:
            value = self.aliases[value]
        return value


def is_array(value: Value) -> bool:
    """Tell whether the value is an array of rank one or more: scalars live in registers, stacks apart."""
    return isinstance(value.type, ArrayType) and bool(value.type.shape)


def is_map(node: Node) -> bool:
    """Tell whether each element of the result can be computed on its own."""
    return isinstance(node.op.lowering, _MAPS) and not is_data(node)


def is_data(node: Node) -> bool:
    """Tell whether the node is a constant array."""
    return node.op.name == "constant" and bool(node.results[0].shape)


def blocks(block: Block) -> Iterator[Block]:
    """Yield a block and all blocks nested in it."""
    pending = [block]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(region for node in reversed(current.nodes) for region in reversed(node.regions))


def captures(region: Block) -> list[Value]:
    """The values a region reads from around it, in order."""
    inside: set[Value] = set()
    read: dict[Value, None] = {}
    for block in blocks(region):
        inside.update(block.params)
        for node in block.nodes:
            inside.update(node.results)
            read.update(dict.fromkeys(node.operands))
        read.update(dict.fromkeys(block.results))
    return [v for v in read if v not in inside]
