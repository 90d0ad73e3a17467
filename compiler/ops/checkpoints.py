"""What is saved and what is computed again: regions, names, barriers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.graph import Block, Value
from ..ir.operation import (
    Attrs,
    ElementMachine,
    Elementwise,
    Op,
    Partials,
    PerElement,
    Special,
    Structured,
    TypeRuleError,
    Vjp,
    VjpContext,
)
from ..ir.types import Type
from .record import operation
from .type_rules import ANY, arrays, demand, is_int, same_type


def _checkpoint_type(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    regions: tuple[Block, ...] = tuple(attrs.get("regions", ()))
    if operands or len(regions) != 1 or regions[0].params:
        raise TypeRuleError("checkpoint has one region, without parameters, and no operands")
    kept = attrs["kept"]
    if not is_int(kept) or not 0 <= kept <= len(regions[0].results):
        raise TypeRuleError(f"checkpoint keeps some of its results, not {kept!r}")
    return tuple(v.type for v in regions[0].results)


def _barrier_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    return (arrays(types, 2)[0],)


def _barrier_vjp(c: VjpContext) -> list[Value | None]:
    return [c.ct, None]


def _first(m: ElementMachine, node: Any, index: Sequence[Any]) -> Any:
    return m.element(0, index)


def _name_type(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    demand(isinstance(attrs["name"], str), f"name is a string, not {attrs['name']!r}")
    return same_type(1, ANY)(types, {})


_IDENTITY = Partials((lambda b, out, x: b.like(out, 1),), finite=True)

OPS = (
    # What its region computes; the backward pass runs the region again instead of saving what is in it, but
    # for the last `kept` results, which are handed out to be saved.
    Op(
        name="checkpoint",
        attrs=("kept",),
        infer=_checkpoint_type,
        evaluate=None,
        derivative=Structured.REGION,
        lowering=Special(),
    ),
    # A value with a name that policies go by.
    operation(
        "name", _name_type, lambda x, *, name: x, _IDENTITY,
        Elementwise(lambda m, x, *, attrs: x, with_attrs=True), attrs=("name",),
    ),
    # The first operand, but not before the second is there: what is made of it is not what was made before.
    operation("barrier", _barrier_type, lambda x, after: x, Vjp(_barrier_vjp), PerElement(_first)),
)  # fmt: skip
