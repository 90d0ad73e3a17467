"""Stacks in LLVM IR that are one of several: left by either branch, carried by a loop as another one."""

from __future__ import annotations

from collections.abc import Sequence

from .llvm_code import Code
from .llvm_stack_memory import Stack
from .llvm_stacks import Strip


def either(code: Code, blocks: Sequence[str], first: Stack, second: Stack) -> Stack:
    """Return the stack that a branch leaves: one of two, or the same from both.

    It is chosen at the beginning of the block where the last ones of the two sides, `blocks`, meet.
    """
    if first == second:
        return first
    assert first.element_bytes == second.element_bytes
    then, orelse = blocks
    data, count, capacity = (
        code.function.value(f"phi ptr [ {a}, %{then} ], [ {b}, %{orelse} ]")
        for a, b in zip(_slots(first), _slots(second), strict=True)
    )
    return Stack(data, count, capacity, first.element_bytes, idle="")


def exchange(code: Code, stack: Stack | Strip, new: Stack | Strip) -> None:
    """Put the contents of another stack in the place of one that a loop carries; that one's go there."""
    if stack == new:
        return
    assert isinstance(stack, Stack)
    assert isinstance(new, Stack)
    f = code.function
    for mine, other, type in zip(_slots(stack), _slots(new), ("ptr", "i64", "i64"), strict=True):
        before, after = f.value(f"load {type}, ptr {mine}"), f.value(f"load {type}, ptr {other}")
        f.line(f"store {type} {after}, ptr {mine}")
        f.line(f"store {type} {before}, ptr {other}")


def _slots(stack: Stack) -> tuple[str, str, str]:
    return stack.data, stack.count, stack.capacity
