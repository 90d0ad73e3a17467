"""Values out of nothing: constants and counting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.graph import Literal
from ..ir.operation import NOT_DIFFERENTIABLE, Attrs, ElementMachine, PerElement
from ..ir.types import ArrayType, DType, Type
from .record import operation
from .type_rules import NUMBER, arrays, demand, demand_kind, dtype_attr, is_dim


def _constant_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    arrays(types, 0)
    demand(isinstance(attrs["value"], Literal), f"value is a literal, not {attrs['value']!r}")
    return (attrs["value"].type,)


def _constant_element(m: ElementMachine, node: Any, index: Sequence[Any]) -> Any:
    """The scalar; an array constant is data, which the code generator places itself."""
    literal = node.attrs["value"]
    assert not index, "an array constant has no scalar code"
    return m.constant(literal.type.dtype, literal.array.item())


def _iota_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    arrays(types, 0)
    demand(is_dim(attrs["size"]), f"size is a dim, not {attrs['size']!r}")
    result = ArrayType(dtype_attr(attrs), (attrs["size"],))
    demand_kind(result, NUMBER)
    return (result,)


def _iota_element(m: ElementMachine, node: Any, index: Sequence[Any]) -> Any:
    return m.convert(index[0], node.attrs["dtype"])


def _iota(*, size: int, dtype: DType) -> Any:
    # Through i64, so that counting wraps where the dtype is too narrow.
    return np.arange(size, dtype=np.int64).astype(dtype.numpy)


OPS = (
    operation(
        "constant",
        _constant_type,
        lambda *, value: value.array,
        NOT_DIFFERENTIABLE,
        PerElement(_constant_element),
        attrs=("value",),
    ),
    operation(
        "iota", _iota_type, _iota, NOT_DIFFERENTIABLE, PerElement(_iota_element), attrs=("size", "dtype")
    ),
)
