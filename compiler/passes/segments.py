"""Long loops whose turns save arrays, cut into segments whose turns the backward pass computes again.

What all turns save together leaves the cache, and a turn of cheap array arithmetic takes less time than
writing and reading its residuals there. So the primal saves only what it carries from segment to segment;
the backward pass runs each segment again, now with its residuals, just before it reverses it.

References
----------
A. Griewank and A. Walther, Evaluating Derivatives, SIAM, 2008, chapter 12.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..ir.builder import Builder
from ..ir.dims import is_static, size
from ..ir.graph import Block, Graph, Node, Value, operations, walk
from ..ir.loops import body_of, carries, inits
from ..ir.operation import Effect, Op, OpTable, Special, Vjp, VjpContext
from ..ir.types import ArrayType
from .inline import inline
from .loops import known_range
from .recompute import may_run_again
from .residuals import Saved
from .structure import Structure

_OUT_OF_CACHE = 2 << 20  # bytes that a processor's second cache does not hold
_IN_CACHE = 8 << 20  # bytes of a segment's residuals and of all that is carried into segments
_SEGMENT = range(8, 65)  # turns
_MOST_CARRIED = 2  # bytes carried from turn to turn for each byte that a turn saves
_MOST_WORK = 16  # elements computed in a turn for each element that it saves
_WORK = frozenset("add subtract multiply neg square abs maximum minimum where sum update".split())
_FREE = frozenset("index pad concatenate broadcast reshape transpose constant".split())  # read where used


@dataclass(frozen=True, slots=True)
class _Segments:
    """A loop's range, and how it is cut: `count` segments of so many turns, and a rest."""

    turns: range
    length: int

    @property
    def count(self) -> int:
        return len(self.turns) // self.length

    @property
    def cut(self) -> int:
        """The index where the rest begins."""
        return self.turns.start + self.count * self.length * self.turns.step


def segment_op(reverse: Callable[[VjpContext], Sequence[Value | None]]) -> Op:
    """Return the operation that stands for a segment while its graph is reversed: it calls its `graph`."""
    return Op(
        name="segment",
        attrs=("graph",),
        infer=lambda operands, attrs: tuple(v.type for v in attrs["graph"].block.results),
        evaluate=None,
        derivative=Vjp(reverse),
        lowering=Special(),
    )


def cut_loops(
    graph: Graph,
    structure: Structure,
    saved: Iterable[Saved],
    ops: OpTable,
    segment: Op,
    *,
    always: bool = False,
) -> Graph | None:
    """Cut the loops of the outermost block that are worth it, or that can be.

    Parameters
    ----------
    graph
        The primal; it is not changed.
    structure, saved
        Its structure, and what its backward pass would save of loops that are left whole.
    ops
        The table of operations.
    segment
        The operation to stand for a segment.
    always
        Whether to cut for less memory also where it takes more time.

    Returns
    -------
    Graph or None
        The same function, with a node for each segment, which only `whole` takes out again; None where no
        loop is worth cutting.
    """
    saved = tuple(saved)
    plans = {node: plan for node in graph.block.nodes if (plan := _plan(node, structure, saved, always))}
    if not plans:
        return None
    b = Builder(ops)
    for node in graph.block.nodes:
        b.loc, b.origin = node.loc, node.origin
        if node in plans:
            _cut(b, node, plans[node], structure, segment)
        else:
            b.nodes.append(node)
    return Graph(graph.name, b.block(graph.block.params, graph.block.results), graph.inputs, graph.outputs)


def whole(nodes: Sequence[Node], ops: OpTable) -> tuple[Node, ...]:
    """Return nodes with the loop of each segment in the place of its node."""
    if "segment" not in operations(Block((), tuple(nodes), ())):
        return tuple(nodes)
    b = Builder(ops)
    for node in nodes:
        if node.op.name == "segment":
            inline(b, node.attrs["graph"], node.operands)
            loop = b.nodes.pop()
            node = _with(loop, loop.operands, node.results, loop.regions)
        elif any(n.op.name == "segment" for r in node.regions for n in walk(r)):
            regions = [Block(r.params, whole(r.nodes, ops), r.results) for r in node.regions]
            node = _with(node, node.operands, node.results, regions)
        b.nodes.append(node)
    return tuple(b.nodes)


