"""Short ways to write the record of an operation, so that a family of them reads as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..ir.operation import (
    NOT_DIFFERENTIABLE,
    Accuracy,
    Attrs,
    Derivative,
    Elementwise,
    Lowering,
    Op,
    Partial,
    Partials,
    TypeRuleError,
)
from ..ir.types import DType, Type
from .type_rules import Kinds, TypeRule, same_type

Evaluate = Callable[..., Any]
Emit = Callable[..., Any]


def operation(
    name: str,
    infer: TypeRule,
    evaluate: Evaluate,
    derivative: Derivative,
    lowering: Lowering,
    attrs: tuple[str, ...] = (),
    ulp: Accuracy | None = None,
) -> Op:
    """Return the record of an operation; its type errors begin with its name."""

    expected = frozenset(attrs)

    def infer_named(types: Sequence[Type], given: Attrs) -> tuple[Type, ...]:
        try:
            if given.keys() != expected:
                raise TypeRuleError(f"has the attributes {list(attrs)}, not {list(given)}")
            return infer(types, given)
        except TypeRuleError as error:
            raise TypeRuleError(f"{name}: {error}") from None

    return Op(
        name=name,
        attrs=attrs,
        infer=infer_named,
        evaluate=evaluate,
        derivative=derivative,
        lowering=lowering,
        accuracy=ulp,
    )


def elementwise(
    count: int,
    name: str,
    accepted: Kinds,
    evaluate: Evaluate,
    emit: Emit,
    *partials: Partial | None,
    result: DType | None = None,
    finite: bool = False,
    ulp: Accuracy | None = None,
) -> Op:
    """Return an operation on `count` operands of one type, without a derivative where no partial is given."""
    return operation(
        name,
        same_type(count, accepted, result),
        evaluate,
        Partials(partials, finite) if partials else NOT_DIFFERENTIABLE,
        Elementwise(emit),
        ulp=ulp,
    )


def unary(
    name: str, accepted: Kinds, evaluate: Evaluate, emit: Emit, *partials: Partial | None, **more: Any
) -> Op:
    """Return an elementwise operation on one operand."""
    return elementwise(1, name, accepted, evaluate, emit, *partials, **more)


def binary(
    name: str, accepted: Kinds, evaluate: Evaluate, emit: Emit, *partials: Partial | None, **more: Any
) -> Op:
    """Return an elementwise operation on two operands."""
    return elementwise(2, name, accepted, evaluate, emit, *partials, **more)
