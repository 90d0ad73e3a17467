"""The start of a reversed region: popping what the primal saved, recomputing what it did not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Loc, Node, Origin, Value, walk
from ..ir.operation import Effect, OpTable
from ..ir.symbols import implied, mentioned, scoped
from ..ir.types import ArrayType, StackType
from ..ops.shapes import extent
from .cotangents import Scope
from .partition import Choice
from .policies import Policy, Verdict
from .recompute import Recipes, is_cheap, is_movement, running_cost, saving_cost
from .residuals import Carrier, Residual, Saved, Shadows, goes_on_stack, reads
from .settled import settled_reads
from .structure import Region, Structure

Readers = dict[Value, list[Node]]


@dataclass(frozen=True, slots=True)
class Restorer:
    """Decides region by region what is saved and what is recomputed, and remembers it."""

    ops: OpTable
    structure: Structure
    shadows: Shadows
    recipes: Recipes
    policy: Policy
    saved: list[Saved] = field(default_factory=list)
    residuals: list[Residual] = field(default_factory=list)

    @staticmethod
    def of(graph: Graph, structure: Structure, ops: OpTable, policy: Policy) -> Restorer:
        structure.settled.update(settled_reads(graph, structure))
        return Restorer(ops, structure, Shadows(structure), Recipes.of(graph, structure), policy)

    def restore(self, scope: Scope, region: Region, results: Sequence[Value]) -> None:
        """Begin the reverse of `region` in `scope` with the primal values that its nodes read.

        `results` are what the reverse will yield, besides stacks.
        """
        leaving = (leaving for _, leaving in scope.stacks.values())
        body = live_nodes(scope.b.nodes, (*results, *leaving))
        readers = self._readers(body, results, region)
        again = self._recomputed(region, readers)
        index = region.block.params[:1] if region.is_loop_body else ()
        prefix = Builder(self.ops, origin=Origin.BACKWARD)
        sized: set[Node] = set()  # what makes them is in `region`, and so is their size
        for value in region.block.params + tuple(r for n in region.block.nodes for r in n.results):
            node = self.structure.definition.get(value)
            if value not in readers or node in again or value in index:
                continue
            if node is not None and scoped(value.type):
                sized.add(node)
            else:
                self._restore_saved(prefix, scope, Saved(value, region, self.shadows(value)))
        for node in region.block.nodes:
            if node in again:
                recompute(prefix, self.shadows.node(self.structure.again(node)))
            for value in node.results if node in sized else ():
                if value in readers and scoped(value.type):
                    self._restore_saved(prefix, scope, Saved(value, region, self.shadows(value)))
        scope.b.nodes[:] = prefix.nodes + body
        self._explain(region, readers, again)

    def _readers(self, body: Sequence[Node], results: Sequence[Value], region: Region) -> Readers:
        """Return the values of `region` that its reverse reads, and where."""
        readers: Readers = {}
        for value, node in reads(body):
            primal = self.shadows.primal.get(value)
            if primal is not None and self.structure.home[primal] is region:
                readers.setdefault(primal, []).append(node)
        for node in walk(Block((), tuple(body), ())) if self.structure.bindings else ():
            for size in self.structure.bound_in(region, mentioned(node)):
                readers.setdefault(size, []).append(node)
        for value in results:
            primal = self.shadows.primal.get(value)
            if primal is not None and self.structure.home[primal] is region:
                readers.setdefault(primal, [])
        return readers

    def _recomputed(self, region: Region, readers: Readers) -> set[Node]:
        """Return the nodes of `region` to run again; what they read of the region joins `readers`."""
        again = set()
        candidates = self._candidates(region, readers)
        for node in reversed(region.block.nodes):
            if not any(r in readers for r in node.results):
                continue
            needed = self.structure.implied.get(node, ())
            if node in candidates:
                again.add(node)
                needed = self.structure.reads(node)
            for v in needed:
                if self.structure.home.get(v) is region:
                    readers.setdefault(v, []).append(node)
        return again

    def _candidates(self, region: Region, readers: Readers) -> set[Node]:
        """Return the nodes that are run again where they are needed, as it is cheapest."""
        own = {r: node for node in region.block.nodes for r in node.results}
        verdicts = self.policy.verdicts(region.block.nodes)

        def read(node: Node) -> list[Value]:
            return [v for v in self.structure.reads(node) if not self.recipes.is_free(v, region)]

        def running(node: Node) -> float:
            saved = any(verdicts[r] is Verdict.SAVE for r in node.results)
            return math.inf if saved and not is_cheap(node) else running_cost(node)

        def saving(value: Value) -> float:
            node = own.get(value)
            if node is not None and is_movement(node):
                return math.inf
            if verdicts.get(value) is Verdict.RECOMPUTE and math.isfinite(running_cost(own[value])):
                return math.inf
            return (
                self.policy.weight
                * saving_cost(value)
                / self.structure.turns(region, self.structure.home[value])
            )

        needed = [v for v in readers if not self.recipes.is_free(v, region)]
        free = {n for n in region.block.nodes if is_movement(n) or self.recipes.free.issuperset(n.results)}
        return free | Choice(own, read, saving, running).cheapest(needed)

    def _restore_saved(self, b: Builder, scope: Scope, saved: Saved) -> None:
        assert isinstance(saved.value.type, ArrayType), "no backward node reads a stack of the primal"
        self.saved.append(saved)
        if not saved.on_stack:
            return  # the primal hands it out under this very name
        stack = StackType(saved.type)
        entering, leaving = Value(stack), Value(stack)
        loc = self._location(saved.value)
        b.nodes.append(Node(self.ops["pop"], (entering,), {}, (leaving, saved.restored), (), loc, b.origin))
        scope.stacks[saved] = entering, leaving

    def _explain(self, region: Region, readers: Readers, again: set[Node]) -> None:
        for value, nodes in readers.items():
            index = region.is_loop_body and value is region.block.params[0]
            recomputed = index or self.structure.definition.get(value) in again
            elsewhere = Carrier.STACK if goes_on_stack(value, region) else Carrier.RESULT
            carrier = Carrier.RECOMPUTED if recomputed else elsewhere
            self.residuals.append(
                Residual(value, carrier, self._location(value), tuple(dict.fromkeys(nodes)))
            )

    def _location(self, value: Value) -> Loc | None:
        node = self.structure.definition.get(value)
        return node.loc if node else self.structure.home[value].owner.loc


def recompute(b: Builder, node: Node) -> None:
    """Append `node` again, as it is but for checks: an index that has passed needs only its wrapping."""
    b.loc, again = node.loc, Origin.RECOMPUTED
    if node.op.name != "check_index":
        b.nodes.append(Node(node.op, node.operands, node.attrs, node.results, (), node.loc, again))
        return
    (index,) = node.operands
    wrapped = b.add(index, b.spread(extent(b, node.attrs["size"]), index.array))
    choice = b.less(index, b.like(index, 0)), wrapped, index
    b.nodes.append(Node(b.ops["where"], choice, {}, node.results, (), node.loc, again))


def live_nodes(nodes: Sequence[Node], results: Sequence[Value]) -> list[Node]:
    """Return the nodes that `results` depend on, and those with effects, in order."""
    needed, kept = set(results), []
    sizes = implied(Block((), tuple(nodes), ()))
    for node in reversed(nodes):
        if node.op.effect is not Effect.NONE or any(r in needed for r in node.results):
            needed.update(v for v, _ in reads([node]))
            needed.update(v for inner in walk(Block((), (node,), ())) for v in sizes.get(inner, ()))
            kept.append(node)
    return kept[::-1]
