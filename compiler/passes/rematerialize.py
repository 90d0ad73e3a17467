"""Values of the outermost block that the backward pass computes again, late, instead of keeping them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Origin, Value, walk
from ..ir.operation import Effect, OpTable
from ..ir.symbols import BIND
from ..ir.types import ArrayType
from ..ops import OPS
from .dce import dce
from .inline import inline
from .partition import Choice
from .policies import Policy, Verdict
from .recompute import is_cheap, is_movement, may_run_again, running_cost, saving_cost
from .structure import Structure

_A_LOOP = 1e6  # what running a loop again costs, where a policy says so


def rematerialize(joint: Graph, primal: Graph, policy: Policy, ops: OpTable = OPS) -> Graph:
    """Return a joint graph whose backward nodes compute again what the policy does not save.

    What is computed again comes just before the first backward node that reads it, and is made of values
    behind a `barrier`, so that neither is it merged with what the primal computed nor is it computed early.

    Parameters
    ----------
    joint
        What `adjoint` gives, optimized.
    primal
        The graph it is the adjoint of: it says which inputs and outputs are the primal's.
    policy
        What to save. Inputs and outputs of the primal are there in any case. Predicates and indices that come
        of floats are never computed again, nor loops that have some.
    """
    split = _Split.of(joint, len(primal.inputs), len(primal.outputs))
    again = split.again(policy)
    if all(is_movement(node) for node in again):
        return joint
    block = Block(joint.block.params, tuple(_Late(split, again, ops).nodes()), joint.block.results)
    return dce(Graph(joint.name, block, joint.inputs, joint.outputs))


@dataclass(frozen=True, slots=True)
class _Split:
    """The nodes that the primal's outputs depend on, by place, and what the others read of them."""

    block: Block
    structure: Structure
    forward: dict[Node, int]
    at_hand: frozenset[Value]
    cotangents: tuple[Value, ...]

    @staticmethod
    def of(joint: Graph, inputs: int, outputs: int) -> _Split:
        block, structure = joint.block, Structure.of(joint)
        needed, forward = set(block.results[:outputs]), set()
        for node in reversed(block.nodes):
            if not needed.isdisjoint(node.results):
                forward.add(node)
                needed.update(structure.all_reads(node))
        places = {node: k for k, node in enumerate(block.nodes) if node in forward}
        at_hand = frozenset((*block.params, *block.results))
        return _Split(block, structure, places, at_hand, block.params[inputs:])

    def reads(self, node: Node) -> list[Value]:
        return self.structure.all_reads(node)

    def needed(self) -> list[Value]:
        """Return the primal's values that backward nodes read, in the order that they are made in."""
        read = {v for node in self.block.nodes if node not in self.forward for v in self.reads(node)}
        made = (r for node in self.forward for r in node.results)
        return [v for v in made if v in read and v not in self.at_hand]

    def again(self, policy: Policy) -> set[Node]:
        """Return the nodes that the policy has run again."""
        definition = {r: node for node in self.forward for r in node.results}
        verdicts = policy.verdicts(self.forward)
        needed = self.needed()
        if policy.segments:
            verdicts.update(self._by_segments(needed))

        def running(node: Node) -> float:
            if is_cheap(node) or node.op.name == "stack_new":
                return 0.0
            verdict = verdicts[node.results[0]]
            if node.regions:
                again = verdict is Verdict.RECOMPUTE and _may_run_again(node)
                return _A_LOOP if again else math.inf
            return math.inf if verdict is Verdict.SAVE else running_cost(node)

        def saving(value: Value) -> float:
            node = definition[value]
            if is_movement(node) or node.op.name == "stack_new":
                return math.inf
            if verdicts[value] is Verdict.RECOMPUTE and math.isfinite(running(node)):
                return math.inf
            is_array = isinstance(value.type, ArrayType) and value.type.shape
            return policy.weight * saving_cost(value) if is_array else 0.0

        def read(node: Node) -> list[Value]:
            return [v for v in self.reads(node) if v not in self.at_hand]

        again = Choice(definition, read, saving, running).cheapest(needed)
        return {node for node in again if node.op.name != BIND}  # a size has one name in all of the block

    def _by_segments(self, needed: Sequence[Value]) -> dict[Value, Verdict]:
        """Save what passes from one of about the square root of all steps to the next, and nothing else."""
        arrays = [v for v in needed if isinstance(v.type, ArrayType) and v.type.shape]
        length = max(math.isqrt(len(arrays)), 1)
        ends = [self.forward[self.structure.definition[v]] for v in arrays[length - 1 :: length]]
        last = {v: k for node, k in self.forward.items() for v in self.reads(node)}
        found = {}
        for node, k in self.forward.items():
            for r in node.results:
                passes = any(k <= end < last.get(r, k) for end in ends)
                found[r] = Verdict.SAVE if passes else Verdict.RECOMPUTE
        return found


