"""Values of the outermost block that the backward pass computes again, late, instead of keeping them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Origin, Value
from ..ir.operation import Effect, OpTable
from ..ir.types import ArrayType
from ..ops import OPS
from .dce import dce
from .halves import Halves
from .inline import inline
from .policies import Policy
from .recompute import is_movement
from .steps import Steps


def rematerialize(joint: Graph, primal: Graph, policy: Policy, ops: OpTable = OPS) -> Graph:
    """Return a joint graph whose backward nodes compute again what the policy does not save.

    What is computed again comes just before the first backward node that reads it, and is made of values
    behind a `barrier`, so that neither is it merged with what the primal computed nor is it computed early.
    Where the policy says so it is given up when the backward pass comes to another step, and computed once
    more if that reads it, too.

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
    halves = Halves.of(joint, len(primal.inputs), len(primal.outputs))
    steps = halves.steps(policy)
    again = halves.again(policy, steps)
    if all(is_movement(node) for node in again):
        return joint
    block = Block(joint.block.params, tuple(_Late(halves, steps, again, ops).nodes()), joint.block.results)
    return dce(Graph(joint.name, block, joint.inputs, joint.outputs))


def _bytes(value: Value) -> int:
    return value.type.most_bytes if isinstance(value.type, ArrayType) else 0


@dataclass(slots=True)
class _Late:
    """The nodes being put together, with those that run again before their first readers.

    Attributes
    ----------
    copies
        What stands for the primal's values in the step that is being reversed.
    states
        What is left of that of the steps after it.
    waiting
        Backward nodes that would take more memory: they come when the next values have been computed
        again, so that their results are not held beside what that takes.
    """

    halves: Halves
    steps: Steps
    again: set[Node]
    ops: OpTable
    copies: dict[Value, Value] = field(default_factory=dict)
    states: dict[Value, Value] = field(default_factory=dict)
    waiting: list[Node] = field(default_factory=list)
    step: int = -1
    built: list[Node] = field(default_factory=list)
    after: Value | None = None  # a cotangent that is there when the primal is over
    depth: dict[Value, int] = field(default_factory=dict)

    def nodes(self) -> list[Node]:
        halves = self.halves
        if halves.cotangents:
            self.after = halves.cotangents[0]
            self.depth[self.after] = len(halves.block.nodes)
        for node in halves.block.nodes:
            if node in halves.forward:
                self.built.append(node)
                self.depth.update(dict.fromkeys(node.results, halves.forward[node]))
            elif self._can_wait(node):
                self.waiting.append(node)
            else:
                self._next(node)
        self._flush()
        return self.built

    def _next(self, node: Node) -> None:
        """Append a backward node, and those that wait for what it computes again, or that it waits for."""
        read = {*self.halves.structure.all_reads(node)}
        if any(r in read for waiting in self.waiting for r in waiting.results):
            self._flush()
        if self._backward(node):
            self._flush()

    def _flush(self) -> None:
        for node in self.waiting:
            self._backward(node)
        self.waiting.clear()

    def _can_wait(self, node: Node) -> bool:
        """Tell whether a node reads nothing that runs again, and only makes memory fuller."""
        if not self.steps.for_memory or self.after is None:
            return False
        if node.op.effect is not Effect.NONE or len(node.results) != 1:
            return False
        read = self.halves.structure.all_reads(node)
        if any(self._runs_again(v) for v in read):
            return False
        freed = (v for v in dict.fromkeys(read) if self.halves.is_held_backward(v))
        return sum(map(_bytes, freed)) <= _bytes(node.result)

    def _backward(self, node: Node) -> bool:
        """Append a backward node; tell whether it took to compute values again."""
        read, before = self.halves.structure.all_reads(node), len(self.built)
        if self.after is not None:
            self._move_to_step_of(read)
            for value in read:
                self._compute(value)
        ran_again = len(self.built) > before
        self.built.append(self._reading_copies(node))
        depth = max((self.depth.get(v, -1) for v in read), default=-1)
        self.depth.update(dict.fromkeys(node.results, depth))
        result = node.results[0] if node.results else None
        is_array = result is not None and isinstance(result.type, ArrayType)
        if is_array and depth >= 0 and (self.after is None or depth >= self.depth[self.after]):
            self.after = result
        return ran_again

    def _move_to_step_of(self, read: Iterable[Value]) -> None:
        """Give up what was computed again for another step, but for the states that are still there."""
        places = [k for v in read if self._runs_again(v) and (k := self.halves.place(v)) is not None]
        step = self.steps.of(max(places)) if places else self.step
        if step == self.step:
            return
        there = {v: copy for v, copy in (self.copies | self.states).items() if self._runs_again(v)}
        self.states = {v: c for v, c in there.items() if self.halves.passes(v, self.steps.states[step])}
        self.copies = {}
        self.step = step

    def _runs_again(self, value: Value) -> bool:
        return self.halves.structure.definition.get(value) in self.again

    def _compute(self, value: Value) -> None:
        """Compute a value again, and first what it takes: without recursion, as chains can be long."""
        definition, pending = self.halves.structure.definition, [value]
        while pending:
            if not self._is_missing(pending[-1]):
                pending.pop()
                continue
            node = definition[pending[-1]]
            missing = [v for v in self.halves.structure.all_reads(node) if self._is_missing(v)]
            pending += missing
            if not missing:
                self._copy(node)

    def _is_missing(self, value: Value) -> bool:
        return self._runs_again(value) and value not in self.copies and value not in self.states

    def _copy(self, node: Node) -> None:
        b = Builder(self.ops, node.loc)
        captured = [v for region in node.regions for v in self.halves.structure.captures[region]]
        read = tuple(dict.fromkeys((*node.operands, *captured)))
        graph = Graph.of("again", Block(read, (node,), node.results))
        given = [self.copies.get(v) or self._late(v) for v in read]
        results = inline(b, graph, given, again=True)
        self.built += b.nodes
        self.copies.update(zip(node.results, results, strict=True))

    def _late(self, value: Value) -> Value:
        """Return a value as it is once the primal, and the reverse of later steps, is over."""
        assert self.after is not None
        if not isinstance(value.type, ArrayType) or not value.dtype.is_float:
            return self.states.get(value, value)
        b = Builder(self.ops, origin=Origin.RECOMPUTED)
        late = b.barrier(self.states.get(value, value), self.after)
        self.built += b.nodes
        self.copies[value] = late
        return late

    def _reading_copies(self, node: Node) -> Node:
        """Return a node as it reads what was computed again."""
        there, read = self.states | self.copies, self.halves.structure.all_reads(node)
        copied = {v: there[v] for v in read if v in there and self._runs_again(v)}
        if not copied:
            return node
        operands = tuple(copied.get(v, v) for v in node.operands)
        regions = tuple(_renamed(region, copied) for region in node.regions)
        return Node(node.op, operands, node.attrs, node.results, regions, node.loc, node.origin)


def _renamed(block: Block, names: dict[Value, Value]) -> Block:
    """Return a region that reads other values of the scopes around it; what it defines stays."""
    nodes = []
    for node in block.nodes:
        operands = tuple(names.get(v, v) for v in node.operands)
        regions = tuple(_renamed(region, names) for region in node.regions)
        nodes.append(Node(node.op, operands, node.attrs, node.results, regions, node.loc, node.origin))
    return Block(block.params, tuple(nodes), tuple(names.get(v, v) for v in block.results))
