"""The state of a block of the backward pass, and the cotangent zero."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.builder import Builder
from ..ir.graph import Value
from ..ir.types import StackType, Type
from .residuals import Threads


@dataclass(slots=True)
class Scope:
    """A block of the backward pass under construction.

    `cotangents` holds what has been accumulated so far for primal values; `stacks` the saved values
    whose stacks pass through the block.
    """

    b: Builder
    cotangents: dict[Value, Value] = field(default_factory=dict)
    stacks: Threads = field(default_factory=dict)


def zeros(b: Builder, type: Type) -> Value:
    """Build the cotangent zero of a value of `type`.

    That of a stack is an empty stack: a stack whose cotangent nothing has touched is never read again,
    and by then it has been popped empty.
    """
    if isinstance(type, StackType):
        return b.stack_new(b.int64(0), element=type.element)
    return b.zeros(type)
