"""Reverse mode: a graph to the joint graph of its values and gradients. Fan-out is added up here only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Origin, Value
from ..ir.operation import OpTable, VjpContext
from ..ops import OPS
from .activity import carries_derivative
from .adjoint_nodes import Backward
from .checkpointed_sweeps import states, with_sweeps
from .checkpoints import open_checkpoints
from .cotangents import Scope, zeros
from .decisions import with_decisions_kept
from .inline import inline
from .policies import CHEAPEST, Policy
from .residuals import Carrier, Residual, reads
from .save import Saver
from .segments import cut_loops, segment_op, whole
from .tapes import Tapes, with_tapes


class Seeds(Enum):
    """The cotangents of the outputs that reverse mode begins with."""

    ONE = "one"  # 1 for the first output, a real scalar; the others are not differentiated
    INPUTS = "inputs"  # one more input for each float output


@dataclass(frozen=True, slots=True)
class Adjoint:
    """A joint graph, and what there is to know about it.

    Attributes
    ----------
    graph
        The joint graph: the primal's nodes, then the backward nodes.
    residuals
        The primal values that the backward nodes read.
    cotangents
        The cotangent of each active value of the primal's outermost block.
    """

    graph: Graph
    residuals: tuple[Residual, ...]
    cotangents: dict[Value, Value]


def adjoint(
    graph: Graph,
    wrt: Sequence[int],
    *,
    seeds: Seeds = Seeds.ONE,
    ops: OpTable = OPS,
    policy: Policy = CHEAPEST,
    cut: bool = True,
) -> Graph:
    """Return the joint graph of `graph` and its gradients.

    Parameters
    ----------
    graph
        The primal.
    wrt
        Indices of the inputs to differentiate by, which are float arrays.
    seeds
        Where the cotangents of the outputs come from. With `Seeds.INPUTS` the joint graph has one more
        input, at the end, for each float output, labelled "ct" and the output's label.
    ops
        The table of operations.
    policy
        What is saved for the backward pass, and what it computes again.
    cut
        Whether long loops that save arrays are cut into segments.

    Returns
    -------
    Graph
        Its outputs are the primal's, then one gradient for each of `wrt`, of the input's type.

    Raises
    ------
    ValueError
        If an input in `wrt` is no float array, or if the seed is one and the first output no float scalar.

    References
    ----------
    A. Griewank and A. Walther, Evaluating Derivatives, SIAM, 2008, chapter 3.
    """
    return adjoint_with_residuals(graph, wrt, seeds=seeds, ops=ops, policy=policy, cut=cut).graph


def adjoint_with_residuals(
    graph: Graph,
    wrt: Sequence[int],
    *,
    seeds: Seeds = Seeds.ONE,
    ops: OpTable = OPS,
    policy: Policy = CHEAPEST,
    cut: bool = True,
) -> Adjoint:
    """Return what `adjoint` does, with its residuals and the cotangents of intermediate values."""
    _check(graph, wrt, seeds)
    graph, tapes = with_tapes(with_decisions_kept(graph, ops), ops)
    found, backward = _reversed(graph, wrt, seeds, ops, policy, tapes)
    if not cut or policy.whole_loops:
        return found
    in_segments = cut_loops(
        graph, backward.structure, backward.restorer.saved, ops, _SEGMENT, always=policy.segments
    )
    return found if in_segments is None else _reversed(in_segments, wrt, seeds, ops, policy, tapes)[0]


def _reversed(
    graph: Graph,
    wrt: Sequence[int],
    seeds: Seeds,
    ops: OpTable,
    policy: Policy,
    tapes: Mapping[Node, Tapes],
) -> tuple[Adjoint, Backward]:
    """Build the joint graph as the loops of the primal stand."""
    block = graph.block
    inputs = [block.params[k] for k in wrt]
    seeded = [k for k, v in enumerate(block.results) if carries_derivative(v.type)]
    if seeds is Seeds.ONE:
        seeded = [0]
    outputs = [block.results[k] for k in seeded]
    backward = Backward.of(graph, inputs, outputs, ops, _differentiate(ops), policy, tapes)
    scope = Scope(Builder(ops, block.nodes[-1].loc if block.nodes else None, Origin.BACKWARD))
    cts = _seed(backward, scope, graph, seeded, seeds)
    backward.block(scope, block.nodes)
    gradients = tuple(scope.cotangents.get(v) or zeros(scope.b, v.type) for v in inputs)

    forward = Saver.of(ops, backward.structure, backward.restorer.saved, scope.stacks).nodes(block.nodes)
    forward = with_sweeps(forward, backward.sweeps)
    joint = Graph(
        graph.name,
        Block(block.params + cts, whole((*forward, *scope.b.nodes), ops), block.results + gradients),
        (*graph.inputs, *(f"ct {graph.outputs[k]}" for k, _ in zip(seeded, cts, strict=False))),
        (*graph.outputs, *(f"d {graph.inputs[k]}" for k in wrt)),
    )
    joint = open_checkpoints(joint, ops)
    kept = (*_kept(graph, backward, scope.b.nodes), *states(backward.sweeps, scope.b.nodes))
    residuals = (*kept, *backward.restorer.residuals)
    return Adjoint(joint, residuals, backward.cotangents | scope.cotangents), backward


def _differentiate(ops: OpTable) -> Callable[[Graph, Sequence[int]], Graph]:
    return lambda graph, wrt: adjoint(graph, wrt, seeds=Seeds.INPUTS, ops=ops)


def _reverse_segment(c: VjpContext) -> list[Value | None]:
    """Run a segment of a loop again, saving what its reverse reads, and reverse it."""
    segment: Graph = c.node.attrs["graph"]
    wrt = [k for k, wanted in enumerate(c.needed) if wanted]
    cts = [
        ct or zeros(c.b, r.type)
        for r, ct in zip(c.node.results, c.cotangents, strict=True)
        if carries_derivative(r.type)
    ]
    joint = adjoint(segment, wrt, seeds=Seeds.INPUTS, ops=c.b.ops, cut=False)
    given = inline(c.b, joint, (*c.node.operands, *cts), again=True)
    gradients = dict(zip(wrt, given[len(segment.outputs) :], strict=True))
    return [gradients.get(k) for k in range(len(c.needed))]


_SEGMENT = segment_op(_reverse_segment)


def _seed(
    backward: Backward, scope: Scope, graph: Graph, seeded: Sequence[int], seeds: Seeds
) -> tuple[Value, ...]:
    """Give the outputs their cotangents; return those that are inputs."""
    outputs = [graph.block.results[k] for k in seeded]
    if seeds is Seeds.ONE:
        backward.accumulate(scope, outputs[0], scope.b.full(outputs[0].array, 1))
        return ()
    cts = tuple(Value(v.type) for v in outputs)
    for output, ct in zip(outputs, cts, strict=True):
        backward.accumulate(scope, output, ct)
    return cts


def _check(graph: Graph, wrt: Sequence[int], seeds: Seeds) -> None:
    for k in wrt:
        if not carries_derivative(graph.block.params[k].type):
            raise ValueError(
                f"input '{graph.inputs[k]}' is {graph.block.params[k].type}: only floats have gradients"
            )
    if seeds is Seeds.ONE:
        type = graph.block.results[0].array if graph.block.results else None
        if type is None or type.shape or not carries_derivative(type):
            raise ValueError(f"the first output is {type}: only a real scalar has a gradient")


def _kept(graph: Graph, backward: Backward, nodes: Sequence[Node]) -> list[Residual]:
    """Return the residuals in the outermost block: values of it that backward nodes read."""
    readers: dict[Value, dict[Node, None]] = {}
    definition = backward.structure.definition
    labels = dict(zip(graph.block.params, graph.inputs, strict=True))
    outermost = {*graph.block.params, *(r for node in graph.block.nodes for r in node.results)}
    for value, node in reads(nodes):
        if value in outermost:
            readers.setdefault(value, {})[node] = None
    locs = {v: definition[v].loc for v in readers if v in definition}
    return [
        Residual(v, Carrier.KEPT, locs.get(v), tuple(nodes), labels.get(v, ""))
        for v, nodes in readers.items()
    ]
