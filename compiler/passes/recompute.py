"""What the backward pass computes again instead of saving: cheap integer work, movement of data, and reads.

Recomputing must give the same bits and cost next to nothing. So float arithmetic, and predicates and
integers that come of it, are never recomputed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.graph import Graph, Node, Value, walk
from ..ir.operation import Elementwise
from ..ir.types import ArrayType
from .structure import Region, Structure

CREATION = {"constant", "iota"}
MOVEMENT = {"broadcast", "reshape", "transpose"}  # the result holds no more than the operand: save that
READS = {"index", "gather", "convert"}  # where all operands are free


@dataclass(frozen=True, slots=True)
class Recipes:
    """What can be recomputed.

    Attributes
    ----------
    nodes
        The nodes in regions that are run again in the backward pass where their results are needed.
    free
        The values in regions that need nothing saved inside any loop.
    """

    nodes: set[Node] = field(default_factory=set)
    free: set[Value] = field(default_factory=set)

    @staticmethod
    def of(graph: Graph, structure: Structure) -> Recipes:
        recipes = Recipes()
        for region in structure.regions.values():
            if region.is_loop_body:
                recipes.free.add(region.block.params[0])
        for node in walk(graph.block):
            home = structure.home.get(node.results[0]) if node.results else None
            if home is not None:
                recipes._judge(node, home, structure)
        return recipes

    def _judge(self, node: Node, region: Region, structure: Structure) -> None:
        free = all(self._is_free(v, region, structure) for v in node.operands)
        if _moves(node) or (free and _is_cheap(node)):
            self.nodes.add(node)
            if free:
                self.free.update(node.results)

    def _is_free(self, value: Value, reader: Region, structure: Structure) -> bool:
        value = structure.source(value)
        home = structure.home.get(value)
        return home is None or value in self.free or (home is not reader and _is_counter(value))


def _moves(node: Node) -> bool:
    return node.op.name in CREATION or node.op.name in MOVEMENT


def _is_cheap(node: Node) -> bool:
    if node.op.name == "check_index":
        return isinstance(node.attrs["size"], int)
    return node.op.name in READS or _is_integer_arithmetic(node)


def _is_integer_arithmetic(node: Node) -> bool:
    values = (*node.operands, *node.results)
    exact = all(isinstance(v.type, ArrayType) and not v.dtype.is_float for v in values)
    return exact and isinstance(node.op.lowering, Elementwise)


def _is_counter(value: Value) -> bool:
    """Tell whether `value` is an integer or bool of one element: saved once by an outer loop if need be."""
    return isinstance(value.type, ArrayType) and not value.type.shape and not value.type.dtype.is_float
