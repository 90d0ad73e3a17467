"""What loops and branches decide that run again: kept where they run, read where they run again.

A predicate or an index that comes of floats could come out other when it is computed again, and the gradient
would be that of another path than the value. A region's own are among what it keeps. Those in its loops get
an array of a row for each turn. Of a `while` whose turns decide nothing but its end it is their number, and
it runs again as a `for`. Any other loop whose turns only the run can count leaves the region: the region is
cut in two around it, and the loop saves what its reverse reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, walk
from ..ir.loops import body_of, form, inits, is_loop
from ..ir.operation import OpTable
from ..ir.symbols import BIND, scoped
from ..ops import OPS
from .loops import known_range
from .recompute import is_counted, is_decision, steering
from .residuals import reads
from .rewrite import Rewriter, rewrite
from .rows import row, rows, with_row
from .structure import Structure


@dataclass(frozen=True, slots=True)
class Decision:
    """A value that decides, and the loops around it that it is kept for the turns of, from the outside in.

    Attributes
    ----------
    turns
        The ranges of those loops; None for one that only the run knows.
    indices
        Their indices.
    """

    value: Value
    turns: tuple[range | None, ...] = ()
    indices: tuple[Value, ...] = ()

    @property
    def is_recordable(self) -> bool:
        return None not in self.turns and not scoped(self.value.type)

    def rows(self, b: Builder) -> Value:
        """Build an array of a row for each turn of all loops."""
        count = prod(len(turns) for turns in self.turns if turns is not None)
        return rows(b, max(count, 1), self.value.array)

    def place(self, b: Builder) -> Value:
        """Build the number of the turn among all of them."""
        place = b.int64(0)
        for turns, index in zip(self.turns, self.indices, strict=True):
            assert turns is not None
            turn = b.floor_divide(b.subtract(index, b.int64(turns.start)), b.int64(turns.step))
            place = b.add(b.multiply(place, b.int64(len(turns))), turn)
        return place


def with_decisions_kept(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` with checkpointed regions that keep what their loops and branches decide.

    The arrays of decisions are the last values that a region keeps, in the order that `decisions` has.
    """
    if not any(node.op.name == "checkpoint" for node in walk(graph.block)):
        return graph
    definition = Structure.of(graph).definition

    def cut(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value] | None:
        return _cut(walk, b, node, definition) if node.op.name == "checkpoint" else None

    def record(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value] | None:
        return _recorded(b, node, definition) if node.op.name == "checkpoint" else None

    whole = rewrite(graph, cut, ops)
    definition = Structure.of(whole).definition
    return rewrite(whole, record, ops)


def decisions(region: Block, definition: Mapping[Value, Node]) -> dict[Value, Decision]:
    """Return what the loops and branches of a region decide; what it decides itself it keeps as it is."""
    inner = (node for node in region.nodes if not is_decision(node))
    return {d.value: d for d in _among(inner, definition)}


def decisions_of_turns(loop: Node, definition: Mapping[Value, Node]) -> dict[Value, Decision]:
    """Return what steers the turns of a loop that can be kept.

    Where the loop's turns are known before the run they are among those of each decision.
    """
    body, known = body_of(loop), known_range(definition, loop)
    around = ((known,), body.params[:1]) if known is not None else ((), ())
    found = {d.value: d for d in _among(body.nodes, definition, *around, strictly=False)}
    return {v: found[v] for v in steering(loop) if v in found and found[v].is_recordable}


def can_keep_decisions(loop: Node, definition: Mapping[Value, Node]) -> bool:
    """Tell whether all that steers a loop's turns can be kept, so that they do the same when run again."""
    return len(decisions_of_turns(loop, definition)) == len(steering(loop))


def _among(
    nodes: Iterable[Node],
    definition: Mapping[Value, Node],
    turns: tuple[range | None, ...] = (),
    indices: tuple[Value, ...] = (),
    *,
    strictly: bool = True,
) -> Iterator[Decision]:
    for node in nodes:
        if is_counted(node, strictly):
            yield Decision(node.results[0], turns, indices)
        elif is_decision(node):
            yield from (Decision(r, turns, indices) for r in node.results)
        else:
            yield from _inside(node, definition, turns, indices, strictly=strictly)


def _inside(
    node: Node,
    definition: Mapping[Value, Node],
    turns: tuple[range | None, ...] = (),
    indices: tuple[Value, ...] = (),
    *,
    strictly: bool,
) -> Iterator[Decision]:
    if is_loop(node):
        turns, indices = (*turns, known_range(definition, node)), (*indices, body_of(node).params[0])
    for region in node.regions:
        yield from _among(region.nodes, definition, turns, indices, strictly=strictly)


# Keeping them.


def _recorded(b: Builder, node: Node, definition: Mapping[Value, Node]) -> tuple[Value, ...] | None:
    (region,) = node.regions
    found = decisions(region, definition)
    if not found:
        return None
    inner = b.nested()
    tapes = {v: d.rows(inner) for v, d in found.items()}
    record(inner, region.nodes, found, tapes)
    block = inner.block((), (*region.results, *tapes.values()))
    attrs = {**node.attrs, "kept": node.attrs["kept"] + len(tapes)}
    results = (*node.results, *(Value(v.type) for v in tapes.values()))
    b.nodes.append(Node(node.op, (), attrs, results, (block,), node.loc, node.origin))
    return node.results


