"""Which values carry derivatives: those that depend on the inputs and reach an output smoothly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..ir.graph import Graph, Node, Value, walk
from ..ir.loops import carries, is_loop
from ..ir.operation import NotDifferentiable, Partials, Structured, Vjp
from ..ir.types import StackType, Type

Edges = Mapping[Value, Sequence[Value]]


def carries_derivative(type: Type) -> bool:
    """Tell whether values of `type` can have cotangents: floats, and stacks of them."""
    element = type.element if isinstance(type, StackType) else type
    return element.dtype.is_float


@dataclass(frozen=True, slots=True)
class Activity:
    """What reverse mode has to do with each value.

    Attributes
    ----------
    varied
        The values that depend on the inputs through operations with a derivative.
    active
        Those of them that outputs depend on in turn: they have cotangents.
    """

    varied: frozenset[Value]
    active: frozenset[Value]

    @staticmethod
    def of(graph: Graph, inputs: Iterable[Value], outputs: Iterable[Value]) -> Activity:
        """Find the values between `inputs` and `outputs`.

        Loops need no fixpoint of their own: the dependences of their carries are edges of one graph.
        """
        forward: dict[Value, list[Value]] = {}
        backward: dict[Value, list[Value]] = {}
        for source, target in (edge for node in walk(graph.block) for edge in _flow(node)):
            forward.setdefault(source, []).append(target)
            backward.setdefault(target, []).append(source)
            if isinstance(source.type, StackType) and isinstance(target.type, StackType):
                # Cotangents of a stack pair up with its pushes and pops: all of its states have one, or none.
                backward.setdefault(source, []).append(target)
        varied = _reach(forward, inputs)
        return Activity(varied, varied & _reach(backward, outputs))


def _reach(edges: Edges, roots: Iterable[Value]) -> frozenset[Value]:
    pending = [v for v in roots if carries_derivative(v.type)]
    reached = set(pending)
    while pending:
        for v in edges.get(pending.pop(), ()):
            if v not in reached and carries_derivative(v.type):
                reached.add(v)
                pending.append(v)
    return frozenset(reached)


def _flow(node: Node) -> Iterator[tuple[Value, Value]]:
    """Yield (source, target) where the derivative of `target` by `source` may differ from 0."""
    match node.op.derivative:
        case NotDifferentiable():
            return
        case Partials(of=partials):
            yield from (
                (v, node.result) for v, p in zip(node.operands, partials, strict=True) if p is not None
            )
        case Vjp():
            yield from ((v, r) for v in node.operands for r in node.results)
        case Structured.REGION:
            yield from _flow_through_regions(node)


def _flow_through_regions(node: Node) -> Iterator[tuple[Value, Value]]:
    if is_loop(node):
        for c in carries(node):
            yield from ((source, target) for source in (c.init, c.yielded) for target in (c.param, c.result))
        return
    for branch in node.regions:
        yield from zip(branch.results, node.results, strict=True)
