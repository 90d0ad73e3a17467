"""Reductions over axes: sums, products, extremes and truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Value
from ..ir.operation import (
    NOT_DIFFERENTIABLE,
    ArgReduction,
    Attrs,
    Derivative,
    Machine,
    Op,
    Reduction,
    Vjp,
    VjpContext,
)
from ..ir.types import DType, Type
from .record import Emit, Evaluate, operation
from .scalar_code import is_nan, primitive
from .scans import exclusive_product
from .type_rules import (
    ANY,
    BOOLEAN,
    NUMBER,
    Kinds,
    TypeRule,
    arrays,
    axes_attr,
    axis_attr,
    demand,
    demand_kind,
    without,
)

# Type rules.


def _reduced(accepted: Kinds, *, nonempty: bool = False) -> TypeRule:
    def infer(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
        (x,) = arrays(types, 1)
        demand_kind(x, accepted)
        axes = axes_attr(attrs, x.rank)
        filled = all(x.shape[a] != 0 for a in axes)
        demand(filled or not nonempty, f"no elements along axes {list(axes)} of {x}")
        return (x.with_shape(without(x.shape, axes)),)

    return infer


def _position(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    (x,) = arrays(types, 1)
    axis = axis_attr(attrs, x)
    demand(x.shape[axis] != 0, f"no elements along axis {axis} of {x}")
    return (x.with_shape(without(x.shape, (axis,))).with_dtype(DType.I64),)


# Derivatives.


def _unreduce(b: Builder, reduced: Value, like: Value, axes: tuple[int, ...]) -> Value:
    """Repeat a reduced value along `axes`, to the type of `like` before the reduction."""
    kept = tuple(k for k in range(len(like.shape)) if k not in axes)
    return b.broadcast(reduced, shape=like.shape, axes=kept) if axes else reduced


def _sum_vjp(c: VjpContext) -> list[Value | None]:
    return [_unreduce(c.b, c.ct, c.node.operands[0], c.node.attrs["axes"])]


def _prod_vjp(c: VjpContext) -> list[Value | None]:
    """One axis at a time: the product of all others is that of those before and those after."""
    b, axes = c.b, c.node.attrs["axes"]
    partial = [c.node.operands[0]]
    for a in reversed(axes[1:]):
        partial.append(b.prod(partial[-1], axes=(a,)))
    ct = c.ct
    for a, x in zip(axes, reversed(partial), strict=False):
        before, after = (exclusive_product(b, x, a, reverse=reverse) for reverse in (False, True))
        ct = b.strong_multiply(_unreduce(b, ct, x, (a,)), b.multiply(before, after))
    return [ct]


def _extreme_vjp(c: VjpContext) -> list[Value | None]:
    """Ties share evenly; the extreme of anything with a NaN is that NaN."""
    b, axes, x = c.b, c.node.attrs["axes"], c.node.operands[0]
    won = b.logical_or(b.equal(x, _unreduce(b, c.node.result, x, axes)), b.isnan(x))
    share = b.divide(c.ct, b.sum(b.convert(won, dtype=x.dtype), axes=axes))
    return [b.where(won, _unreduce(b, share, x, axes), b.zeros(x.array))]


# Lowering.


def _lowest(dtype: DType) -> Any:
    if dtype.is_float:
        return -np.inf
    return False if dtype is DType.BOOL else int(np.iinfo(dtype.numpy).min)


def _highest(dtype: DType) -> Any:
    if dtype.is_float:
        return np.inf
    return True if dtype is DType.BOOL else int(np.iinfo(dtype.numpy).max)


def _extreme(name: str, relation: str) -> Emit:
    """The one of two that `relation` prefers, or the one that is NaN."""

    def emit(m: Machine, x: Any, y: Any) -> Any:
        if x.dtype.is_float:
            return m.intrinsic(name, x, y)
        return m.select(m.compare(relation, x, y), x, y)

    return emit


def _beats(relation: str) -> Emit:
    """Whether a candidate replaces the best so far; the first NaN beats all."""

    def emit(m: Machine, candidate: Any, best: Any) -> Any:
        better = m.compare(relation, candidate, best)
        if not candidate.dtype.is_float:
            return better
        first_nan = m.bitand(is_nan(m, candidate), m.compare("==", best, best))
        return m.bitor(better, first_nan)

    return emit


def _over_axes(function: Callable[..., Any]) -> Evaluate:
    return lambda x, *, axes: function(x, axis=axes)


def _keeping_dtype(function: Callable[..., Any]) -> Evaluate:
    return lambda x, *, axes: function(x, axis=axes, dtype=x.dtype)


def _reduction(
    name: str,
    infer: TypeRule,
    evaluate: Evaluate,
    derivative: Derivative,
    identity: Callable[[DType], Any],
    emit: Emit,
) -> Op:
    return operation(name, infer, evaluate, derivative, Reduction(identity, emit), attrs=("axes",))


def _arg_reduction(name: str, function: Callable[..., Any], relation: str) -> Op:
    return operation(
        name,
        _position,
        lambda x, *, axis: np.asarray(function(x, axis=axis), dtype=np.int64),
        NOT_DIFFERENTIABLE,
        ArgReduction(_beats(relation)),
        attrs=("axis",),
    )


OPS = (
    _reduction("sum", _reduced(NUMBER), _keeping_dtype(np.sum), Vjp(_sum_vjp), lambda d: 0, primitive("add")),
    _reduction(
        "prod", _reduced(NUMBER), _keeping_dtype(np.prod), Vjp(_prod_vjp), lambda d: 1, primitive("multiply")
    ),
    _reduction(
        "max", _reduced(ANY, nonempty=True), _over_axes(np.max), Vjp(_extreme_vjp), _lowest,
        _extreme("maximum", ">="),
    ),
    _reduction(
        "min", _reduced(ANY, nonempty=True), _over_axes(np.min), Vjp(_extreme_vjp), _highest,
        _extreme("minimum", "<="),
    ),
    _reduction(
        "any", _reduced(BOOLEAN), _over_axes(np.any), NOT_DIFFERENTIABLE, lambda d: False, primitive("bitor")
    ),
    _reduction(
        "all", _reduced(BOOLEAN), _over_axes(np.all), NOT_DIFFERENTIABLE, lambda d: True, primitive("bitand")
    ),
    _arg_reduction("argmax", np.argmax, ">"),
    _arg_reduction("argmin", np.argmin, "<"),
)  # fmt: skip
