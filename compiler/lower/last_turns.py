"""The last turn of a loop apart from the others, where only that one is asked for some of its values.

What a loop yields and no turn reads, such as the loss of each step of a training loop, is wanted of the last
turn alone. The others compute what the next one reads; the last is a copy of the body behind the loop.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, operations, walk
from ..ir.loops import body_of, carries, inits, with_carries
from ..ir.operation import OpTable
from ..ir.types import ArrayType
from ..passes.dce import dce
from ..passes.fresh_symbols import fresh_symbols
from ..passes.inline import inline
from ..passes.loops import known_range
from ..passes.rewrite import Rewriter, rewrite
from ..passes.work import all_work
from .sites import sites_of

_FEWEST_TURNS = 8
_MOST_NODES = 200  # of a body, which is compiled twice
_LEAST_GAIN = 0.05  # of a turn's work


def set_last_turns_apart(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with the last turn of a loop behind it, where that alone is asked for more."""
    return rewrite(graph, _visit, ops) if "for" in operations(graph.block) else graph


def _visit(walked: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value] | None:
    turns = known_range(walked.definition, node)
    if turns is None or len(turns) < _FEWEST_TURNS or not _can_be_copied(node):
        return None
    body, loop = walked.block(body_of(node)), node
    if body is not body_of(node) or operands is not node.operands:
        loop = Node(node.op, operands, node.attrs, node.results, (body,), node.loc, node.origin)
    kept = _read_by_turns(loop)
    turn = Graph.of("turn", body)
    rest = dce(Graph.of("turn", Block(body.params, body.nodes, _at(body.results, kept))))
    if len(kept) == len(body.results) or all_work(rest) > (1.0 - _LEAST_GAIN) * all_work(turn):
        b.nodes.append(loop)
        return node.results
    state = dict(enumerate(inits(loop)))
    if kept:
        bounds = b.int64(turns.start), b.int64(turns[-1]), b.int64(turns.step)
        others = Block(body.params, rest.block.nodes, body.results)
        first = with_carries(loop, (*bounds, *inits(loop)), others, kept)
        results = tuple(Value(v.type) for v in first.results)
        b.nodes.append(
            Node(node.op, first.operands, node.attrs, results, first.regions, node.loc, node.origin)
        )
        state.update(zip(kept, results, strict=True))
    return inline(b, fresh_symbols(turn), (b.int64(turns[-1]), *state.values()))


def _can_be_copied(node: Node) -> bool:
    body = body_of(node)
    inside = tuple(walk(body))
    sites, _ = sites_of(Graph.of("turn", body))  # each has one place in the graph
    return (
        len(inside) <= _MOST_NODES
        and len(sites) == 1
        and all(isinstance(v.type, ArrayType) for n in (node, *inside) for v in (*n.operands, *n.results))
    )


def _read_by_turns(loop: Node) -> list[int]:
    """The numbers of the carried values that any turn reads."""
    body, each = body_of(loop), carries(loop)
    regions = [region for n in walk(body) for region in n.regions]
    read = {v for n in walk(body) for v in n.operands}.union(*(region.results for region in regions))
    read.update(c.yielded for c in each if c.yielded is not c.param)
    return [k for k, c in enumerate(each) if c.param in read or c.yielded is c.param]


def _at(values: Sequence[Value], places: Sequence[int]) -> tuple[Value, ...]:
    return tuple(values[k] for k in places)
