"""What the backward pass computes again instead of saving: cheap integer work, movement of data, and reads.

Recomputing must give the same bits and cost next to nothing. So float arithmetic, and predicates and
integers that come of floats, are never recomputed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from ..ir.graph import Graph, Node, Value, walk
from ..ir.operation import Elementwise
from ..ir.symbols import BIND
from ..ir.types import ArrayType
from .structure import Region, Structure

CREATION = {"constant", "iota", "extent"}
MOVEMENT = {"broadcast", "reshape", "transpose"}  # the result holds no more than the operand: save that
READS = {"index", "gather"}


@dataclass(frozen=True, slots=True)
class Recipes:
    """What can be recomputed in the reverse of a region, given what is saved there.

    Attributes
    ----------
    free
        The values in regions that need nothing saved inside any loop.
    """

    structure: Structure
    free: set[Value] = field(default_factory=set)

    @staticmethod
    def of(graph: Graph, structure: Structure) -> Recipes:
        recipes = Recipes(structure)
        for region in structure.regions.values():
            if region.is_loop_body:
                recipes.free.add(region.block.params[0])
        for node in walk(graph.block):
            home = structure.home.get(node.results[0]) if node.results else None
            if home is not None and is_cheap(node) and recipes.is_at_hand(node, home, ()):
                recipes.free.update(node.results)
        return recipes

    def is_at_hand(self, node: Node, region: Region, saved: Collection[Value]) -> bool:
        """Tell whether the reverse of `region` has the operands of `node` if it has `saved`."""
        return all(v in saved or self._is_free(v, region) for v in self.structure.reads(node))

    def _is_free(self, value: Value, reader: Region) -> bool:
        home = self.structure.home.get(value)
        return home is None or value in self.free or (home is not reader and _is_counter(value))


def is_movement(node: Node) -> bool:
    """Tell whether a node is run again whatever it takes: its operands are no larger than its result.

    A size is bound again, so that types can mention it.
    """
    return node.op.name in CREATION or node.op.name in MOVEMENT or node.op.name == BIND


def is_cheap(node: Node) -> bool:
    """Tell whether running a node again costs no more than saving its result, and gives the same bits."""
    if node.op.name == "check_index":
        return True
    exact_conversion = node.op.name == "convert" and node.result.dtype.is_float
    return is_movement(node) or node.op.name in READS or exact_conversion or _is_integer_arithmetic(node)


def _is_integer_arithmetic(node: Node) -> bool:
    values = (*node.operands, *node.results)
    exact = all(isinstance(v.type, ArrayType) and not v.dtype.is_float for v in values)
    return exact and isinstance(node.op.lowering, Elementwise)


def _is_counter(value: Value) -> bool:
    """Tell whether `value` is an integer or bool of one element: saved once by an outer loop if need be."""
    return isinstance(value.type, ArrayType) and not value.type.shape and not value.type.dtype.is_float
