"""Arrays of which only parts are read are never put together: what is read comes from what was written.

The way back of a padded array adds the edges to the rows beside them, and reads the rows inside; that of
assignments to slices clears the slice that it has read, before it reads the next. The whole array, written
and read once more, is nobody's but theirs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Block, Graph, IndexEntry, Node, Span, Value, operations
from ..ir.operation import OpTable
from ..passes.rewrite import Rewriter, rewrite
from .finer_axes import is_formula
from .inlining import blocks
from .renewal import is_wide_window, places_of
from .unread import without_unread

_WRITES = ("update", "accumulate")
_MOST_WRITES = 8  # to an array, that a read is taken through: each costs every read a node


def read_parts(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such reads as reads of what the array was made from."""
    if not operations(graph.block) & {*_WRITES}:
        return graph
    skipped = {v: node for block in blocks(graph.block) for v, node in _skipped(block).items()}
    if not skipped:
        return graph

    def visit(walked: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> tuple[Value] | None:
        if node.op.name != "index" or node.operands[0] not in skipped:
            return None
        return (_Reading(b, walked, skipped, node).of(node.operands[0]),)

    return without_unread(rewrite(graph, visit, ops))


def _skipped(block: Block) -> dict[Value, Node]:
    """The writes in a block whose results are read in parts only, and each part can be had without them."""
    found: dict[Value, Node] = {}
    reads: dict[Value, list[Node]] = {}  # the parts of an array that are read, also of what it becomes
    writes: dict[Value, int] = {}  # how many of these follow a value
    taken, formulas = _taken_whole(block), _made_of_formulas(block)
    for node in reversed(block.nodes):
        if node.op.name == "index" and places_of(node) is not None:
            reads.setdefault(node.operands[0], []).append(node)
        elif _is_write(node) and node.result not in taken:
            base, mine = node.operands[0], reads.get(node.result, [])
            later = writes.get(node.result, 0) + 1
            if later <= _MOST_WRITES and _can_do_without(node, mine, node.result in formulas):
                found[node.result] = node
                reads.setdefault(base, []).extend(mine)
                writes[base] = max(writes.get(base, 0), later)
                continue
            taken.add(base)
        elif _is_write(node):
            taken.add(node.operands[0])
    return found


def _can_do_without(write: Node, reads: Sequence[Node], of_formula: bool) -> bool:
    """Tell whether all parts that are read can be had without a write, and none of them twice.

    To an array in memory it is made in place: then no part may take a copy, of which only some is written.
    An addition to most of an array is left to `windows`, which makes it a formula.
    """
    if write.op.name == "accumulate" and is_wide_window(write):
        return False
    for read in reads:
        found, places = _overlap(write, read), places_of(read) or ()
        if found is None or not (
            of_formula or 0 in found.sizes or found.sizes == tuple(p.size for p in places)
        ):
            return False
    return 0 < sum(dims.size(read.result.shape) for read in reads) <= dims.size(write.result.shape)


def _made_of_formulas(block: Block) -> set[Value]:
    """The results of writes, one after the other, to what is in no memory."""
    producers = {v: node for node in block.nodes for v in node.results}
    found: set[Value] = set()
    for node in block.nodes:
        if _is_write(node) and (node.operands[0] in found or is_formula(node.operands[0], producers)):
            found.add(node.result)
    return found


def _taken_whole(block: Block) -> set[Value]:
    """What is read other than in parts, and other than to write to it in this block."""
    found = {v for each in blocks(block) for v in each.results}
    for each in blocks(block):
        for node in each.nodes:
            if each is not block:
                found.update(node.operands)
            elif node.op.name == "index" and places_of(node) is not None:
                found.update(node.operands[1:])
            else:
                found.update(node.operands[1:] if _is_write(node) else node.operands)
    return found


def _is_write(node: Node) -> bool:
    return node.op.name in _WRITES and places_of(node) is not None


@dataclass(frozen=True, slots=True)
class _Overlap:
    """Which of the elements that a write makes are read: along each axis the first as either counts them."""

    written: tuple[int, ...]
    read: tuple[int, ...]
    sizes: tuple[int, ...]


def _overlap(write: Node, read: Node) -> _Overlap | None:
    """What a write and a read have in common: sizes of 0 if nothing; None if it is no block of either."""
    pairs = [*zip(places_of(write) or (), places_of(read) or (), strict=True)]
    if any(_are_apart(w, r) for w, r in pairs):
        return _Overlap((), (), (0,))
    written, seen, sizes = [], [], []
    for w, r in pairs:
        first = max(w.start or 0, r.start or 0)
        if w.step == r.step == 1:
            size = min((w.start or 0) + w.size, (r.start or 0) + r.size) - first
        elif w == r or 1 in (w.size, r.size):
            size = min(w.size, r.size)
        else:
            return None
        written.append((first - (w.start or 0)) // w.step)
        seen.append((first - (r.start or 0)) // r.step)
        sizes.append(size)
    return _Overlap(tuple(written), tuple(seen), tuple(sizes))


def _are_apart(a: Span, b: Span) -> bool:
    """Tell whether two slices surely have no element in common; where one is a single element, whether."""
    first, second = a.start or 0, b.start or 0
    common = math.gcd(*(s.step for s in (a, b) if s.size > 1))
    if common and (first - second) % common:
        return True
    return bool(first + (a.size - 1) * a.step < second or second + (b.size - 1) * b.step < first)


def _composed(
    at: Sequence[IndexEntry], places: Sequence[Span], inner: Sequence[IndexEntry]
) -> tuple[IndexEntry, ...]:
    """Where a part of a part is in the whole: that at `inner` of that at `at`, whose `places` these are."""
    found, rest = list[IndexEntry](), iter(inner)
    for entry, place in zip(at, places, strict=True):
        first, then = place.start or 0, next(rest) if isinstance(entry, Span) else 0
        if isinstance(then, Span):
            found.append(Span(first + (then.start or 0) * place.step, then.size, then.step * place.step))
        else:
            found.append(first + (then or 0) * place.step)
    return tuple(found)


class _Reading:
    """A read of an array that is taken through the writes which make that array."""

    def __init__(self, b: Builder, walked: Rewriter, skipped: Mapping[Value, Node], read: Node) -> None:
        self.b = b
        self.walked = walked
        self.skipped = skipped
        self.read = read

    def of(self, value: Value) -> Value:
        """The part of a value; recursion is over the writes that make it, which are few."""
        node = self.skipped.get(value)
        if node is None:
            return self.outside(value)
        found = _overlap(node, self.read)
        assert found is not None, "a read through a write that it cannot be taken through"
        if 0 in found.sizes:
            return self.of(node.operands[0])
        (part,) = self.walked.values(node.operands[1:2])
        return self.written(node, self.part_of(node, part, found), found)

    def outside(self, value: Value) -> Value:
        """The part of a value that stays."""
        (now,), at = self.walked.values((value,)), self.read.attrs["at"]
        made = self.walked.definition.get(now)
        if made is not None and made.op.name == "broadcast" and not made.operands[0].shape:
            return self.b.spread(made.operands[0], self.read.result.array)
        if made is not None and made.op.name == "index" and (places := places_of(made)) is not None:
            now, at = made.operands[0], _composed(made.attrs["at"], places, at)
        return self.b.emit("index", now, at=at)[0]

    def part_of(self, node: Node, part: Value, found: _Overlap) -> Value:
        """Those elements of the part of a write that are read, with the axes that the read keeps."""
        at, sizes = list[IndexEntry](), []
        for k, (entry, kept) in enumerate(zip(node.attrs["at"], self.read.attrs["at"], strict=True)):
            if isinstance(entry, Span):
                at.append(Span(found.written[k], found.sizes[k]))
            if isinstance(kept, Span):
                sizes.append(found.sizes[k])
        if at != [Span(0, d) for d in part.shape]:
            part = self.b.index(part, at=tuple(at))
        return part if part.shape == tuple(sizes) else self.b.reshape(part, shape=tuple(sizes))

    def written(self, node: Node, part: Value, found: _Overlap) -> Value:
        """The part of what is read that a write makes, written to the rest of it."""
        shape = self.read.result.shape
        if part.shape == shape:
            return part if node.op.name == "update" else self.b.add(self.of(node.operands[0]), part)
        kept = [k for k, e in enumerate(self.read.attrs["at"]) if isinstance(e, Span)]
        at = tuple(Span(found.read[k], found.sizes[k]) for k in kept)
        return self.b.emit(node.op, self.of(node.operands[0]), part, at=at)[0]
