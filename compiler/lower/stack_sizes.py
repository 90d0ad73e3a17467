"""How often each stack is pushed on, where the program says so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, operations, walk
from ..ir.loops import body_of, carries, is_loop
from ..ir.operation import OpTable
from ..passes.loops import constant_int, known_range
from ..passes.rewrite import Rewriter, rewrite

_Turns = tuple[int | None, ...]  # of the loops around a node, outermost first


def reserve_stacks(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with room in every stack for all that is pushed on it, where that is known.

    A stack that grows is in memory twice while it is copied, and may end twice as large as it must be.
    """
    if "stack_new" not in operations(graph.block):
        return graph
    counts = most_pushes(graph)

    def visit(rewriter: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> list[Value] | None:
        count = counts.get(node)
        if not count:
            return None
        hint = constant_int(rewriter.definition, operands[0])
        if hint is None or hint >= count:
            return None
        return [b.stack_new(b.int64(count), element=node.attrs["element"])]

    return rewrite(graph, visit, ops)


def most_pushes(graph: Graph) -> dict[Node, int | None]:
    """Return, for each `stack_new`, at most how often its stack is pushed on; None if turns are not known.

    Both branches of an `if` count, and what is popped in between is not taken off.
    """
    return count_pushes(graph).counts


def count_pushes(graph: Graph) -> Pushes:
    """Return how often each stack is pushed on, and which stack each value of a stack type is."""
    found = Pushes({v: n for n in walk(graph.block) for v in n.results})
    found.block(graph.block, ())
    return found


@dataclass(slots=True)
class Pushes:
    """What is known of the stacks of a graph.

    Attributes
    ----------
    definition
        The node that defines each value.
    counts
        By its `stack_new`, at most how often a stack is pushed on; None if turns are not known.
    origin
        The `stack_new` that a stack comes from.
    """

    definition: Mapping[Value, Node]
    counts: dict[Node, int | None] = field(default_factory=dict)
    origin: dict[Value, Node] = field(default_factory=dict)
    depth: dict[Node, int] = field(default_factory=dict)  # the loops around a `stack_new`

    def block(self, block: Block, turns: _Turns) -> None:
        for node in block.nodes:
            match node.op.name:
                case "stack_new":
                    self.counts[node], self.depth[node] = 0, len(turns)
                    self.origin[node.results[0]] = node
                case "push":
                    self._push(self.origin[node.operands[0]], turns)
                    self._follow([(node.operands[0], node.results[0])])
                case "pop":
                    self._follow([(node.operands[0], node.results[0])])
                case _ if is_loop(node):
                    self._follow([(c.init, v) for c in carries(node) for v in (c.param, c.result)])
                    self.block(body_of(node), (*turns, self.turns(node)))
                case _:
                    for region in node.regions:
                        self.block(region, turns)
                        self._follow(zip(region.results, node.results, strict=True))

    def _push(self, made: Node, turns: _Turns) -> None:
        count, inner = self.counts[made], turns[self.depth[made] :]
        known = [n for n in inner if n is not None]
        self.counts[made] = None if count is None or len(known) < len(inner) else count + math.prod(known)

    def _follow(self, pairs: Iterable[tuple[Value, Value]]) -> None:
        self.origin.update({to: self.origin[of] for of, to in pairs if of in self.origin})

    def turns(self, node: Node) -> int | None:
        """The number of turns of a loop; None where the program does not say it."""
        turns = known_range(self.definition, node)
        return None if turns is None else len(turns)
