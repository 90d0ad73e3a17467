"""Building a block node by node: the one place where nodes are made and typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .graph import Block, Literal, Loc, Node, Origin, Value
from .operation import Op, OpTable
from .types import INDEX, ArrayType, DType


class Builder:
    """Appends nodes to a list; `b.cos(x)`, `b.sum(x, axes=(0,))` add the operation of that name.

    `loc` and `origin` are given to every node until they are changed.
    """

    def __init__(self, ops: OpTable, loc: Loc | None = None, origin: Origin = Origin.PRIMAL) -> None:
        self.ops = ops
        self.loc = loc
        self.origin = origin
        self.nodes: list[Node] = []

    def nested(self) -> Builder:
        """Return an empty builder for a region, with this one's location and origin."""
        return Builder(self.ops, self.loc, self.origin)

    def block(self, params: Sequence[Value], results: Sequence[Value]) -> Block:
        """Return what was built so far as a block."""
        return Block(tuple(params), tuple(self.nodes), tuple(results))

    def emit(
        self, op: Op | str, *operands: Value, regions: Sequence[Block] = (), **attrs: Any
    ) -> tuple[Value, ...]:
        """Append a node and return its results; a bad combination raises TypeRuleError."""
        op = self.ops[op] if isinstance(op, str) else op
        types = op.infer([v.type for v in operands], {**attrs, "regions": regions} if regions else attrs)
        results = tuple([Value(t) for t in types])
        self.nodes.append(Node(op, operands, attrs, results, tuple(regions), self.loc, self.origin))
        return results

    def copy(
        self,
        node: Node,
        operands: Sequence[Value],
        regions: Sequence[Block] = (),
        origin: Origin | None = None,
    ) -> tuple[Value, ...]:
        """Append `node` again with other operands and regions, keeping its types, line and origin."""
        results = tuple([Value(r.type) for r in node.results])
        origin = node.origin if origin is None else origin
        self.nodes.append(
            Node(node.op, tuple(operands), node.attrs, results, tuple(regions), node.loc, origin)
        )
        return results

    def __getattr__(self, name: str) -> Callable[..., Value]:
        if name.startswith("__") or name not in self.ops:
            raise AttributeError(f"there is no operation '{name}'")

        def build(*operands: Value, **attrs: Any) -> Value:
            (result,) = self.emit(name, *operands, **attrs)
            return result

        return build

    # Shorthands that rules and the tracer share.

    def literal(self, array: np.ndarray | np.generic) -> Value:
        """A constant with the data and dtype of `array`."""
        return self.emit("constant", value=Literal.of(array))[0]

    def int64(self, value: int) -> Value:
        """An i64 scalar constant."""
        return self.literal(np.int64(value))

    def full(self, type: ArrayType, value: Any) -> Value:
        """An array of `type` with every element equal to `value`."""
        with np.errstate(all="ignore"):
            scalar = self.literal(np.asarray(value).astype(type.dtype.numpy))
        return self.spread(scalar, type)

    def like(self, x: Value, value: Any) -> Value:
        """`full` with the type of `x`."""
        return self.full(x.array, value)

    def zeros(self, type: ArrayType) -> Value:
        return self.full(type, 0)

    def spread(self, scalar: Value, type: ArrayType) -> Value:
        """A rank-0 value broadcast to the shape of `type`."""
        return scalar if not type.shape else self.broadcast(scalar, shape=type.shape, axes=())

    def cast(self, x: Value, dtype: DType) -> Value:
        """`convert`, or `x` itself where it has that dtype already."""
        return x if x.dtype is dtype else self.convert(x, dtype=dtype)


__all__ = ["INDEX", "Builder"]
