"""The two halves of a joint graph: what the backward nodes read of the primal, and what of it runs again."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..ir import dims
from ..ir.graph import Block, Graph, Node, Value, walk
from ..ir.operation import Effect, Scan
from ..ir.symbols import BIND
from ..ir.types import ArrayType
from .partition import Choice
from .policies import Policy, Verdict
from .recompute import is_cheap, is_movement, may_run_again, running_cost, saving_cost
from .steps import Steps
from .structure import Structure

_WRITES = {"update", "accumulate", "scatter", "scatter_add"}
_A_LOOP = 1e6  # what running a loop again costs, where a policy says so


@dataclass(frozen=True, slots=True)
class Halves:
    """The primal's nodes in a joint graph, and what the others read of them.

    Attributes
    ----------
    forward
        The nodes that the primal's outputs depend on, with their places in the block.
    last
        The place of the last of them that reads a value.
    at_hand
        What is there whatever is saved: inputs and outputs.
    cotangents
        The inputs that the backward pass begins with, where it comes later.
    """

    block: Block
    structure: Structure
    forward: dict[Node, int]
    last: dict[Value, int]
    at_hand: frozenset[Value]
    cotangents: tuple[Value, ...]

    @staticmethod
    def of(joint: Graph, inputs: int, outputs: int) -> Halves:
        block, structure = joint.block, Structure.of(joint)
        needed, forward = set(block.results[:outputs]), set()
        for node in reversed(block.nodes):
            if not needed.isdisjoint(node.results):
                forward.add(node)
                needed.update(structure.all_reads(node))
        places = {node: k for k, node in enumerate(block.nodes) if node in forward}
        last = {v: k for node, k in places.items() for v in structure.all_reads(node)}
        at_hand = frozenset((*block.params, *block.results))
        return Halves(block, structure, places, last, at_hand, block.params[inputs:])

    def place(self, value: Value) -> int | None:
        """Return the place of the primal's node that makes a value, if one does."""
        node = self.structure.definition.get(value)
        return None if node is None else self.forward.get(node)

    def is_held_backward(self, value: Value) -> bool:
        """Tell whether a backward node makes a value that is not just another view."""
        node = self.structure.definition.get(value)
        return node is not None and node not in self.forward and not is_movement(node)

    def passes(self, value: Value, ends: Iterable[int]) -> bool:
        """Tell whether a value belongs to the state after one of some places."""
        place = self.place(value)
        return place is not None and any(place <= end < self.last.get(value, place) for end in ends)

    def needed(self) -> list[Value]:
        """Return the primal's values that backward nodes read, in the order that they are made in."""
        backward = (node for node in self.block.nodes if node not in self.forward)
        read = {v for node in backward for v in self.structure.all_reads(node)}
        made = (r for node in self.forward for r in node.results)
        return [v for v in made if v in read and v not in self.at_hand]

    def steps(self, policy: Policy) -> Steps:
        """Return the steps that the policy takes; one for all of it where it decides node by node."""
        arrays = (v for v in self.needed() if isinstance(v.type, ArrayType) and v.type.shape)
        places = sorted({k for v in arrays if (k := self.place(v)) is not None})
        if policy.segments:
            return Steps.in_segments(places)
        return Steps() if policy.slots is None else Steps.with_slots(places, policy.slots)

    def again(self, policy: Policy, steps: Steps) -> set[Node]:
        """Return the nodes that the policy has run again."""
        definition = {r: node for node in self.forward for r in node.results}
        verdicts = policy.verdicts(self.forward)
        needed = self.needed()
        if steps.ends:
            verdicts.update(self._by_steps(steps))

        def running(node: Node) -> float:
            if is_cheap(node) or node.op.name == "stack_new":
                return 0.0
            verdict = verdicts[node.results[0]]
            if node.regions:
                again = verdict is Verdict.RECOMPUTE and _is_repeatable(node)
                return _A_LOOP if again else math.inf
            return math.inf if verdict is Verdict.SAVE else _cost_again(node)

        def saving(value: Value) -> float:
            node = definition[value]
            if is_movement(node) or node.op.name == "stack_new":
                return math.inf
            if verdicts[value] is Verdict.RECOMPUTE and math.isfinite(running(node)):
                return math.inf
            is_array = isinstance(value.type, ArrayType) and value.type.shape
            return policy.weight * saving_cost(value) if is_array else 0.0

        def read(node: Node) -> list[Value]:
            return [v for v in self.structure.all_reads(node) if v not in self.at_hand]

        again = Choice(definition, read, saving, running).cheapest(needed)
        return {node for node in again if node.op.name != BIND}  # a size has one name in all of the block

    def _by_steps(self, steps: Steps) -> dict[Value, Verdict]:
        """Save the states that are there when the last step is reversed, and what that step has made.

        A backward pass that comes later, with cotangents of its own, finds only the states.
        """
        found = {}
        for node, place in self.forward.items():
            is_last = place > steps.ends[-1] and not self.cotangents
            for r in node.results:
                saved = is_last or self.passes(r, steps.states[-1])
                found[r] = Verdict.SAVE if saved else Verdict.RECOMPUTE
        return found


def _cost_again(node: Node) -> float:
    """Return what running a node again costs: here also where it takes an array of its own to write to."""
    cost = running_cost(node)
    if math.isfinite(cost) or not (node.op.name in _WRITES or isinstance(node.op.lowering, Scan)):
        return cost
    return float(dims.room(node.result.shape)) if node.result.dtype.is_float else cost


def _is_repeatable(node: Node) -> bool:
    """Tell whether a node with regions does the same again, and nothing that can be seen."""
    return node.op.name == "for" and may_run_again(node) and not _acts(node)


def _acts(node: Node) -> bool:
    """Tell whether a node can end the run or be seen."""
    inside = (n for region in node.regions for n in walk(region))
    return any(n.op.effect is not Effect.NONE for n in (node, *inside))
