"""Updates of arrays that are nowhere in memory become formulas, as what they are written to is one.

`y = f(x)`, then `y[0] = 0` and `np.sum(y)`: in memory `y` would be written, mended and read again. As a
concatenation of the new part and of the rest of the old array it is computed where it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..ir import dims
from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Span, Value, operations
from ..ir.operation import OpTable, Reduction
from ..passes.rewrite import Rewriter, rewrite
from .finer_axes import is_formula
from .inlining import WRITERS, blocks, is_map
from .renewal import places_of

_LEAST = 1 << 12  # elements: what is smaller stays in a cache, or in registers


def inline_updates(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with such updates as pads and concatenations."""
    if "update" not in operations(graph.block):
        return graph
    found = {node for block in blocks(graph.block) for node in _updates(block)}

    def visit(walked: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> tuple[Value] | None:
        if node not in found:
            return None
        places = places_of(node)
        assert places is not None, "an update becomes a formula without known places"
        base, part = operands[0], _shaped(b, operands[1], places)
        around = _number(walked.definition, base)
        if around is not None and all(span.step == 1 for span in places):
            low = tuple(span.start or 0 for span in places)
            high = tuple(d - s - n for d, s, n in zip(base.shape, low, part.shape, strict=True))
            return (b.pad(part, around, low=low, high=high),)
        return (_inlaid(b, base, part, places, 0),)

    return rewrite(graph, visit, ops) if found else graph


def _updates(block: Block) -> list[Node]:
    """The updates in a block of what is in no memory, whose results need not be in memory either."""
    producers = {v: node for node in block.nodes for v in node.results}
    readers: dict[Value, list[Node | None]] = {}
    for each in blocks(block):
        for node in each.nodes:
            for operand in node.operands:
                readers.setdefault(operand, []).append(node if each is block else None)
        for value in each.results:
            readers.setdefault(value, []).append(None)
    found: dict[Value, Node] = {}
    for node in block.nodes:
        if node.op.name != "update" or not _is_plain(node):
            continue
        formula = node.operands[0] in found or is_formula(node.operands[0], producers)
        if formula and _is_read_once(node, readers, producers):
            found[node.result] = node
    for node in [*reversed(found.values())]:
        if not all(_is_free(reader, node, found) for reader in readers.get(node.result, [None])):
            del found[node.result]
    return _rooted(found.values(), producers)


def _rooted(updates: Iterable[Node], producers: Mapping[Value, Node]) -> list[Node]:
    """Those updates whose arrays are formulas still."""
    found: dict[Value, Node] = {}
    for node in updates:
        base = producers.get(node.operands[0])
        if base is not None and (base.op.name != "update" or base.result in found):
            found[node.result] = node
    return [*found.values()]


def _number(producers: Mapping[Value, Node], value: Value) -> Value | None:
    """The scalar that is every element of an array."""
    made = producers.get(value)
    is_splat = made is not None and made.op.name == "broadcast" and not made.operands[0].shape
    return made.operands[0] if made is not None and is_splat else None


def _is_read_once(
    update: Node, readers: Mapping[Value, Sequence[Node | None]], producers: Mapping[Value, Node]
) -> bool:
    """Tell whether each element of what is written to is used once: kept, or read to be replaced."""
    base = update.operands[0]
    if _number(producers, base) is not None:
        return True
    others = [r for r in readers[base] if r is not update]
    return all(r and r.op.name == "index" and r.attrs["at"] == update.attrs["at"] for r in others)


def _is_plain(node: Node) -> bool:
    """Tell whether an update is of one block, or of every k-th element along one axis, of a large array."""
    places, shape = places_of(node), node.result.shape
    if places is None or dims.size(shape) < _LEAST:
        return False
    if all(span.step == 1 for span in places):
        return True
    cut = [(span, size) for span, size in zip(places, shape, strict=True) if span != Span(0, size)]
    return len(cut) == 1 and cut[0][0].size * cut[0][0].step == cut[0][1]


def _is_free(reader: Node | None, update: Node, found: Mapping[Value, Node]) -> bool:
    """Tell whether what reads the result of an update computes each element where it needs it."""
    if reader is None or reader.op.name in WRITERS:
        return reader is not None and reader.operands[0] is update.result and reader.results[0] in found
    return is_map(reader) or isinstance(reader.op.lowering, Reduction)


def _shaped(b: Builder, part: Value, places: Sequence[Span]) -> Value:
    """The part of an update with all axes of its array."""
    sizes = tuple(span.size for span in places)
    if not part.shape:
        return b.spread(part, part.array.with_shape(sizes))
    return part if part.shape == sizes else b.reshape(part, shape=sizes)


def _inlaid(b: Builder, base: Value, part: Value, places: Sequence[Span], axis: int) -> Value:
    """An array with a part of it replaced; along the axes before `axis` it has the size of the part."""
    if axis == len(places):
        return part
    span, size = places[axis], base.shape[axis]
    first, end = span.start or 0, (span.start or 0) + span.size

    def along(at: Span) -> Value:
        return b.index(base, at=tuple(at if k == axis else Span(0, d) for k, d in enumerate(base.shape)))

    if span.step > 1:
        return _in_turns(
            b, [part if k == first else along(Span(k, span.size, span.step)) for k in range(span.step)], axis
        )
    inside = base if span.size == size else along(Span(first, span.size))
    parts = [_inlaid(b, inside, part, places, axis + 1)]
    if first > 0:
        parts.insert(0, along(Span(0, first)))
    if end < size:
        parts.append(along(Span(end, size - end)))
    return parts[0] if len(parts) == 1 else b.concatenate(*parts, axis=axis)


def _in_turns(b: Builder, parts: Sequence[Value], axis: int) -> Value:
    """Parts whose elements follow one another in turns along an axis."""
    shape = parts[0].shape
    lines = [b.reshape(p, shape=(*shape[: axis + 1], 1, *shape[axis + 1 :])) for p in parts]
    joined = b.concatenate(*lines, axis=axis + 1)
    return b.reshape(joined, shape=(*shape[:axis], shape[axis] * len(parts), *shape[axis + 1 :]))
