"""One element of any value: a walk from the value through inlined operations to buffers and scalars.

The same walk emits code, and, on a machine that emits nothing, tells what a kernel reads where.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..ir.dims import capacities
from ..ir.graph import Node, Value
from ..ir.operation import Elementwise, PerElement
from ..ir.types import DType
from .affine import ZERO, Index, bounds, linear, row_major


@dataclass(frozen=True, slots=True)
class Flat:
    """A position in C order, in place of an index: what lies under a reshape."""

    position: Index


Place = tuple[Index, ...] | Flat


class Source(Protocol):
    """Where a walk finds what is not inlined, and what it does with an elementwise operation."""

    def load(self, value: Value, position: Index) -> Any: ...
    def scalar(self, value: Value) -> Any: ...
    def apply(self, node: Node, operands: Sequence[Any]) -> Any: ...


class Walk:
    """Elements of values at indices, each computed once.

    `kept(value)` tells that an array is in memory; values in `computed` are computed all the same
    where they are asked for at their place there: they are roots of the nest being walked.
    """

    def __init__(
        self,
        producers: Mapping[Value, Node],
        kept: Callable[[Value], bool],
        source: Source,
        machine: Any,
        computed: Mapping[Value, Collection[Place]] | None = None,
    ) -> None:
        self.producers = producers
        self.kept = kept
        self.source = source
        self.machine = machine
        self.computed = computed or {}
        self._memo: dict[tuple[Value, int], Any] = {}
        self._places: dict[Place, int] = {}
        self._nodes: list[Node] = []
        machine.element = self._operand_element

    def element(self, value: Value, place: Place) -> Any:
        """The scalar at `place`; chains of elementwise operations are walked without recursion."""
        k = self._places.setdefault(place, len(self._places))
        memo, pending = self._memo, [value]
        while pending:
            v = pending[-1]
            if (v, k) in memo:
                pending.pop()
                continue
            node = self._inlined(v, place)
            if node is None or not isinstance(node.op.lowering, Elementwise):
                memo[v, k] = self._leaf(v, node, place)
                pending.pop()
                continue
            missing = [o for o in node.operands if (o, k) not in memo]
            if missing:
                pending.extend(reversed(missing))
                continue
            memo[v, k] = self.source.apply(node, [memo[o, k] for o in node.operands])
            pending.pop()
        return memo[value, k]

    def _inlined(self, value: Value, place: Place) -> Node | None:
        """The node to compute `value` with here, or None where it is in memory or in a register."""
        if not value.shape:
            return None
        if self.kept(value) and place not in self.computed.get(value, ()):
            return None
        return self.producers[value]

    def _leaf(self, value: Value, node: Node | None, place: Place) -> Any:
        if not value.shape:
            return self.source.scalar(value)
        if node is None:
            return self.source.load(value, position(value, place))
        return self.per_element(node, place)

    def per_element(self, node: Node, place: Place) -> Any:
        """One element of the result of an operation that moves data."""
        if node.op.name == "reshape" and (isinstance(place, Flat) or splits_axes(node)):
            return self.element(node.operands[0], Flat(position(node.result, place)))
        if node.op.name == "concatenate" and not isinstance(place, Flat):
            return self._concatenated(node, place)
        assert isinstance(node.op.lowering, PerElement), f"{node.op.name} has no element on its own"
        index = self._unflattened(node, place) if isinstance(place, Flat) else place
        self._nodes.append(node)
        try:
            return node.op.lowering.emit(self.machine, node, list(index))
        finally:
            self._nodes.pop()

    def _concatenated(self, node: Node, place: tuple[Index, ...]) -> Any:
        """The element of whichever operand the index lies in; of those only that it can lie in."""
        axis, machine = node.attrs["axis"], self.machine
        i, found, end = place[axis], None, 0
        low, high = bounds(i) or (0, node.result.shape[axis] - 1)
        for operand in node.operands:
            start, end = end, end + operand.shape[axis]
            if end <= low or start > high or start == end:
                continue
            inside = i.plus(Index((), start), -1)
            if low < start or high >= end:
                first = machine.constant(DType.I64, 0)
                last = machine.constant(DType.I64, end - start - 1)
                inside = machine.select(machine.compare("<", inside, first), first, inside)
                inside = machine.form(machine.select(machine.compare(">", inside, last), last, inside))
            x = self.element(operand, (*place[:axis], inside, *place[axis + 1 :]))
            bound = machine.constant(DType.I64, start)
            found = x if found is None else machine.select(machine.compare("<", i, bound), found, x)
        return found

    def _operand_element(self, operand: int, index: Sequence[Any]) -> Any:
        place = tuple(self.machine.form(i) for i in index)
        return self.element(self._nodes[-1].operands[operand], place)

    def _unflattened(self, node: Node, place: Flat) -> tuple[Index, ...]:
        shape = capacities(node.result.shape)
        if node.op.name == "broadcast" and not node.operands[0].shape:
            return (ZERO,) * len(shape)
        index: list[Index] = []
        rest: Any = place.position
        for size in reversed(shape[1:]):
            length = Index((), size)
            index.insert(0, self.machine.form(self.machine.modulo(rest, length)))
            rest = self.machine.quotient(rest, length)
        return (self.machine.form(rest), *index)


def position(value: Value, place: Place) -> Index:
    """The offset of an element in a contiguous array of the type of `value`."""
    if isinstance(place, Flat):
        return place.position
    return linear(place, row_major(value.shape))


def splits_axes(node: Node) -> bool:
    """Tell whether a node is a reshape that does more than add or drop axes of size 1."""
    if node.op.name != "reshape":
        return False
    source, target = node.operands[0].shape, node.result.shape
    return [d for d in source if d != 1] != [d for d in target if d != 1]
