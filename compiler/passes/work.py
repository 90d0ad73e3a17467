"""How often the nodes of a graph run, and how much of a gradient's work is the forward pass run again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ..ir.dims import capacity, room
from ..ir.graph import Block, Graph, Node, Origin, walk
from ..ir.loops import is_loop
from ..ir.types import ArrayType
from .loops import known_range
from .recompute import running_cost


@dataclass(frozen=True, slots=True)
class Repeated:
    """A block of a graph, and how often it runs: None where that is not known.

    `backward` tells whether the backward pass runs it.
    """

    block: Block
    times: int | None
    backward: bool


@dataclass(frozen=True, slots=True)
class Work:
    """Roughly the additions of numbers that the forward pass is worth, and what of it is run again.

    Attributes
    ----------
    is_known
        False where only the run knows how many turns are run again.
    """

    forward: float
    again: float
    is_known: bool = True

    def __add__(self, other: Work) -> Work:
        known = self.is_known and other.is_known
        return Work(self.forward + other.forward, self.again + other.again, known)


def repeated_blocks(graph: Graph) -> Iterator[Repeated]:
    """Yield the outermost block and all regions, the outer ones first."""
    definition = {v: node for node in walk(graph.block) for v in node.results}
    pending = [Repeated(graph.block, 1, backward=False)]
    while pending:
        found = pending.pop()
        yield found
        for node in found.block.nodes:
            turns = known_range(definition, node) if is_loop(node) else range(1)
            times = None if turns is None or found.times is None else len(turns) * found.times
            backward = found.backward or node.origin is not Origin.PRIMAL
            pending += [Repeated(region, times, backward) for region in node.regions]


def work_of(joint: Graph) -> Work:
    """Return the work of a joint graph's forward pass; a loop of an unknown number of turns counts as one."""
    forward = again = 0.0
    for repeated in repeated_blocks(joint):
        for node in repeated.block.nodes:
            cost = 0.0 if node.regions else _cost(node) * (1 if repeated.times is None else repeated.times)
            if node.origin is Origin.RECOMPUTED or (repeated.backward and node.origin is Origin.PRIMAL):
                again += cost
            elif node.origin is Origin.PRIMAL:
                forward += cost
    return Work(forward, again)


def _cost(node: Node) -> float:
    """What a node without regions costs: as much as the cut thinks, where that may run it again."""
    cost = running_cost(node)
    if math.isfinite(cost):
        return cost
    inner = capacity(node.operands[0].shape[-1]) if node.op.name == "matmul" else 1
    return float(inner * sum(room(v.shape) for v in node.results if isinstance(v.type, ArrayType)))


def all_work(graph: Graph) -> float:
    """Return the work of all of a graph, to compare two graphs of the same function by."""
    return sum(
        _cost(node) * (1 if repeated.times is None else repeated.times)
        for repeated in repeated_blocks(graph)
        for node in repeated.block.nodes
        if not node.regions
    )
