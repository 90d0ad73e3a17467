"""Names that policies of saving go by, and barriers before what is computed again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.graph import Value
from ..ir.operation import (
    Attrs,
    ElementMachine,
    Elementwise,
    PerElement,
    Vjp,
    VjpContext,
)
from ..ir.types import Type
from .record import operation
from .type_rules import ANY, arrays, demand, same_type


def _barrier_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    return (arrays(types, 2)[0],)


def _barrier_vjp(c: VjpContext) -> list[Value | None]:
    return [c.ct, None]


def _first(m: ElementMachine, node: Any, index: Sequence[Any]) -> Any:
    return m.element(0, index)


def _name_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    demand(isinstance(attrs["name"], str), f"name is a string, not {attrs['name']!r}")
    return same_type(1, ANY)(types, {})


OPS = (
    # A value with a name that policies go by.
    operation(
        "name", _name_type, lambda x, *, name: x, Vjp(lambda c: [c.ct]),
        Elementwise(lambda m, x, *, attrs: x, with_attrs=True), attrs=("name",),
    ),
    # The first operand, but not before the second is there: what is made of it is not what was made before.
    operation("barrier", _barrier_type, lambda x, after: x, Vjp(_barrier_vjp), PerElement(_first)),
)  # fmt: skip
