"""Reverse mode for straight-line graphs of one operation's rules: enough to test them, to any order."""

from __future__ import annotations

from collections.abc import Sequence

from gradir.ir.builder import Builder
from gradir.ir.graph import Node, Value
from gradir.ir.operation import NotDifferentiable, Partials, Vjp, VjpContext
from gradir.ir.types import ArrayType


def _carries(value: Value) -> bool:
    return isinstance(value.type, ArrayType) and value.dtype.is_float


def pullback(b: Builder, output: Value, ct: Value, wrt: Sequence[Value]) -> list[Value]:
    """Append the backward nodes of all that `b` holds; return the cotangents of `wrt`."""
    nodes = tuple(b.nodes)
    active = _depending(nodes, wrt)
    cts: dict[Value, Value] = {output: ct}
    for node in reversed(nodes):
        if not any(r in cts for r in node.results) or not any(r in active for r in node.results):
            continue
        needed = tuple(v in active for v in node.operands)
        for k, part in enumerate(_rule(b, node, tuple(cts.get(r) for r in node.results), needed, cts)):
            if part is not None and needed[k]:
                operand = node.operands[k]
                assert part.type == operand.type, f"{node.op.name}: cotangent {part.type} of {operand.type}"
                cts[operand] = b.add(cts[operand], part) if operand in cts else part
    return [cts.get(v) or b.zeros(v.array) for v in wrt]


def _depending(nodes: Sequence[Node], wrt: Sequence[Value]) -> set[Value]:
    active = set(wrt)
    for node in nodes:
        if not isinstance(node.op.derivative, NotDifferentiable) and any(v in active for v in node.operands):
            active.update(r for r in node.results if _carries(r))
    return active


def _rule(
    b: Builder,
    node: Node,
    cotangents: tuple[Value | None, ...],
    needed: tuple[bool, ...],
    cts: dict[Value, Value],
) -> Sequence[Value | None]:
    context = VjpContext(b, node, cotangents, needed)
    match node.op.derivative:
        case Partials(of=partials, finite=finite):
            multiply = b.multiply if finite else b.strong_multiply
            return [
                multiply(context.ct, partial(b, node.result, *node.operands)) if partial and need else None
                for partial, need in zip(partials, needed, strict=True)
            ]
        case Vjp(rule=rule, into=into):
            if into is None:
                return rule(context)
            base = node.operands[0]
            if needed[0]:
                cts[base] = into(context, cts[base] if base in cts else b.zeros(base.array))
            return [None, *rule(context)[1:]]
        case other:
            raise AssertionError(f"{node.op.name} has {other}")
