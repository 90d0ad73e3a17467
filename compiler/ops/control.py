"""Control flow, checks and stacks: operations that own regions, end the run, or keep residuals of loops."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from ..ir.graph import Block, Value
from ..ir.operation import (
    NOT_DIFFERENTIABLE,
    Attrs,
    Effect,
    Op,
    Special,
    Structured,
    TypeRuleError,
    Vjp,
    VjpContext,
)
from ..ir.types import BOOL, INDEX, ArrayType, StackType, Type
from .type_rules import is_dim, is_int


def _listed(types: Sequence[Type]) -> str:
    return "(" + ", ".join(map(str, types)) + ")"


def _expect(name: str, operands: Sequence[Type], expected: Sequence[Type]) -> None:
    if tuple(operands) != tuple(expected):
        raise TypeRuleError(f"{name} takes {_listed(expected)}, not {_listed(operands)}")


def _regions(name: str, attrs: Attrs, count: int) -> tuple[Block, ...]:
    regions: tuple[Block, ...] = tuple(attrs.get("regions", ()))
    if len(regions) != count:
        raise TypeRuleError(f"{name} has {count} region{'s' * (count > 1)}, not {len(regions)}")
    return regions


def _types(values: Sequence[Value]) -> tuple[Type, ...]:
    return tuple(v.type for v in values)


def _check_slots(name: str, attrs: Attrs) -> None:
    for mark in ("checkpointed", "saves"):
        slots = attrs.get(mark, 0)
        if not is_int(slots) or slots < 0:
            raise TypeRuleError(f"'{mark}' of {name} is a number of slots, not {slots!r}")


def _infer_for(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    (body,) = _regions("for", attrs, 1)
    _check_slots("for", attrs)
    _expect("the range of for", operands[:3], (INDEX, INDEX, INDEX))
    carried = tuple(operands[3:])
    if _types(body.params) != (INDEX, *carried):
        raise TypeRuleError(
            f"the body of for has parameters {_listed(_types(body.params))}; "
            f"index and initial values are {_listed((INDEX, *carried))}"
        )
    if _types(body.results) != carried:
        yields = _listed(_types(body.results))
        raise TypeRuleError(f"the body of for yields {yields} and carries {_listed(carried)}")
    return carried


def _infer_while(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    (body,) = _regions("while", attrs, 1)
    _check_slots("while", attrs)
    _expect("the condition of while", operands[:1], (BOOL,))
    carried = tuple(operands[1:])
    if _types(body.params) != (INDEX, *carried):
        raise TypeRuleError(
            f"the body of while has parameters {_listed(_types(body.params))}; "
            f"number and initial values are {_listed((INDEX, *carried))}"
        )
    if _types(body.results) != (BOOL, *carried):
        yields = _listed(_types(body.results))
        raise TypeRuleError(
            f"the body of while yields {yields}; condition and carried values are {_listed((BOOL, *carried))}"
        )
    return (INDEX, *carried)


def _infer_if(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    then, orelse = _regions("if", attrs, 2)
    _expect("if", operands, (BOOL,))
    if then.params or orelse.params:
        raise TypeRuleError("the branches of if have no parameters")
    if _types(then.results) != _types(orelse.results):
        raise TypeRuleError(
            f"the branches of if yield {_listed(_types(then.results))} and {_listed(_types(orelse.results))}"
        )
    return _types(then.results)


def _infer_checkpoint(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    regions: tuple[Block, ...] = tuple(attrs.get("regions", ()))
    if operands or len(regions) != 1 or regions[0].params:
        raise TypeRuleError("checkpoint has one region, without parameters, and no operands")
    kept = attrs["kept"]
    if not is_int(kept) or not 0 <= kept <= len(regions[0].results):
        raise TypeRuleError(f"checkpoint keeps some of its results, not {kept!r}")
    return tuple(v.type for v in regions[0].results)


def _infer_stack_new(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    _expect("stack_new", operands, (INDEX,))
    element = attrs["element"]
    if not isinstance(element, ArrayType):
        raise TypeRuleError(f"stack_new needs an array type as its element, not {element!r}")
    return (StackType(element),)


def _infer_push(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    if not operands or not isinstance(operands[0], StackType):
        raise TypeRuleError(f"push takes a stack and an element, not {_listed(operands)}")
    _expect("push", operands, (operands[0], operands[0].element))
    return (operands[0],)


def _infer_pop(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    if len(operands) != 1 or not isinstance(operands[0], StackType):
        raise TypeRuleError(f"pop takes a stack, not {_listed(operands)}")
    return (operands[0], operands[0].element)


def _infer_peek(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    if len(operands) != 2 or not isinstance(operands[0], StackType) or operands[1] != INDEX:
        raise TypeRuleError(f"peek takes a stack and an i64, not {_listed(operands)}")
    if operands[0].element.dtype.is_float:
        raise TypeRuleError("peek reads stacks of predicates and integers, which have no cotangents")
    return (operands[0].element,)


def _infer_check(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    _expect("check", operands, (BOOL,))
    raised = getattr(builtins, str(attrs["exception"]), None)
    if not (isinstance(raised, type) and issubclass(raised, Exception)):
        raise TypeRuleError(f"check raises a built-in exception, not '{attrs['exception']}'")
    if not isinstance(attrs["message"], str):
        raise TypeRuleError("the message of check is a string")
    return ()


def _infer_check_index(operands: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
    if len(operands) != 1 or not isinstance(operands[0], ArrayType) or operands[0].dtype is not INDEX.dtype:
        raise TypeRuleError(f"check_index takes i64 indices, not {_listed(operands)}")
    size, axis = attrs["size"], attrs["axis"]
    if not is_dim(size) or not is_int(axis) or axis < 0:
        raise TypeRuleError(f"check_index needs the size and number of an axis, not {size!r} and {axis!r}")
    return (operands[0],)


def _stack_new_vjp(context: VjpContext) -> Sequence[Value | None]:
    return (None,)


def _push_vjp(context: VjpContext) -> Sequence[Value | None]:
    (ct,) = context.cotangents
    if ct is None:
        return None, None
    below, top = context.b.emit("pop", ct)
    return below, top


def _pop_vjp(context: VjpContext) -> Sequence[Value | None]:
    """Push the element's cotangent on that of the rest.

    A rest without cotangent is one that nothing reads again. Pushes and pops pair up in the graphs
    that passes make, so it is empty, and so is its cotangent.
    """
    b, (rest, element) = context.b, context.cotangents
    if (rest is None and element is None) or not context.needed[0]:
        return (None,)
    type = context.node.results[1].array
    if rest is None:
        (rest,) = b.emit("stack_new", b.int64(0), element=type)
    (stack,) = b.emit("push", rest, b.zeros(type) if element is None else element)
    return (stack,)


OPS = (
    Op(
        name="for",
        attrs=(),
        infer=_infer_for,
        evaluate=None,
        derivative=Structured.REGION,
        lowering=Special(),
        optional=("checkpointed", "saves"),
    ),
    Op(
        name="while",
        attrs=(),
        infer=_infer_while,
        evaluate=None,
        derivative=Structured.REGION,
        lowering=Special(),
        optional=("checkpointed", "saves"),
    ),
    Op(
        name="if",
        attrs=(),
        infer=_infer_if,
        evaluate=None,
        derivative=Structured.REGION,
        lowering=Special(),
    ),
    # What its region computes; the backward pass runs the region again instead of saving what is in it, but
    # for the last `kept` results, which are handed out to be saved.
    Op(
        name="checkpoint",
        attrs=("kept",),
        infer=_infer_checkpoint,
        evaluate=None,
        derivative=Structured.REGION,
        lowering=Special(),
    ),
    Op(
        name="stack_new",
        attrs=("element",),
        infer=_infer_stack_new,
        evaluate=None,
        derivative=Vjp(_stack_new_vjp),
        lowering=Special(),
    ),
    Op(
        name="push",
        attrs=(),
        infer=_infer_push,
        evaluate=None,
        derivative=Vjp(_push_vjp),
        lowering=Special(),
    ),
    Op(
        name="pop",
        attrs=(),
        infer=_infer_pop,
        evaluate=None,
        derivative=Vjp(_pop_vjp),
        lowering=Special(),
    ),
    # The element at a place counted from the bottom. The stack stays as it is, and nothing may pop it later.
    Op(
        name="peek",
        attrs=(),
        infer=_infer_peek,
        evaluate=None,
        derivative=NOT_DIFFERENTIABLE,
        lowering=Special(),
    ),
    Op(
        name="check",
        attrs=("exception", "message"),
        infer=_infer_check,
        evaluate=None,
        derivative=NOT_DIFFERENTIABLE,
        lowering=Special(),
        effect=Effect.CHECK,
    ),
    Op(
        name="check_index",
        attrs=("size", "axis"),
        infer=_infer_check_index,
        evaluate=None,
        derivative=NOT_DIFFERENTIABLE,
        lowering=Special(),
        effect=Effect.CHECK,
    ),
)