def record(
    b: Builder, nodes: Sequence[Node], found: Mapping[Value, Decision], tapes: dict[Value, Value]
) -> None:
    """Append nodes, and write the decisions among them to their tapes; `tapes` has them as they are then."""
    for node in nodes:
        inside = [r for region in node.regions for n in walk(region) for r in n.results if r in tapes]
        if inside:
            _pass_through(b, node, found, tapes, inside)
            continue
        b.nodes.append(node)
        for r in node.results:
            if r in tapes:
                tapes[r] = with_row(b, tapes[r], found[r].place(b), r)


def _pass_through(
    b: Builder,
    node: Node,
    found: Mapping[Value, Decision],
    tapes: dict[Value, Value],
    inside: Sequence[Value],
) -> None:
    """Append a node with regions that some of the tapes go into and come out of."""
    own, carried = len(node.results) - node.attrs.get("kept", 0), is_loop(node)
    entering = [tapes[v] for v in inside]
    regions = []
    for region in node.regions:
        here = b.nested()
        params = [Value(v.type) for v in entering] if carried else entering
        own_tapes = dict(zip(inside, params, strict=True))
        record(here, region.nodes, found, own_tapes)
        at = len(region.results) - node.attrs.get("kept", 0)
        results = (*region.results[:at], *own_tapes.values(), *region.results[at:])
        regions.append(here.block((*region.params, *(params if carried else ())), results))
    leaving = [Value(v.type) for v in entering]
    operands = (*node.operands, *(entering if carried else ()))
    made = (*node.results[:own], *leaving, *node.results[own:])
    b.nodes.append(Node(node.op, operands, node.attrs, made, tuple(regions), node.loc, node.origin))
    tapes.update(zip(inside, leaving, strict=True))


# Reading them.


def replayed(
    b: Builder, nodes: Sequence[Node], found: Mapping[Value, Decision], tapes: Mapping[Value, Value]
) -> None:
    """Append nodes that read what they decided from the tapes instead of computing it again."""
    for node in nodes:
        read = [r for r in node.results if r in tapes]
        for r in read:
            row(b, tapes[r], found[r].place(b))
            made = b.nodes.pop()
            b.nodes.append(Node(made.op, made.operands, made.attrs, (r,), (), node.loc, node.origin))
        if read and not node.regions:
            continue
        regions = []
        for region in node.regions:
            inner = b.nested()
            replayed(inner, region.nodes, found, tapes)
            regions.append(inner.block(region.params, region.results))
        again = Node(node.op, node.operands, node.attrs, node.results, tuple(regions), node.loc, node.origin)
        if read:
            again = _counting(b, again)
        b.nodes.append(again if regions else node)


def _counting(b: Builder, node: Node) -> Node:
    """Return a `while` that takes as many turns as it took as a `for`."""
    body, turns = body_of(node), node.results[0]
    region = Block(body.params, body.nodes, body.results[form(node).yields :])
    operands = (b.int64(0), turns, b.int64(1), *inits(node))
    return Node(b.ops["for"], operands, node.attrs, node.results[1:], (region,), node.loc, node.origin)


# Regions around loops that cannot be recorded.


def _cut(
    walk: Rewriter, b: Builder, node: Node, definition: Mapping[Value, Node]
) -> tuple[Value, ...] | None:
    """Append a region in parts, around the nodes whose decisions cannot be kept; None if it has none."""
    (region,) = node.regions
    outside = {n for n in region.nodes if _leaves(n, definition)}
    if not outside:
        return None
    if any(n.op.name == BIND for n in region.nodes):  # a size that is bound in one part has no name in others
        walk.nodes(b, region.nodes)
        return walk.values(region.results)
    own = len(node.results) - node.attrs["kept"]
    walk.nodes(b, [n for n in region.nodes if n.op.name == "constant"])
    rest = [n for n in region.nodes if n.op.name != "constant"]
    kept_as: dict[Value, Value] = {}
    for leaves, group in groupby(rest, outside.__contains__):
        part = list(group)
        if leaves:
            walk.nodes(b, part)
            continue
        others = [n for n in rest if n not in part]
        wanted = {v for v, _ in reads(others)}.union(region.results[:own])
        made = [r for n in part for r in n.results]
        given, kept = [v for v in made if v in wanted], [v for v in region.results[own:] if v in made]
        inner = b.nested()
        walk.nodes(inner, part)
        block = inner.block((), walk.values((*given, *kept)))
        results = tuple(Value(v.type) for v in block.results)
        attrs = {**node.attrs, "kept": len(kept)}
        b.nodes.append(Node(node.op, (), attrs, results, (block,), node.loc, node.origin))
        walk.replace(given, results[: len(given)])
        kept_as.update(zip(kept, results[len(given) :], strict=True))
    return tuple(kept_as.get(v) or walk.values((v,))[0] for v in region.results)


def _leaves(node: Node, definition: Mapping[Value, Node]) -> bool:
    return not all(d.is_recordable for d in _among((node,), definition))
