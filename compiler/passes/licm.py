"""Loop-invariant code: work in a loop that is the same in each iteration moves in front of it."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.builder import Builder
from ..ir.graph import Graph, Node, Value
from ..ir.loops import is_loop
from ..ir.operation import Effect, OpTable
from ..ir.symbols import BIND, bound_by, mentioned
from ..ir.types import StackType
from ..ops import OPS
from .recompute import CREATION, MOVEMENT
from .rewrite import Rewriter, rewrite

# What relies on indices in range: that may hold only where the loop runs at all.
# The number is that of the operands that are no indices.
GUARDED = {"index": 1, "update": 2, "accumulate": 2, "gather": 1, "scatter": 2, "scatter_add": 2}
# What costs nothing where it is used, and an array where it is not: it moves only for what reads it.
VIRTUAL = CREATION | MOVEMENT


def licm(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` with pure invariant nodes in front of their loops, the innermost loops first."""
    has_regions = any(node.regions for node in graph.block.nodes)
    return rewrite(graph, _visit, ops) if has_regions else graph


def _visit(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value] | None:
    if not is_loop(node):
        return None
    body = walk.block(node.regions[0])
    invariant = _invariant(body.params, body.nodes)
    moved = _worthwhile(invariant)
    b.nodes.extend(n for n in invariant if n in moved)
    if moved:
        body = type(body)(body.params, tuple(n for n in body.nodes if n not in moved), body.results)
    if operands is not node.operands or body is not node.regions[0]:
        node = Node(node.op, operands, node.attrs, node.results, (body,), node.loc, node.origin)
    b.nodes.append(node)
    return node.results


def _invariant(params: Sequence[Value], nodes: Sequence[Node]) -> list[Node]:
    varying = set(params)
    bound = {bound_by(node) for node in nodes if node.op.name == BIND}
    invariant = []
    for node in nodes:
        sized = bool(bound) and not bound.isdisjoint(mentioned(node))  # by what is bound in each iteration
        if _is_movable(node) and varying.isdisjoint(node.operands) and not sized:
            invariant.append(node)
        else:
            varying.update(node.results)
    return invariant


def _is_movable(node: Node) -> bool:
    guarded = len(node.operands) > GUARDED.get(node.op.name, len(node.operands))
    stacks = any(isinstance(v.type, StackType) for v in (*node.operands, *node.results))
    return node.op.effect is Effect.NONE and not (guarded or stacks or node.regions or node.op.name == BIND)


def _worthwhile(invariant: Sequence[Node]) -> set[Node]:
    """Return the nodes that do work, or are scalars, and the nodes that those read."""
    read: set[Value] = set()
    moved = set()
    for node in reversed(invariant):
        works = node.op.name not in VIRTUAL or not node.result.array.shape
        if works or any(r in read for r in node.results):
            moved.add(node)
            read.update(node.operands)
    return moved
