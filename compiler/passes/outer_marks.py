"""Marks on what is around checkpointed loops whose turns decide more than fits into arrays.

Only a loop of the outermost block can carry tapes that grow. So one around such loops is checkpointed, too,
and a branch becomes a loop of one turn. Both have a slot for each turn: they are run once more, which the
loops inside of them then are not.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import GradientError
from ..ir.builder import Builder
from ..ir.graph import Graph, Node, Value, walk
from ..ir.loops import is_loop
from ..ir.operation import OpTable
from ..ir.symbols import scoped
from ..ir.types import INDEX, StackType
from ..ops import OPS
from .recompute import decided
from .rewrite import Rewriter, rewrite
from .slots import MARK, marked, turns_of
from .structure import Structure
from .tapes import kept_decisions

Values = tuple[Value, ...]


def with_outer_marks(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` with marks on outermost loops, and loops around branches, that are to carry tapes.

    Raises
    ------
    GradientError
        If a branch that needs such a loop makes an array whose size only the run knows.
    """
    if not any(MARK in node.attrs for node in walk(graph.block)):
        return graph
    structure = Structure.of(graph)
    outermost = {node for node in graph.block.nodes if _lacks_tapes(node, structure)}

    def visit(walk: Rewriter, b: Builder, node: Node, operands: Values) -> Sequence[Value] | None:
        if node not in outermost:
            return None
        walk.keep(b, node, operands)
        made = b.nodes.pop()
        if is_loop(made):
            b.nodes.append(marked(made, turns_of(node, structure) or 0))
        else:
            _once(b, made)
        return node.results

    return rewrite(graph, visit, ops)


def _lacks_tapes(node: Node, structure: Structure) -> bool:
    """Tell whether checkpointed loops inside of a loop or branch decide what they could not keep there."""
    if MARK in node.attrs or not (is_loop(node) or node.op.name == "if") or _has_stacks(node):
        return False
    inside = (n for region in node.regions for n in walk(region) if is_loop(n) and MARK in n.attrs)
    return any(len(kept_decisions(n, structure)) < len(decided(n)) for n in inside if not _has_stacks(n))


def _has_stacks(node: Node) -> bool:
    """Tell whether a node belongs to a gradient already: its loops are not run again."""
    return any(isinstance(v.type, StackType) for v in (*node.operands, *node.results))


def _once(b: Builder, node: Node) -> None:
    """Append a node in a loop of one turn."""
    types = [v.type for v in node.results]
    if any(map(scoped, types)):
        raise GradientError(
            "what a checkpointed loop under this branch decides cannot be kept, as the branch makes an array"
            " of a size that only the run knows: make that behind the branch, or mark no loop in it",
            loc=node.loc,
        )
    inits = [b.zeros(v.array) for v in node.results]
    made = tuple(map(Value, types))
    inner = b.nested()
    inner.nodes.append(Node(node.op, node.operands, node.attrs, made, node.regions, node.loc, node.origin))
    body = inner.block((Value(INDEX), *map(Value, types)), made)
    bounds = b.int64(0), b.int64(1), b.int64(1)
    operands = (*bounds, *inits)
    b.nodes.append(Node(b.ops["for"], operands, {MARK: 1}, node.results, (body,), node.loc, node.origin))
