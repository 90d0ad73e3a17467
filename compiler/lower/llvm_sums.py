"""Reductions in a loop nest: where the accumulator lives, and when it is started, stored or combined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..ir.dims import Dim, Shape, room
from ..ir.operation import Reduction
from ..ir.types import DType
from .accumulators import accumulator_dtype, row_axes
from .affine import Index
from .kernels import Buffer, Root
from .llvm_code import Code, counter
from .nest_loops import Group
from .positions import result_position


@dataclass(slots=True)
class Sum:
    """A reduction at work: its accumulator spans the innermost loops that it reduces."""

    root: Root
    reduction: Reduction
    dtype: DType  # of the accumulator
    slot: str
    depth: int  # the loops around the accumulator
    in_memory: bool  # rows are combined in the buffer `target`
    target: Buffer | None
    alone: bool = False  # it spans no loop: each element joins its row in memory at once

    @property
    def rounds(self) -> bool:
        """Whether a long accumulation loses digits: float64 sums; those of float32 are kept in float64."""
        return self.root.result.dtype is DType.F64 and math.isfinite(self.reduction.identity(self.dtype))


def begin(code: Code, root: Root, groups: Sequence[Group], space: Shape, target: Buffer | None = None) -> Sum:
    """Make a reduction's accumulator; `target` is for what becomes a part of the result only."""
    reduction, axes = root.node.op.lowering, root.node.attrs["axes"]
    assert isinstance(reduction, Reduction)
    dtype = accumulator_dtype(root.node)
    depth = len(groups)
    while depth and groups[depth - 1].axes[0] in axes:
        depth -= 1
    in_memory = bool(row_axes(axes, space))
    place = code.program.places.get(root.result)
    if target is None:
        target = code.program.scratch.get(root.node, place) if in_memory else place
    alone = in_memory and 0 < depth == len(groups) and target is not None and target.dtype is dtype
    return Sum(root, reduction, dtype, code.accumulator(dtype), depth, in_memory, target, alone)


def clear(code: Code, s: Sum) -> None:
    """Start a reduction that adds rows in memory there."""
    if s.target is not None:
        code.fill(s.target, code.literal(s.target.dtype, s.reduction.identity(s.target.dtype)))


def clear_rows(code: Code, root: Root, space: Shape, rows: Dim, first: Index, count: int) -> None:
    """Start a sum that adds up in memory for some of the `count` rows of the result."""
    if not row_axes(root.node.attrs["axes"], space):
        return
    reduction, target = root.node.op.lowering, code.program.places[root.result]
    assert isinstance(reduction, Reduction)
    size = room(root.result.shape) // count
    identity = code.literal(target.dtype, reduction.identity(target.dtype))
    with code.loop(rows * size) as i:
        code.store_to(target, counter(i).plus(first, size), identity)


def start(code: Code, s: Sum, here: tuple[Index, ...] = ()) -> None:
    if s.alone and s.target is not None:
        code.write(s.slot, code.load_from(s.target, result_position(s.root, here)))
    else:
        code.write(s.slot, code.literal(s.dtype, s.reduction.identity(s.dtype)))


def add(code: Code, s: Sum, x: Any) -> None:
    """Combine the accumulator with an element."""
    code.write(s.slot, _combined(code, s, code.read(s.slot, s.dtype), x))


def add_all(code: Code, s: Sum, elements: Sequence[Any]) -> None:
    """Combine elements in pairs, then the accumulator with what they come to."""
    parts = list(elements)
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [_combined(code, s, code.machine.convert(x, s.dtype), y) for x, y in pairs]
    add(code, s, parts[0])


def _combined(code: Code, s: Sum, total: Any, x: Any) -> Any:
    machine = code.machine
    machine.reassociate = True
    result = s.reduction.combine(machine, total, machine.convert(x, total.dtype))
    machine.reassociate = False
    return result


def end(code: Code, s: Sum, here: tuple[Index, ...]) -> None:
    """After the loops that the accumulator spans: store it, or combine it with its row."""
    if s.target is None:
        return
    total = code.read(s.slot, s.dtype)
    place = result_position(s.root, here)
    if s.in_memory and not s.alone:
        total = _combined(code, s, code.load_from(s.target, place), total)
    code.store_to(s.target, place, code.machine.convert(total, s.target.dtype))


def finish(code: Code, s: Sum) -> None:
    """After all loops: a result that is a register, or a wide accumulator's digits in the result."""
    result = s.root.result
    if s.target is None:
        code.scalars[result] = code.machine.convert(code.read(s.slot, s.dtype), result.dtype)
    elif s.root.node in code.program.scratch and s.in_memory:
        place = code.program.places[result]
        with code.loop(place.count) as i:
            k = counter(i)
            code.store_to(place, k, code.machine.convert(code.load_from(s.target, k), result.dtype))


def join(code: Code, root: Root, parts: Buffer, count: int) -> None:
    """Combine, in their order, the parts of the result that the chunks of a split nest have left."""
    s = begin(code, root, (), ())
    elements = room(root.result.shape)
    with code.loop(elements) as i:
        start(code, s)
        with code.loop(count) as part:
            add(code, s, code.load_from(parts, counter(part).times(elements).plus(counter(i))))
        total = code.machine.convert(code.read(s.slot, s.dtype), root.result.dtype)
        if s.target is not None:
            code.store_to(s.target, counter(i), total)
    if s.target is None:
        code.scalars[root.result] = total
