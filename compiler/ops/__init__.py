"""The operations: one record each, a file a family; `OPS` is the registry of all of them."""

from __future__ import annotations

from types import MappingProxyType

from ..ir.operation import Op, OpTable
from . import (
    arithmetic,
    checkpoints,
    comparisons,
    control,
    creation,
    division,
    exponentials,
    gathering,
    indexing,
    powers,
    products,
    reductions,
    rounding,
    scans,
    selection,
    shapes,
    sizes,
    special_functions,
    trigonometry,
)

_FAMILIES = (
    arithmetic,
    powers,
    division,
    exponentials,
    trigonometry,
    special_functions,
    rounding,
    comparisons,
    selection,
    creation,
    shapes,
    indexing,
    gathering,
    reductions,
    scans,
    products,
    sizes,
    control,
    checkpoints,
)


def _registry() -> OpTable:
    table: dict[str, Op] = {}
    for op in (op for family in _FAMILIES for op in family.OPS):
        assert op.name not in table, f"two records are named '{op.name}'"
        table[op.name] = op
    return MappingProxyType(table)


OPS: OpTable = _registry()
