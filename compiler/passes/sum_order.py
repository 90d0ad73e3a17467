"""Sums of cotangents of an array whose part was overwritten: what goes to that part itself comes first.

The reverse of `u[i:j] = u[i:j] + f(u)` empties `u[i:j]`, adds what `f` reads elsewhere, and in the end puts
back what it took out. In another order nothing is taken out: one pass over memory less, often two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Origin, Value, uses, walk
from ..ir.operation import OpTable
from ..ops import OPS
from .rewrite import Rewriter, rewrite
from .splat import splat


def sum_order(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` with an addition to a part that has just been filled with zeros as the filling itself.

    Only sums of cotangents are touched: their order, and the sign of their zeros, is nobody's but ours.
    """
    if not any(map(_is_sum, walk(graph.block))):
        return graph
    found = _Chains(uses(graph.block))
    found.scan(graph.block)
    return rewrite(graph, found.visit, ops) if found.chains else graph


class _Chains:
    """Additions to one array in turn, whose sums nothing else reads, after a part of it became zeros.

    `chains` has them by the last one, with the node that makes the zeros in front and the addition to the
    same place behind it; `left_out` are those that the last one takes the place of.
    """

    def __init__(self, uses: Mapping[Value, int]) -> None:
        self.uses = uses
        self.definition: dict[Value, Node] = {}
        self.chains: dict[Node, list[Node]] = {}
        self.left_out: set[Node] = set()

    def scan(self, block: Block) -> None:
        """Recursion is over the nesting of regions."""
        open_: dict[Value, list[Node]] = {}  # by the last sum
        for node in block.nodes:
            self.definition.update(dict.fromkeys(node.results, node))
            for region in node.regions:
                self.scan(region)
            if self._makes_zeros(node):
                open_[node.result] = [node]
            elif _is_sum(node) and self.uses[node.operands[0]] == 1 and node.operands[0] in open_:
                open_[node.result] = [*open_.pop(node.operands[0]), node]
        for zeros, *sums in open_.values():
            first = next((n for n in sums if _place(n) == _place(zeros)), None)
            if first is not None:
                self.chains[sums[-1]] = [zeros, first, *(n for n in sums if n is not first)]
                self.left_out.update(sums[:-1])

    def _makes_zeros(self, node: Node) -> bool:
        known = splat(self.definition, node.operands[1]) if node.op.name == "update" else None
        return known is not None and bool(known == 0)

    def visit(
        self, walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]
    ) -> Sequence[Value] | None:
        if node in self.left_out:
            return node.results  # only the next of the chain reads it, and goes too
        if node not in self.chains:
            return None
        zeros, first, *others = self.chains[node]
        base, part = walk.values((zeros.operands[0], first.operands[1]))
        (total,) = b.emit("update", base, part, *walk.values(zeros.operands[2:]), at=zeros.attrs["at"])
        for other in others:
            (total,) = b.emit("accumulate", total, *walk.values(other.operands[1:]), at=other.attrs["at"])
        return (total,)


def _is_sum(node: Node) -> bool:
    return node.op.name == "accumulate" and node.origin is Origin.SUM


def _place(node: Node) -> tuple[object, ...]:
    return (node.attrs["at"], *node.operands[2:])
