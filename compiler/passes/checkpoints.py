"""Checkpointed regions: opened where they run; the backward pass runs them again where it reverses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, operations
from ..ir.operation import OpTable
from ..ir.types import ArrayType
from ..ops import OPS
from .cotangents import Scope
from .dce import dce
from .decisions import decisions, replayed
from .fresh_symbols import fresh_symbols
from .inline import inline
from .rewrite import Rewriter, rewrite

if TYPE_CHECKING:
    from .adjoint_nodes import Backward


def open_checkpoints(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` with the nodes of each checkpointed region in its place."""
    return rewrite(graph, _open, ops) if "checkpoint" in operations(graph.block) else graph


def without_names(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` without the operations that only name a value."""
    return rewrite(graph, _unnamed, ops) if "name" in operations(graph.block) else graph


def _unnamed(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value] | None:
    return operands if node.op.name == "name" else None


def _open(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value] | None:
    if node.op.name != "checkpoint":
        return None
    (region,) = node.regions
    walk.nodes(b, region.nodes)
    return walk.values(region.results)


def reverse_checkpoint(backward: Backward, scope: Scope, node: Node, cts: Sequence[Value | None]) -> None:
    """Run the region again, from what it reads around it and what was kept of it, and reverse it."""
    (region,) = node.regions
    structure, shadows, b = backward.structure, backward.restorer.shadows, scope.b
    captured = structure.captures[region]
    wrt = [k for k, v in enumerate(captured) if v in backward.active]
    seeds = [(v, ct) for v, ct in zip(region.results, cts, strict=True) if ct is not None]
    results = tuple(v for v, _ in seeds)
    decided = decisions(region, structure.definition)
    own, end = len(node.results) - node.attrs["kept"], len(node.results) - len(decided)
    kept = dict(zip(region.results[own:end], node.results[own:end], strict=True))
    tapes = {v: Value(tape.type) for v, tape in zip(decided, node.results[end:], strict=True)}
    again = b.nested()
    replayed(again, region.nodes, decided, tapes, {})
    graph = dce(Graph.of("checkpoint", again.block((*captured, *tapes.values()), results)))
    joint = fresh_symbols(_again(backward.differentiate(graph, wrt), len(results), tuple(kept)))

    after = seeds[0][1]
    outermost = node.results[0] not in structure.home

    def there(v: Value) -> Value:
        return b.barrier(v, after) if outermost and isinstance(v.type, ArrayType) else shadows(v)

    captured_there, kept_there = tuple(map(there, captured)), tuple(map(there, kept.values()))
    tapes_there = shadows.all(node.results[end:])
    given = (*captured_there, *tapes_there, *(ct for _, ct in seeds), *kept_there)
    gradients = inline(b, joint, given, again=True)
    for k, gradient in zip(wrt, gradients, strict=True):
        backward.accumulate(scope, captured[k], gradient)


def _again(joint: Graph, outputs: int, kept: tuple[Value, ...]) -> Graph:
    """Return only the gradients of a joint graph, with what is kept as further inputs."""
    block = joint.block
    nodes = tuple(node for node in block.nodes if not any(r in kept for r in node.results))
    block = Block(block.params + kept, nodes, block.results[outputs:])
    return dce(Graph(joint.name, block, (*joint.inputs, *("kept" for _ in kept)), joint.outputs[outputs:]))
