"""What to save of the forward pass and what to compute again in the backward pass, as a minimum cut.

A value that the backward pass needs is saved, or the node that makes it runs again and then needs its
operands: the cheapest choice is a minimum cut. Each value is an edge that costs what saving it costs; an edge
from the source to each node costs what running it again costs.

References
----------
D. M. Greig, B. T. Porteous and A. H. Seheult, Exact maximum a posteriori estimation for binary images,
Journal of the Royal Statistical Society B 51 (1989), section 2: such choices as minimum cuts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..ir.graph import Node, Value

_SOURCE, _SINK = 0, 1
_NEVER = 1 << 30  # the capacity of an edge that is never cut
_ALL = 1 << 29  # at most so much is all the rest together


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen, and what it costs.

    Attributes
    ----------
    definition
        The node that makes each value, where it could run again.
    reads
        What running a node again reads, but for what is there at no cost.
    saving, running
        The cost of saving a value and of running a node again; infinite where it cannot be.
    """

    definition: Mapping[Value, Node]
    reads: Callable[[Node], Iterable[Value]]
    saving: Callable[[Value], float]
    running: Callable[[Node], float]

    def cheapest(self, needed: Iterable[Value]) -> set[Node]:
        """Return the nodes to run again so that `needed` are there at the least cost; the rest is saved."""
        network = _Network(self)
        for value in dict.fromkeys(needed):
            network.edges.append((network.value(value) + 1, _SINK, math.inf))
        network.build()
        return network.again() if network.nodes else set()


@dataclass(slots=True)
class _Network:
    """A value is two vertices, before and after the edge that saves it; a node is one."""

    choice: Choice
    values: dict[Value, int] = field(default_factory=dict)
    nodes: dict[Node, int] = field(default_factory=dict)
    edges: list[tuple[int, int, float]] = field(default_factory=list)
    size: int = 2
    _pending: list[Node] = field(default_factory=list)

    def value(self, value: Value) -> int:
        """Return the first vertex of a value, with the edges that lead to it."""
        if value in self.values:
            return self.values[value]
        vertex = self.values[value] = self.size
        self.size += 2
        self.edges.append((vertex, vertex + 1, self.choice.saving(value)))
        node = self.choice.definition.get(value)
        if node is None or math.isinf(self.choice.running(node)):
            self.edges.append((_SOURCE, vertex, math.inf))
        else:
            self.edges.append((self._node(node), vertex, math.inf))
        return vertex

    def _node(self, node: Node) -> int:
        if node not in self.nodes:
            self.nodes[node] = self.size
            self.edges.append((_SOURCE, self.size, self.choice.running(node)))
            self.size += 1
            self._pending.append(node)
        return self.nodes[node]

    def build(self) -> None:
        """Add what the nodes read, and the nodes that make that, and so on."""
        while self._pending:
            node = self._pending.pop()
            for read in dict.fromkeys(self.choice.reads(node)):
                self.edges.append((self.value(read) + 1, self.nodes[node], math.inf))

    def again(self) -> set[Node]:
        """Return the nodes on the sink's side of a minimum cut; of equal ones, that with the fewest."""
        from scipy.sparse import csr_array  # 0.05 s to import, for graphs that have something to choose
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        start, end, cost = zip(*self.edges, strict=True)
        capacity = csr_array((_capacities(np.array(cost)), (start, end)), shape=(self.size, self.size))
        flow = maximum_flow(capacity, _SOURCE, _SINK).flow
        left = csr_array(capacity - flow)
        left.eliminate_zeros()
        reaches = breadth_first_order(csr_array(left.T), _SINK, return_predecessors=False)
        sinks = set(reaches.tolist())
        return {node for node, vertex in self.nodes.items() if vertex in sinks}


def _capacities(cost: np.ndarray) -> np.ndarray:
    """Return costs as the integers that the flow is computed in, in proportion."""
    finite = np.isfinite(cost)
    total = cost[finite].sum()
    scaled = np.where(finite, cost, 0.0) * (_ALL / max(total, 1.0))
    return np.where(finite, np.maximum(np.rint(scaled), cost > 0), _NEVER).astype(np.int32)
