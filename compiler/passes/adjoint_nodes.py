"""The reverse of a node: its derivative rule, and the sum of cotangents where a value forks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ..ir.builder import Builder
from ..ir.graph import Graph, Node, Origin, Value
from ..ir.loops import is_loop
from ..ir.operation import NotDifferentiable, OpTable, Partial, Partials, Structured, Vjp, VjpContext
from ..ir.types import StackType, Type
from .activity import Activity
from .adjoint_regions import reverse_if, reverse_loop
from .checkpointed_loops import is_checkpointed, reverse_checkpointed
from .checkpointed_sweeps import Sweep
from .checkpoints import reverse_checkpoint
from .cotangents import Scope, zeros
from .policies import Policy
from .restore import Restorer
from .splat import splat
from .structure import Structure
from .tapes import Tapes

Cotangents = tuple[Value | None, ...]


@dataclass(frozen=True, slots=True)
class Backward:
    """Builds the backward pass of one graph, node by node from the last.

    Attributes
    ----------
    varied
        The values that depend on what is differentiated by.
    active
        Those of them that reach a differentiated output as well: they have cotangents.
    cotangents
        The finished cotangents of the outermost block.
    differentiate
        From a graph and the indices of some inputs to its joint graph, with the cotangents of its outputs
        as inputs.
    units
        The partial derivatives, by types of operands, that have turned out to be 1 or -1; 0 for all others.
    tapes
        What checkpointed loops write on the tapes that they carry, if they have some.
    sweeps
        The primal runs of checkpointed loops that save states.
    """

    structure: Structure
    varied: frozenset[Value]
    active: frozenset[Value]
    restorer: Restorer
    differentiate: Callable[[Graph, Sequence[int]], Graph]
    tapes: Mapping[Node, Tapes]
    cotangents: dict[Value, Value] = field(default_factory=dict)
    units: dict[tuple[Type, ...], dict[Partial, int]] = field(default_factory=dict)
    sweeps: dict[Node, Sweep] = field(default_factory=dict)

    @staticmethod
    def of(
        graph: Graph,
        inputs: Sequence[Value],
        outputs: Sequence[Value],
        ops: OpTable,
        differentiate: Callable[[Graph, Sequence[int]], Graph],
        policy: Policy,
        tapes: Mapping[Node, Tapes],
    ) -> Backward:
        structure = Structure.of(graph)
        activity = Activity.of(graph, inputs, outputs)
        restorer = Restorer.of(graph, structure, ops, policy)
        return Backward(structure, activity.varied, activity.active, restorer, differentiate, tapes)

    def block(self, scope: Scope, nodes: Sequence[Node]) -> None:
        """Build the reverse of `nodes` in `scope`."""
        for node in reversed(nodes):
            cts = tuple(self._take(scope, r) for r in node.results)
            if any(ct is not None for ct in cts):
                scope.b.loc, scope.b.origin = node.loc, Origin.BACKWARD
                self._node(scope, node, cts)

    def accumulate(self, scope: Scope, value: Value, ct: Value) -> None:
        """Add `ct` to the cotangent of `value`: the sum at a fork."""
        if value not in self.active:
            return
        assert ct.type is value.type or ct.type == value.type, f"the cotangent of {value.type} is {ct.type}"
        so_far = scope.cotangents.get(value)
        if so_far is not None:
            ct = self._sum_at(scope.b, value, partial(scope.b.add, so_far, ct))
        scope.cotangents[value] = ct

    def _take(self, scope: Scope, result: Value) -> Value | None:
        ct = scope.cotangents.pop(result, None)
        if ct is None and isinstance(result.type, StackType) and result in self.active:
            return zeros(scope.b, result.type)  # never read again, so empty
        if ct is not None and result not in self.structure.home:
            self.cotangents[result] = ct
        return ct

    def _sum_at(self, b: Builder, forked: Value, add: Callable[[], Value]) -> Value:
        """Add to the cotangent of a value where that is computed."""
        node, loc, origin = self.structure.definition.get(forked), b.loc, b.origin
        b.loc, b.origin = (node.loc if node else loc), Origin.SUM
        total = add()
        b.loc, b.origin = loc, origin
        return total

    def _node(self, scope: Scope, node: Node, cts: Cotangents) -> None:
        match node.op.derivative:
            case Partials() as partials:
                self._elementwise(scope, node, partials, cts[0])
            case Vjp() as vjp:
                self._by_rule(scope, node, vjp, cts)
            case Structured.REGION if node.op.name == "checkpoint":
                reverse_checkpoint(self, scope, node, cts)
            case Structured.REGION:
                reverse = reverse_loop if is_loop(node) else reverse_if
                reverse = reverse_checkpointed if is_checkpointed(node, self.tapes.get(node)) else reverse
                reverse(self, scope, node, cts)
            case NotDifferentiable():
                raise AssertionError(f"a cotangent reached {node.op.name}, which has no derivative")

    def _elementwise(self, scope: Scope, node: Node, partials: Partials, ct: Value | None) -> None:
        assert ct is not None
        seen = self.restorer.shadows.node(node)
        # The types are all that a rule can tell operands apart by.
        units = self.units.setdefault(tuple([v.type for v in node.operands]), {})
        for operand, rule in zip(node.operands, partials.of, strict=True):
            if rule is not None and operand in self.active:
                factor = _factor(scope.b, rule, seen, units)
                self.accumulate(scope, operand, _product(scope.b, ct, factor, partials.finite))

    def _by_rule(self, scope: Scope, node: Node, vjp: Vjp, cts: Cotangents) -> None:
        b, seen = scope.b, self.restorer.shadows.node(node)
        needed = [v in self.varied for v in node.operands]
        if vjp.into is not None and needed[0]:
            self._into(scope, node.operands[0], vjp, VjpContext(b, seen, cts, tuple(needed)))
            needed[0] = False
        if not any(needed):
            return
        operand_cts = vjp.rule(VjpContext(b, seen, cts, tuple(needed)))
        for operand, wanted, ct in zip(node.operands, needed, operand_cts, strict=True):
            if wanted and ct is not None:
                self.accumulate(scope, operand, ct)

    def _into(self, scope: Scope, base: Value, vjp: Vjp, context: VjpContext) -> None:
        """Add the cotangent of one part of `base` in place, from zeros the first time."""
        assert vjp.into is not None
        so_far = scope.cotangents.get(base)
        if so_far is None:
            scope.cotangents[base] = vjp.into(context, zeros(scope.b, base.type))
        else:
            into = partial(vjp.into, context, so_far)
            scope.cotangents[base] = self._sum_at(scope.b, base, into)


def _factor(b: Builder, rule: Partial, node: Node, units: dict[Partial, int]) -> Value | int:
    """Build a partial derivative of `node`, but for 1 and -1: they leave no trace in the graph."""
    unit = units.get(rule)
    if unit is None:
        local = b.nested()
        factor = rule(local, node.result, *node.operands)
        known = splat({r: made for made in local.nodes for r in made.results}, factor)
        unit = units[rule] = 0 if known is None or abs(known) != 1 else int(known)
    return unit if unit else rule(b, node.result, *node.operands)


def _product(b: Builder, ct: Value, factor: Value | int, finite: bool) -> Value:
    if isinstance(factor, int):
        return ct if factor == 1 else b.neg(ct)
    return b.multiply(ct, factor) if finite else b.strong_multiply(ct, factor)
