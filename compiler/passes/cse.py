"""Common subexpressions: a value computed twice in one scope, or in one inside it, is computed once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from ..ir.builder import Builder
from ..ir.graph import Graph, Node, Value
from ..ir.operation import Effect, OpTable
from ..ops import OPS
from .rewrite import Rewriter, rewrite


def cse(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` with each pure node that repeats an earlier one in scope replaced by it.

    A check that has passed passes again, so it counts as pure; stacks are used once each and do not.
    """
    return rewrite(graph, _Expressions().visit, ops)


STACKS = {"stack_new", "push", "pop"}


class _Expressions:
    """The expressions in scope, the innermost scope last."""

    def __init__(self) -> None:
        self._scopes: list[dict[Hashable, tuple[Value, ...]]] = [{}]

    def visit(
        self, walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]
    ) -> Sequence[Value] | None:
        if node.regions:
            return self._regions(walk, b, node, operands)
        if node.op.name in STACKS:
            return None
        assert node.op.effect is Effect.NONE or node.op.effect is Effect.CHECK
        key = expression_key(node, operands)
        for scope in self._scopes:
            if key in scope:
                return scope[key]
        self._scopes[-1][key] = node.results
        return None

    def _regions(
        self, walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]
    ) -> Sequence[Value]:
        regions = []
        for region in node.regions:
            self._scopes.append({})
            regions.append(walk.block(region))
            self._scopes.pop()
        if operands is not node.operands or tuple(regions) != node.regions:
            node = Node(node.op, operands, node.attrs, node.results, tuple(regions), node.loc, node.origin)
        b.nodes.append(node)
        return node.results


def expression_key(node: Node, operands: tuple[Value, ...]) -> Hashable:
    """Return what tells whether two nodes compute the same, to the last bit."""
    attrs = node.attrs
    return node.op.name, operands, tuple([(name, _exact(v)) for name, v in attrs.items()]) if attrs else ()


def _exact(value: Any) -> Hashable:
    """Return `value` so that 1, 1.0 and True differ, and 0.0 and -0.0."""
    if isinstance(value, tuple):
        return tuple(map(_exact, value))
    return type(value), value.hex() if isinstance(value, float) else value