def _may_run_again(node: Node) -> bool:
    """Tell whether a node with regions does the same again, and nothing that can be seen."""
    return node.op.name == "for" and may_run_again(node) and not _acts(node)


def _acts(node: Node) -> bool:
    """Tell whether a node can end the run or be seen."""
    inside = (n for region in node.regions for n in walk(region))
    return any(n.op.effect is not Effect.NONE for n in (node, *inside))


@dataclass(slots=True)
class _Late:
    """The nodes being put together, with those that run again before their first readers."""

    split: _Split
    again: set[Node]
    ops: OpTable
    copies: dict[Value, Value] = field(default_factory=dict)
    built: list[Node] = field(default_factory=list)
    after: Value | None = None  # a cotangent that is there when the primal is over
    depth: dict[Value, int] = field(default_factory=dict)

    def nodes(self) -> list[Node]:
        split = self.split
        if split.cotangents:
            self.after = split.cotangents[0]
            self.depth[self.after] = len(split.block.nodes)
        for node in split.block.nodes:
            if node in split.forward:
                self.built.append(node)
                self.depth.update(dict.fromkeys(node.results, split.forward[node]))
            else:
                self._backward(node)
        return self.built

    def _backward(self, node: Node) -> None:
        if self.after is not None:
            for value in self.split.reads(node):
                self._compute(value)
        self.built.append(self._reading_copies(node))
        depth = max((self.depth.get(v, -1) for v in self.split.reads(node)), default=-1)
        self.depth.update(dict.fromkeys(node.results, depth))
        result = node.results[0] if node.results else None
        if result is None or not isinstance(result.type, ArrayType) or depth < 0:
            return
        if self.after is None or depth >= self.depth[self.after]:
            self.after = result

    def _compute(self, value: Value) -> None:
        """Compute a value again, and first what it takes: without recursion, as chains can be long."""
        definition, pending = self.split.structure.definition, [value]
        while pending:
            node = definition.get(pending[-1])
            if node not in self.again or pending[-1] in self.copies:
                pending.pop()
                continue
            assert node is not None
            missing = [v for v in self.split.reads(node) if self._is_missing(v)]
            pending += missing
            if not missing:
                self._copy(node)

    def _is_missing(self, value: Value) -> bool:
        return self.split.structure.definition.get(value) in self.again and value not in self.copies

    def _copy(self, node: Node) -> None:
        b = Builder(self.ops, node.loc)
        captured = [v for region in node.regions for v in self.split.structure.captures[region]]
        read = tuple(dict.fromkeys((*node.operands, *captured)))
        graph = Graph("again", Block(read, (node,), node.results), tuple(map(str, range(len(read)))), ())
        given = [self.copies.get(v) or self._late(v) for v in read]
        results = inline(b, graph, given, again=True)
        self.built += b.nodes
        self.copies.update(zip(node.results, results, strict=True))

    def _late(self, value: Value) -> Value:
        """Return a value as it is once the primal is over."""
        assert self.after is not None
        if not isinstance(value.type, ArrayType) or not value.dtype.is_float:
            return value
        b = Builder(self.ops, origin=Origin.RECOMPUTED)
        late = b.barrier(value, self.after)
        self.built += b.nodes
        self.copies[value] = late
        return late

    def _reading_copies(self, node: Node) -> Node:
        """Return a node as it reads what was computed again."""
        copied = {v: self.copies[v] for v in self.split.reads(node) if self._is_copied(v)}
        if not copied:
            return node
        operands = tuple(copied.get(v, v) for v in node.operands)
        regions = tuple(_renamed(region, copied) for region in node.regions)
        return Node(node.op, operands, node.attrs, node.results, regions, node.loc, node.origin)

    def _is_copied(self, value: Value) -> bool:
        return value in self.copies and self.split.structure.definition.get(value) in self.again


def _renamed(block: Block, names: dict[Value, Value]) -> Block:
    """Return a region that reads other values of the scopes around it; what it defines stays."""
    nodes = []
    for node in block.nodes:
        operands = tuple(names.get(v, v) for v in node.operands)
        regions = tuple(_renamed(region, names) for region in node.regions)
        nodes.append(Node(node.op, operands, node.attrs, node.results, regions, node.loc, node.origin))
    return Block(block.params, tuple(nodes), tuple(names.get(v, v) for v in block.results))
