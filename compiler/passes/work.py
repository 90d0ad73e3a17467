"""How much a graph computes: an estimate to compare two graphs of the same function by."""

from __future__ import annotations

import math

from ..ir.graph import Block, Graph
from .recompute import is_movement, running_cost
from .structure import Region, Structure


def work(graph: Graph) -> float:
    """Return the operations of a run, in additions; a loop whose turns are not known counts as one turn."""
    structure = Structure.of(graph)
    return _block(graph.block, None, structure)


def _block(block: Block, region: Region | None, structure: Structure) -> float:
    turns = 1 if region is None else structure.turns(region, None)
    total = 0.0
    for node in block.nodes:
        cost = 0.0 if is_movement(node) or node.regions else running_cost(node)
        total += turns * (cost if math.isfinite(cost) else 0.0)  # writes and pushes move data only
        total += sum(_block(inner, structure.regions[inner], structure) for inner in node.regions)
    return total
