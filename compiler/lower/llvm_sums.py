"""Reductions in a loop nest: where the accumulator lives, and when it is started, stored or combined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..ir.dims import Shape
from ..ir.operation import Reduction
from ..ir.types import DType
from .affine import Index, linear, row_major
from .kernels import Buffer, Root
from .lifetimes import row_axes
from .llvm_code import Code, counter
from .nest_loops import Group


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

    @property
    def rounds(self) -> bool:
        """Whether a long accumulation loses digits: float64 sums; those of float32 are kept in float64."""
        return self.root.result.dtype is DType.F64 and math.isfinite(self.reduction.identity(self.dtype))


def begin(code: Code, root: Root, groups: Sequence[Group], space: Shape) -> Sum:
    """Make a reduction's accumulator; one that adds rows in memory starts there."""
    reduction, axes = root.node.op.lowering, root.node.attrs["axes"]
    assert isinstance(reduction, Reduction)
    dtype = accumulator_dtype(reduction, root.result.dtype)
    depth = len(groups)
    while depth and groups[depth - 1].axes[0] in axes:
        depth -= 1
    in_memory = bool(row_axes(axes, space))
    place = code.program.places.get(root.result)
    target = code.program.scratch.get(root.node, place) if in_memory else place
    found = Sum(root, reduction, dtype, code.accumulator(dtype), depth, in_memory, target)
    if target is not None and (in_memory or 0 in space):
        code.fill(target, code.literal(target.dtype, reduction.identity(target.dtype)))
    return found


def start(code: Code, s: Sum) -> None:
    code.write(s.slot, code.literal(s.dtype, s.reduction.identity(s.dtype)))


def add(code: Code, s: Sum, x: Any) -> None:
    """Combine the accumulator with an element."""
    code.write(s.slot, _combined(code, s, code.read(s.slot, s.dtype), x))


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
    if s.in_memory:
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


def result_position(root: Root, here: tuple[Index, ...]) -> Index:
    """Where the result of a reduction lies for an index of the nest."""
    axes = root.node.attrs["axes"]
    kept = tuple(i for k, i in enumerate(here) if k not in axes)
    return linear(kept, row_major(root.result.shape))


def accumulator_dtype(reduction: Reduction, dtype: DType) -> DType:
    """Sums and products of float32 are kept in float64, so that they keep their digits."""
    if dtype is DType.F32 and math.isfinite(reduction.identity(dtype)):
        return DType.F64
    return dtype