def _plan(node: Node, structure: Structure, saved: Sequence[Saved], always: bool) -> _Segments | None:
    """Decide for one node."""
    turns = known_range(structure.definition, node)
    if turns is None or not all(isinstance(v.type, ArrayType) for v in inits(node)):
        return None
    body = body_of(node)
    residuals = [s for s in saved if any(region.block is body for region in s.region.path())]
    kept = sum(s.type.most_bytes * structure.turns(s.region, structure.regions[body]) for s in residuals)
    carried = sum(c.param.array.most_bytes for c in carries(node) if c.yielded is not c.param)
    if not kept or not carried:
        return None
    best = math.sqrt(len(turns) * carried / kept)  # at which the least is held at once
    if always:
        plan = _Segments(turns, max(round(best), 1))
        held = plan.length * kept + plan.count * carried
        return plan if plan.count > 1 and held < len(turns) * kept and _is_fixed(node) else None
    if not _is_cheap(node) or kept * len(turns) < _OUT_OF_CACHE or carried > _MOST_CARRIED * kept:
        return None
    work = sum(size(n.operands[-1].shape) for n in body.nodes if n.op.name in _WORK)
    if work > _MOST_WORK * sum(size(s.value.shape) for s in residuals):
        return None
    plan = _Segments(turns, _length(len(turns), best))
    return plan if plan.count > 1 and plan.length * kept + plan.count * carried <= _IN_CACHE else None


def _is_fixed(node: Node) -> bool:
    """Tell whether all sizes in a loop's body are known, and it can be run again."""
    if not may_run_again(node):
        return False
    body = body_of(node)
    made = [r for n in walk(body) for r in (*n.results, *(p for region in n.regions for p in region.params))]
    return all(isinstance(v.type, ArrayType) and is_static(v.shape) for v in (*body.params, *made))


def _is_cheap(node: Node) -> bool:
    """Tell whether a turn is nothing but cheap arithmetic on arrays of known sizes, and any on numbers."""
    values = (*body_of(node).params, *(r for n in body_of(node).nodes for r in n.results))
    return all(isinstance(v.type, ArrayType) and is_static(v.shape) for v in values) and all(
        n.op.effect is Effect.NONE
        and not n.regions
        and (n.op.name in _WORK | _FREE or all(not v.shape for v in (*n.results, *n.operands)))
        for n in body_of(node).nodes
    )


def _length(turns: int, best: float) -> int:
    """The number of turns of a segment: near the best, and without a rest if some number near is."""
    nearest = min(max(round(best), _SEGMENT.start), _SEGMENT[-1])
    near = [k for k in _SEGMENT if best / 2 <= k <= 2 * best] or [nearest]
    exact = [k for k in near if turns % k == 0]
    return min(exact or near, key=lambda k: abs(math.log(k / best)))


def _cut(b: Builder, node: Node, plan: _Segments, structure: Structure, op: Op) -> None:
    """Append the loop over segments, and one over the rest."""
    body, each = body_of(node), carries(node)
    captured = structure.captures[body]
    turns = plan.turns
    start, params = Value(body.params[0].type), tuple(Value(c.param.type) for c in each)
    given = (start, *params, *captured)
    yields = tuple(Value(c.yielded.type) for c in each)
    segment = Node(op, given, {"graph": _segment(b, node, plan, captured)}, yields, (), node.loc, node.origin)
    has_rest = plan.count * plan.length < len(turns)
    results = tuple(Value(r.type) for r in node.results) if has_rest else node.results
    bounds = b.int64(turns.start), b.int64(plan.cut), b.int64(plan.length * turns.step)
    b.nodes.append(
        _with(node, (*bounds, *inits(node)), results, (Block((start, *params), (segment,), yields),))
    )
    if has_rest:
        bounds = b.int64(plan.cut), b.int64(turns.stop), b.int64(turns.step)
        b.nodes.append(_with(node, (*bounds, *results), node.results, node.regions))


def _segment(b: Builder, node: Node, plan: _Segments, captured: Sequence[Value]) -> Graph:
    """Build a segment on its own: from its first index, what it carries and what the loop reads around it."""
    body, each = body_of(node), carries(node)
    turn = Graph.of("turn", Block((*body.params, *captured), body.nodes, body.results))
    around = b.nested()
    start, *given = (Value(v.type) for v in (*body.params, *captured))
    carried, read = given[: len(each)], given[len(each) :]
    inner = around.nested()
    number, params = Value(start.type), [Value(v.type) for v in carried]
    index = inner.add(start, inner.multiply(number, inner.int64(plan.turns.step)))
    yields = inline(inner, turn, (index, *params, *read))
    region = inner.block((number, *params), yields)
    bounds = around.int64(0), around.int64(plan.length), around.int64(1)
    results = tuple(Value(v.type) for v in carried)
    around.nodes.append(_with(node, (*bounds, *carried), results, (region,)))
    return Graph.of("segment", around.block((start, *given), results))


def _with(node: Node, operands: Sequence[Value], results: Sequence[Value], regions: Sequence[Block]) -> Node:
    return Node(node.op, tuple(operands), node.attrs, tuple(results), tuple(regions), node.loc, node.origin)
