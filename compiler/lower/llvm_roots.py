"""What the roots of a nest do besides storing elements, in LLVM IR: copies before its loops, and checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.graph import Node
from ..ir.types import DType
from .kernels import Access, Root
from .llvm_code import Code
from .llvm_machine import Scalar
from .llvm_renewal import copy_around
from .llvm_stacks import reserve


def prepare(code: Code, roots: Sequence[Root]) -> dict[int, str]:
    """Copy arrays that are not written in place; make room on stacks, and return where, by root."""
    places, pushed = code.program.places, {}
    for root in roots:
        if root.access is Access.PUT:
            target, base = places[root.result], places[root.node.operands[0]]
            code.copy(code.base(target), code.base(base), target.bytes)
        elif root.access is Access.RENEW:
            copy_around(code, root.node)
        elif root.access is Access.PUSH:
            stack = code.scalars[root.node.operands[0]]
            pushed[id(root)] = reserve(code, stack)
            code.scalars[root.result] = stack
    return pushed


def checked_index(code: Code, node: Node, x: Any) -> Any:
    """Wrap a negative index; end the run where it does not exist."""
    machine, size = code.machine, Scalar(DType.I64, code.extent(node.attrs["size"]))
    x = machine.force(x)
    negative = machine.compare("<", x, code.literal(DType.I64, 0))
    wrapped = machine.select(negative, machine.add(x, size), x)
    outside = code.function.value(f"icmp uge i64 {machine.text(wrapped)}, {size.text}")
    code.unless(outside, code.program.site_of[node], machine.text(x))
    return wrapped
