"""What loops and branches decide that run again: kept where they run, read where they run again.

A predicate or an index that comes of floats could come out other when it is computed again, and the gradient
would be that of another path than the value. A region's own are among what it keeps. Those in its loops get
an array of a row for each turn. Of a `while` whose turns decide nothing but its end it is their number, and
it runs again as a `for`. Any other loop whose turns only the run can count leaves the region: the region is
cut in two around it, and the loop saves what its reverse reads. The turns of checkpointed loops write such
decisions one behind the other on a stack, and read them in that order (`tapes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value, walk
from ..ir.loops import body_of, form, inits, is_loop
from ..ir.operation import OpTable
from ..ir.symbols import BIND, scoped
from ..ir.types import ArrayType, StackType
from ..ops import OPS
from .loops import known_range
from .packed import element_of, packed, unpacked
from .recompute import decided, is_counted, is_decision
from .residuals import reads
from .rewrite import Rewriter, rewrite
from .rows import row, with_row
from .structure import Structure

Values = tuple[Value, ...]


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
    indices: Values = ()

    @property
    def has_rows(self) -> bool:
        """Whether there can be an array of a row for each turn: else it takes a stack."""
        return None not in self.turns

    @property
    def rows(self) -> ArrayType:
        """The type of an array of a row for each turn of all loops."""
        count = prod(len(turns) for turns in self.turns if turns is not None)
        element = element_of(self.value.array)
        return ArrayType(element.dtype, (max(count, 1), *element.shape))

    def place(self, b: Builder) -> Value:
        """Build the number of the turn among all of them."""
        place = b.int64(0)
        for turns, index in zip(self.turns, self.indices, strict=True):
            assert turns is not None
            place = b.add(b.multiply(place, b.int64(len(turns))), turn_of(b, turns, index))
        return place

    def written(self, b: Builder, tape: Values) -> Values:
        """Build the tape with the decision: an array of rows, or a stack and how many are on it."""
        element = packed(b, self.value)
        if isinstance(tape[0].type, StackType):
            return b.emit("push", tape[0], element)[0], b.add(tape[1], b.int64(1))
        return (with_row(b, tape[0], self.place(b), element),)

    def read(self, b: Builder, tape: Value, place: Value | None) -> None:
        """Append nodes, of which the last makes the decision.

        Parameters
        ----------
        tape
            An array of rows, or a stack.
        place
            The place on the stack; None for a row.
        """
        if place is None:
            element = row(b, tape, self.place(b))
        else:
            (element,) = b.emit("peek", tape, place)
        unpacked(b, element, self.value.array)


def with_decisions_kept(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` with checkpointed regions that keep what their loops and branches decide.

    The arrays of decisions are the last values that a region keeps, in the order that `decisions` has.
    """
    if not _has_regions(graph):
        return graph
    definition: Mapping[Value, Node] = {}

    def record(walk: Rewriter, b: Builder, node: Node, operands: Values) -> Sequence[Value] | None:
        return _recorded(b, node, definition) if node.op.name == "checkpoint" else None

    whole = with_regions_cut(graph, ops)
    definition = Structure.of(whole).definition
    return rewrite(whole, record, ops)


