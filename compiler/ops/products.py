"""Matrix products of stacks of matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir.graph import Value
from ..ir.operation import Attrs, Special, Vjp, VjpContext
from ..ir.types import Type
from .record import operation
from .shapes import swap_last
from .type_rules import NUMBER, arrays, demand, demand_dtype, demand_kind, listing


def _matmul_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    a, b = arrays(types, 2)
    demand_kind(a, NUMBER)
    demand_dtype(a, b)
    fits = a.rank == b.rank >= 2 and a.shape[:-2] == b.shape[:-2] and a.shape[-1] == b.shape[-2]
    demand(fits, f"shapes do not fit: {listing([a, b])}")
    return (a.with_shape((*a.shape[:-1], b.shape[-1])),)


def _matmul_vjp(c: VjpContext) -> list[Value | None]:
    a, b = c.node.operands
    return [
        c.b.matmul(c.ct, swap_last(c.b, b)) if c.needed[0] else None,
        c.b.matmul(swap_last(c.b, a), c.ct) if c.needed[1] else None,
    ]


OPS = (operation("matmul", _matmul_type, np.matmul, Vjp(_matmul_vjp), Special()),)
