"""What a diagram points out in a graph: phases, forks, sums at forks, saved and recomputed values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ..ir.graph import Graph, Node, Origin, Value, walk
from ..ir.operation import NOT_DIFFERENTIABLE
from ..ir.saved import saved_values
from ..ir.types import ArrayType


class Phase(Enum):
    """The half of a joint graph that a value is computed in."""

    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class Marks:
    """The phase of every value, and the values that are drawn in a way of their own.

    `repeated` are those inside loops, which are computed once for each pass.
    """

    phase: dict[Value, Phase]
    constants: frozenset[Value]
    forks: frozenset[Value]
    saved: frozenset[Value]
    recomputed: frozenset[Value]
    repeated: frozenset[Value]

    @property
    def has_backward(self) -> bool:
        return Phase.BACKWARD in self.phase.values()


def node_phase(node: Node) -> Phase:
    """Return the phase of a node of the outermost block; nodes in regions belong to their owner's."""
    return Phase.FORWARD if node.origin is Origin.PRIMAL else Phase.BACKWARD


def find_marks(graph: Graph) -> Marks:
    """Return what is to be pointed out in `graph`.

    A float value of the forward phase forks where more than one path of derivatives leaves it:
    reverse mode adds up what comes back on them. A value is saved if it is computed in the forward
    phase and read in the backward one, or pushed on a stack. It is recomputed if the backward phase
    runs the user's operation again.
    """
    phase = _phases(graph)
    constants = {r for node in walk(graph.block) if node.op.name == "constant" for r in node.results}
    paths: dict[Value, int] = {}
    for use in _uses(graph, phase):
        forward = phase[use.value] is Phase.FORWARD
        if forward and use.phase is Phase.FORWARD and use.differentiable:
            paths[use.value] = paths.get(use.value, 0) + 1
    forks = {v for v, n in paths.items() if n > 1 and _carries_gradient(v)}
    return Marks(
        phase,
        constants=frozenset(constants),
        forks=frozenset(forks - constants),
        saved=saved_values(graph),
        recomputed=frozenset(set(_recomputed(graph, phase)) - constants),
        repeated=frozenset(_repeated(graph)),
    )


def _carries_gradient(value: Value) -> bool:
    return isinstance(value.type, ArrayType) and value.type.dtype.is_float


def _phases(graph: Graph) -> dict[Value, Phase]:
    phase: dict[Value, Phase] = {}
    readers: dict[Value, set[Phase]] = {}
    for node in graph.block.nodes:
        own = node_phase(node)
        for inner in _with_inner(node):
            phase.update(dict.fromkeys(inner.results, own))
            phase.update({p: own for region in inner.regions for p in region.params})
            for v in _read(inner):
                readers.setdefault(v, set()).add(own)
    for p in graph.block.params:  # a seed, the cotangent of an output, belongs to the backward phase
        phase[p] = Phase.BACKWARD if readers.get(p) == {Phase.BACKWARD} else Phase.FORWARD
    return phase


@dataclass(frozen=True, slots=True)
class _Use:
    value: Value
    phase: Phase  # of the reader
    differentiable: bool = True


def _uses(graph: Graph, phase: dict[Value, Phase]) -> Iterator[_Use]:
    for node in graph.block.nodes:
        own = node_phase(node)
        for inner in _with_inner(node):
            pushes = inner.op.name == "push" and own is Phase.FORWARD
            differentiable = inner.op.derivative is not NOT_DIFFERENTIABLE and not pushes
            for value in _read(inner):
                yield _Use(value, own, differentiable)
    yield from (_Use(v, phase[v]) for v in graph.block.results)


def _with_inner(node: Node) -> Iterator[Node]:
    """Yield a node and the nodes of its regions."""
    yield node
    for region in node.regions:
        yield from walk(region)


def _read(node: Node) -> Iterator[Value]:
    """Yield what a node reads: its operands, and what its regions give back."""
    yield from node.operands
    for region in node.regions:
        yield from region.results


def _recomputed(graph: Graph, phase: dict[Value, Phase]) -> Iterator[Value]:
    for node in walk(graph.block):
        if node.origin in (Origin.RECOMPUTED, Origin.PRIMAL) and not node.regions:
            yield from (r for r in node.results if phase[r] is Phase.BACKWARD)


def _repeated(graph: Graph) -> Iterator[Value]:
    for node in walk(graph.block):
        for region in node.regions if node.op.name != "if" else ():
            yield from region.params
            for inner in walk(region):
                yield from inner.results
                yield from (p for nested in inner.regions for p in nested.params)
