"""Type rules shared by families of operations, and the checks of operands and attributes they are made of.

A rule raises TypeRuleError for anything that it does not take, attributes of a wrong kind included:
the parser and the verifier hand it whatever stands in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..ir.dims import Affine, Shape
from ..ir.operation import Attrs, TypeRuleError
from ..ir.types import ArrayType, DType, Type

TypeRule = Callable[[Sequence[Type], Attrs], tuple[Type, ...]]
Kinds = frozenset[DType]

FLOAT: Kinds = frozenset(d for d in DType if d.is_float)
INTEGER: Kinds = frozenset(d for d in DType if d.is_integer)
BOOLEAN: Kinds = frozenset({DType.BOOL})
NUMBER: Kinds = FLOAT | INTEGER
BITS: Kinds = INTEGER | BOOLEAN
ANY: Kinds = NUMBER | BOOLEAN


def demand(condition: bool, message: str) -> None:
    """Raise TypeRuleError with `message` unless `condition`."""
    if not condition:
        raise TypeRuleError(message)


def listing(types: Sequence[Type]) -> str:
    """Return the types as words: `f64[3] and f64[4]`."""
    words = [str(t) for t in types]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "nothing"


def arrays(types: Sequence[Type], count: int | None = None, at_least: int = 0) -> list[ArrayType]:
    """Return the operand types as array types, having checked how many there are."""
    if count is not None and len(types) != count:  # words are made on failure only: every node passes by
        raise TypeRuleError(f"takes {count} operands, not {len(types)}")
    if len(types) < at_least:
        raise TypeRuleError(f"takes {at_least} or more operands, not {len(types)}")
    found = [t for t in types if isinstance(t, ArrayType)]
    if len(found) != len(types):
        raise TypeRuleError(f"takes arrays, not {listing(types)}")
    return found


def demand_kind(operand: ArrayType, accepted: Kinds) -> None:
    if operand.dtype not in accepted:
        names = ", ".join(d.value for d in DType if d in accepted)
        raise TypeRuleError(f"takes {names}, not {operand}")


def demand_equal(operands: Sequence[ArrayType]) -> None:
    first = operands[0]
    for t in operands:
        if t is not first and t != first:
            raise TypeRuleError(f"operands of different types: {listing(operands)}")


def demand_dtype(base: ArrayType, *others: ArrayType) -> None:
    if any(t.dtype is not base.dtype for t in others):
        raise TypeRuleError(f"operands of different dtypes: {listing([base, *others])}")


def same_type(count: int, accepted: Kinds, result: DType | None = None) -> TypeRule:
    """`count` operands of one type; the result has it too, or its shape with the dtype `result`."""

    def infer(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
        first = types[0] if types else None
        fits = isinstance(first, ArrayType) and first.dtype in accepted
        if not fits or len(types) != count or types.count(first) != count:  # most nodes come by here
            operands = arrays(types, count)
            demand_equal(operands)
            demand_kind(operands[0], accepted)
        assert isinstance(first, ArrayType)
        return (first if result is None else first.with_dtype(result),)

    return infer


# Attributes.


def is_int(value: Any) -> bool:
    return type(value) is int


def is_dim(value: Any) -> bool:
    return isinstance(value, Affine) or (is_int(value) and value >= 0)


def shape_attr(attrs: Attrs, name: str = "shape") -> Shape:
    shape = attrs[name]
    demand(isinstance(shape, tuple) and all(map(is_dim, shape)), f"{name} is a tuple of dims, not {shape!r}")
    return tuple(shape)


def dtype_attr(attrs: Attrs, name: str = "dtype") -> DType:
    dtype = attrs[name]
    demand(isinstance(dtype, DType), f"{name} is a dtype, not {dtype!r}")
    return dtype  # type: ignore[no-any-return]


def flag_attr(attrs: Attrs, name: str) -> bool:
    flag = attrs[name]
    demand(isinstance(flag, bool), f"{name} is true or false, not {flag!r}")
    return bool(flag)


def counts_attr(attrs: Attrs, name: str, length: int) -> tuple[int, ...]:
    counts = attrs[name]
    good = isinstance(counts, tuple) and len(counts) == length and all(is_int(c) and c >= 0 for c in counts)
    demand(good, f"{name} is one count >= 0 for each of {length} axes, not {counts!r}")
    return tuple(counts)


def axis_attr(attrs: Attrs, operand: ArrayType) -> int:
    axis = attrs["axis"]
    demand(is_int(axis) and 0 <= axis < operand.rank, f"axis {axis!r} does not exist in {operand}")
    return int(axis)


def axes_attr(attrs: Attrs, rank: int, name: str = "axes") -> tuple[int, ...]:
    """Return a tuple of strictly increasing axes below `rank`."""
    axes = attrs[name]
    good = isinstance(axes, tuple) and all(is_int(a) and 0 <= a < rank for a in axes)
    demand(good and list(axes) == sorted(set(axes)), f"{name} are increasing axes below {rank}, not {axes!r}")
    return tuple(axes)


def without(shape: Shape, axes: Sequence[int]) -> Shape:
    """Return `shape` with `axes` dropped."""
    return tuple(d for k, d in enumerate(shape) if k not in axes)
