"""Sizes that are known at run time: binding a symbol of shapes to a number, and reading a size back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.dims import as_symbol
from ..ir.operation import (
    NOT_DIFFERENTIABLE,
    Attrs,
    ElementMachine,
    Elementwise,
    Machine,
    Op,
    PerElement,
    TypeRuleError,
)
from ..ir.types import INDEX, DType, Type
from .record import operation
from .scalar_code import clamp
from .type_rules import arrays, demand, is_dim


def _bind_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    if tuple(types) != (INDEX,):
        raise TypeRuleError(f"bind: takes {INDEX}, not {', '.join(map(str, types))}")
    if as_symbol(attrs["symbol"]) is None:
        raise TypeRuleError(f"bind: symbol is a symbol, not {attrs['symbol']}")
    return (INDEX,)


def _bind(m: Machine, x: Any, *, attrs: Attrs) -> Any:
    symbol = as_symbol(attrs["symbol"])
    assert symbol is not None
    return clamp(m, x, m.constant(DType.I64, 0), m.constant(DType.I64, symbol.bound))


def _extent_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    arrays(types, 0)
    demand(is_dim(attrs["size"]), f"size is a dim, not {attrs['size']!r}")
    return (INDEX,)


def _extent(m: ElementMachine, node: Any, index: Sequence[Any]) -> Any:
    return m.constant(DType.I64, node.attrs["size"])


OPS = (
    Op(
        name="bind",
        attrs=("symbol",),
        infer=_bind_type,
        evaluate=None,
        derivative=NOT_DIFFERENTIABLE,
        lowering=Elementwise(_bind, with_attrs=True),
    ),
    operation(
        "extent", _extent_type, lambda *, size: np.int64(size), NOT_DIFFERENTIABLE, PerElement(_extent),
        attrs=("size",),
    ),
)  # fmt: skip
