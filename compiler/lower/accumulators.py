"""What a reduction is added up in: its dtype, and whether a register can hold it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..ir import dims
from ..ir.graph import Node
from ..ir.operation import Reduction
from ..ir.types import DType
from .inlining import is_array


def accumulator_dtype(node: Node) -> DType:
    """Sums and products of float32 are kept in float64, so that they keep their digits."""
    reduction, dtype = node.op.lowering, node.result.dtype
    assert isinstance(reduction, Reduction)
    wide = dtype is DType.F32 and math.isfinite(reduction.identity(dtype))
    return DType.F64 if wide else dtype


def needs_wide(node: Node, space: dims.Shape) -> bool:
    """Tell whether a float32 reduction adds up in memory, where it needs a float64 accumulator."""
    return (
        node.result.dtype is DType.F32 and is_array(node.result) and bool(row_axes(node.attrs["axes"], space))
    )


def row_axes(axes: Sequence[int], space: dims.Shape) -> list[int]:
    """The reduced axes that have a kept axis inside them, so that a register cannot hold the sum."""
    last_kept = max((k for k, size in enumerate(space) if k not in axes and size != 1), default=-1)
    return [k for k in axes if k < last_kept and space[k] != 1]