def with_regions_cut(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` with checkpointed regions in parts, around loops whose decisions they cannot keep."""
    if not _has_regions(graph):
        return graph
    definition = Structure.of(graph).definition

    def cut(walk: Rewriter, b: Builder, node: Node, operands: Values) -> Sequence[Value] | None:
        return _cut(walk, b, node, definition) if node.op.name == "checkpoint" else None

    return rewrite(graph, cut, ops)


def _has_regions(graph: Graph) -> bool:
    return any(node.op.name == "checkpoint" for node in walk(graph.block))


def decisions(region: Block, definition: Mapping[Value, Node]) -> dict[Value, Decision]:
    """Return what the loops and branches of a region decide.

    What it decides itself it keeps as it is, but for arrays whose sizes it binds: these have none outside.
    """
    inner = (n for n in region.nodes if not is_decision(n) or any(scoped(r.type) for r in n.results))
    return {d.value: d for d in _among(inner, definition)}


def decisions_of_turns(loop: Node, definition: Mapping[Value, Node]) -> dict[Value, Decision]:
    """Return what the turns of a loop decide.

    Where the loop's turns are known before the run they are among those of each decision.
    """
    body, known = body_of(loop), known_range(definition, loop)
    around = ((known,), body.params[:1]) if known is not None else ((), ())
    found = {d.value: d for d in _among(body.nodes, definition, *around, strictly=False)}
    return {v: found[v] for v in decided(loop) if v in found}


def turn_of(b: Builder, turns: range, index: Value) -> Value:
    """Build the number of the turn of a range that has an index."""
    return b.floor_divide(b.subtract(index, b.int64(turns.start)), b.int64(turns.step))


def _among(
    nodes: Iterable[Node],
    definition: Mapping[Value, Node],
    turns: tuple[range | None, ...] = (),
    indices: tuple[Value, ...] = (),
    *,
    strictly: bool = True,
) -> Iterator[Decision]:
    for node in nodes:
        if is_decision(node):
            yield from (Decision(r, turns, indices) for r in node.results)
            continue
        counted = is_counted(node, strictly)
        if counted:
            yield Decision(node.results[0], turns, indices)
        if not (counted and strictly):
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


def _recorded(b: Builder, node: Node, definition: Mapping[Value, Node]) -> Values | None:
    (region,) = node.regions
    found = decisions(region, definition)
    if not found:
        return None
    inner = b.nested()
    tapes: dict[Value, Values] = {v: (inner.zeros(d.rows),) for v, d in found.items()}
    record(inner, region.nodes, found, tapes)
    block = inner.block((), (*region.results, *(tape for (tape,) in tapes.values())))
    attrs = {**node.attrs, "kept": node.attrs["kept"] + len(tapes)}
    results = (*node.results, *(Value(tape.type) for (tape,) in tapes.values()))
    b.nodes.append(Node(node.op, (), attrs, results, (block,), node.loc, node.origin))
    return node.results


def record(
    b: Builder, nodes: Sequence[Node], found: Mapping[Value, Decision], tapes: dict[Value, Values]
) -> None:
    """Append nodes, and write the decisions among them to their tapes; `tapes` has them as they are then."""

    def append(b: Builder, nodes: Sequence[Node], tapes: dict[Value, Values]) -> None:
        record(b, nodes, found, tapes)

    for node in nodes:
        b.nodes.append(_with_regions(b, node, tapes, append))
        for r in node.results:
            if r in tapes:
                tapes[r] = found[r].written(b, tapes[r])


def _with_regions(
    b: Builder,
    node: Node,
    tapes: dict[Value, Values],
    append: Callable[[Builder, Sequence[Node], dict[Value, Values]], None],
) -> Node:
    """Return a node with regions of other nodes, which the tapes of what they decide go through.

    Parameters
    ----------
    tapes
        Those of all decisions, as they are; those that come out of the node take their places.
    append
        What appends the nodes of a region, with its tapes.
    """
    if not node.regions:
        return node
    made = {r for region in node.regions for n in walk(region) for r in n.results}
    inside = {v: tape for v, tape in tapes.items() if v in made}
    own, carried = len(node.results) - node.attrs.get("kept", 0), is_loop(node)
    regions = []
    for region in node.regions:
        here = b.nested()
        entering = {v: _like(tape) if carried else tape for v, tape in inside.items()}
        params = _flat(entering) if carried else ()
        append(here, region.nodes, entering)
        at = len(region.results) - node.attrs.get("kept", 0)
        results = (*region.results[:at], *_flat(entering), *region.results[at:])
        regions.append(here.block((*region.params, *params), results))
    leaving = {v: _like(tape) for v, tape in inside.items()}
    operands = (*node.operands, *(_flat(inside) if carried else ()))
    results = (*node.results[:own], *_flat(leaving), *node.results[own:])
    tapes.update(leaving)
    return Node(node.op, operands, node.attrs, results, tuple(regions), node.loc, node.origin)


def _like(values: Values) -> Values:
    return tuple(Value(v.type) for v in values)


def _flat(tapes: Mapping[Value, Values]) -> Values:
    return tuple(v for tape in tapes.values() for v in tape)


# Reading them.


def replayed(
    b: Builder,
    nodes: Sequence[Node],
    found: Mapping[Value, Decision],
    tapes: Mapping[Value, Value],
    places: dict[Value, Values],
) -> None:
    """Append nodes that read what they decided from the tapes instead of computing it again.

    `places` has where to read next from tapes that are stacks, each place alone in a tuple.
    """

    def append(b: Builder, nodes: Sequence[Node], places: dict[Value, Values]) -> None:
        replayed(b, nodes, found, tapes, places)

    for node in nodes:
        read = [r for r in node.results if r in tapes]
        for r in read:
            (place,) = places.get(r, (None,))
            if place is not None:
                places[r] = (b.add(place, b.int64(1)),)
            found[r].read(b, tapes[r], place)
            made = b.nodes.pop()
            b.nodes.append(Node(made.op, made.operands, made.attrs, (r,), (), node.loc, node.origin))
        if read and not node.regions:
            continue
        again = _with_regions(b, node, places, append)
        b.nodes.append(_counting(b, again) if read else again)


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
    return not all(d.has_rows for d in _among((node,), definition))
