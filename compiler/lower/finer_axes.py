"""Axes that a reshape joins stay apart while the array is worked on: the loops walk the finer axes.

`np.tile` and `np.repeat` are a broadcast, parts that alternate a concatenation, of which a reshape makes the
array that the user sees. What follows elementwise is the same along the finer axes, where an element is found
without a division, and where the way back sums up along one of them or takes its part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..ir import dims
from ..ir.builder import Builder
from ..ir.dims import Shape
from ..ir.graph import Block, Graph, IndexEntry, Node, Span, Value, operations, uses
from ..ir.operation import Elementwise, OpTable, Reduction
from ..ops.factors import matching_axes
from ..passes.rewrite import Rewriter, rewrite
from .inlining import blocks, is_array, is_map
from .unread import without_unread

_ROUNDS = 4


def walk_finer_axes(graph: Graph, ops: OpTable) -> Graph:
    """Return the graph with elementwise operations and sums along the axes that a reshape has joined."""
    for _ in range(_ROUNDS if "reshape" in operations(graph.block) else 0):
        found = {block: families for block in blocks(graph.block) if (families := _families(block))}
        if not found:
            break
        graph = without_unread(rewrite(graph, _Refined(found).visit, ops))
        graph = without_unread(rewrite(graph, _Simpler(uses(graph.block)).visit, ops))
    return graph


@dataclass(slots=True, eq=False)
class _Family:
    """Values of one shape that elementwise operations compute from one another, in one block."""

    shape: Shape
    values: list[Value] = field(default_factory=list)
    finer: set[Shape] = field(default_factory=set)
    is_good: bool = True

    @property
    def fine(self) -> Shape:
        (shape,) = self.finer
        return shape

    def groups(self) -> dict[int, list[int]]:
        """The finer axes that each axis consists of; none for an axis of size 1."""
        return {axis: fine for (axis,), fine in matching_axes(self.shape, self.fine)}


def _families(block: Block) -> dict[Value, _Family]:
    """By value, the families that a reshape leads into and that may be computed along the axes it joins."""
    producers = {v: node for node in block.nodes for v in node.results}
    if not any(n.op.name == "reshape" and _joins_axes(n, producers) for n in block.nodes):
        return {}
    family: dict[Value, _Family] = {}
    for node in block.nodes:
        if _is_elementwise(node):
            _unite(family, [node.result, *filter(is_array, node.operands)])
        elif node.op.name == "reshape" and _joins_axes(node, producers):
            _unite(family, [node.result])
    for value, found in family.items():
        _look_at_source(found, value, producers)
    for node in block.nodes:
        if not _is_elementwise(node):
            for operand in node.operands:
                if operand in family:
                    family[operand].is_good &= _can_leave(node, operand, family[operand])
    return {v: f for v, f in family.items() if f.is_good and len(f.finer) == 1}


def _is_elementwise(node: Node) -> bool:
    return (
        isinstance(node.op.lowering, Elementwise)
        and is_array(node.result)
        and dims.is_static(node.result.shape)
    )


def _joins_axes(node: Node, producers: Mapping[Value, Node]) -> bool:
    """Tell whether a reshape of what is not in memory joins axes, and does no more."""
    (x,), shape = node.operands, node.result.shape
    if not is_formula(x, producers) or not dims.is_static((*shape, *x.shape)) or 0 in shape:
        return False
    return _only_joins(shape, x.shape) and any(len(fine) > 1 for _, fine in matching_axes(shape, x.shape))


def _only_joins(shape: Shape, finer: Shape) -> bool:
    """Tell whether each axis of a shape consists of some of the finer axes."""
    return all(len(joined) == 1 for joined, _ in matching_axes(shape, finer))


def is_formula(value: Value, producers: Mapping[Value, Node]) -> bool:
    """Tell whether a value is, as far as can be seen from here, not in memory."""
    node = producers.get(value)
    while node is not None and node.op.name in ("reshape", "barrier") and is_array(node.result):
        node = producers.get(node.operands[0])
    return node is not None and is_map(node)


def _unite(family: dict[Value, _Family], values: Sequence[Value]) -> None:
    """Let values, and all that are of one family with any of them, be of one family."""
    known = list({id(family[v]): family[v] for v in values if v in family}.values())
    largest = max(known, key=lambda f: len(f.values), default=_Family(values[0].shape))
    new = [v for v in values if v not in family]
    new += [v for other in known if other is not largest for v in other.values]
    for v in dict.fromkeys(new):
        family[v] = largest
        largest.values.append(v)


def _look_at_source(found: _Family, value: Value, producers: Mapping[Value, Node]) -> None:
    """Note what it means for a family that this value is one of it."""
    node = producers.get(value)
    if node is None or _is_elementwise(node) or not is_formula(value, producers):
        return
    if node.op.name == "reshape" and _joins_axes(node, producers):
        found.finer.add(node.operands[0].shape)
    else:
        found.is_good &= node.op.name == "broadcast"


def _can_leave(node: Node, operand: Value, found: _Family) -> bool:
    """Tell whether what reads a value of a family can do so along its finer axes, or needs it in memory."""
    if isinstance(node.op.lowering, Reduction):
        return True
    if len(found.finer) != 1:
        return False
    if node.op.name == "index":
        return operand is node.operands[0] and _fine_entries(found, node) is not None
    return node.op.name == "reshape" and _only_joins(node.result.shape, found.fine)


def _fine_entries(found: _Family, node: Node) -> list[IndexEntry] | None:
    """The index along the finer axes of a part that takes every k-th element; None for other parts."""
    groups, entries = found.groups(), list[IndexEntry]()
    for axis, (entry, size) in enumerate(zip(node.attrs["at"], found.shape, strict=True)):
        sizes = [found.fine[k] for k in groups.get(axis, ())]
        if entry == Span(0, size):
            entries += [Span(0, n) for n in sizes]
        elif isinstance(entry, Span) and [entry.size, entry.step] == sizes and entry.start in range(sizes[1]):
            entries += [Span(0, entry.size), entry.start]
        else:
            return None
    return entries if len(entries) == len(found.fine) else None


class _Refined:
    def __init__(self, found: Mapping[Block, Mapping[Value, _Family]]) -> None:
        # By node: in another block a value may be of another family, or of none.
        self.families = {node: families for block, families in found.items() for node in block.nodes}
        self.fine: dict[Value, Value] = {}  # along the finer axes

    def visit(
        self, walked: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]
    ) -> tuple[Value] | None:
        family = self.families.get(node, {})
        found = family.get(node.results[0]) if len(node.results) == 1 else None
        if found is not None and _is_elementwise(node):
            parts = [self.along_finer(b, walked, found, v) for v in node.operands]
            self.fine[node.result] = b.emit(node.op, *parts, **node.attrs)[0]
            return (b.reshape(self.fine[node.result], shape=found.shape),)
        if found is not None and node.op.name == "reshape" and operands[0].shape == found.fine:
            self.fine[node.result] = operands[0]
        source = family.get(node.operands[0]) if node.operands else None
        return self.left(walked, b, node, source) if source is not None else None

    def along_finer(self, b: Builder, walked: Rewriter, found: _Family, value: Value) -> Value:
        """A value of a family along its finer axes; numbers as they are."""
        (now,) = walked.values((value,))
        if not is_array(value):
            return now
        if value in self.fine and self.fine[value].shape == found.fine:
            return self.fine[value]
        made, groups = walked.definition.get(now), found.groups()
        if made is not None and made.op.name == "broadcast":
            axes = [k for axis in made.attrs["axes"] for k in groups.get(axis, ())]
            (x,) = made.operands
            line = b.reshape(x, shape=tuple(found.fine[k] for k in axes)) if axes else x
            line = line if axes or not x.shape else b.reshape(x, shape=())
            return b.broadcast(line, shape=found.fine, axes=tuple(axes))
        return b.reshape(now, shape=found.fine)

    def left(self, walked: Rewriter, b: Builder, node: Node, found: _Family) -> tuple[Value] | None:
        """What is read of a family, read along its finer axes."""
        operand = node.operands[0]
        if _is_elementwise(node):
            return None
        if node.op.name == "reshape":
            part = self.along_finer(b, walked, found, operand)
        elif node.op.name == "index" and (entries := _fine_entries(found, node)) is not None:
            part = b.index(self.along_finer(b, walked, found, operand), at=tuple(entries))
        elif isinstance(node.op.lowering, Reduction):
            groups = found.groups()
            axes = tuple(k for axis in node.attrs["axes"] for k in groups.get(axis, ()))
            if not axes:
                return None
            part = b.emit(node.op, self.along_finer(b, walked, found, operand), axes=axes)[0]
        else:
            return None
        shape = node.result.shape
        return (part if part.shape == shape else b.reshape(part, shape=shape),)


class _Simpler:
    """Reshapes of reshapes as one, and sums of sums that nothing else reads."""

    def __init__(self, uses: Mapping[Value, int]) -> None:
        self.uses = uses

    def visit(
        self, walked: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]
    ) -> tuple[Value] | None:
        inner = walked.definition.get(operands[0]) if operands else None
        if inner is None or inner.op.name != node.op.name:
            return None
        x = inner.operands[0] if inner.operands else operands[0]
        if node.op.name == "reshape":
            shape = node.result.shape
            return (x if x.shape == shape else b.reshape(x, shape=shape),)
        if node.op.name == "sum" and self.uses[inner.result] == 1:
            left = [k for k in range(len(x.shape)) if k not in inner.attrs["axes"]]
            axes = sorted([*inner.attrs["axes"], *(left[k] for k in node.attrs["axes"])])
            return (b.sum(x, axes=tuple(axes)),)
        return None
