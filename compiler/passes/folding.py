"""Constant folding: small constants computed by the operations' own evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..ir.dims import is_static, size
from ..ir.graph import Literal, Node, Value
from ..ir.operation import Effect, Elementwise
from ..ir.types import ArrayType
from .site import Site
from .splat import SPREADING

LIMIT = 16  # elements of a folded constant: larger ones are computed, or spread from one number
KEPT = {"constant", "iota", "broadcast", "stop_gradient"}  # the short form already


def may_fold(node: Node, operands: Sequence[Value], definition: Mapping[Value, Node]) -> bool:
    """Tell whether `fold` is worth asking: it needs constants, and the first operand is a fair sample."""
    if not operands or node.op.evaluate is None or node.op.name in KEPT:
        return False
    first = definition.get(operands[0])
    return first is not None and (first.op.name == "constant" or first.op.name in SPREADING)


def fold(s: Site) -> Value | None:
    """Return the constant that a node with constant operands computes."""
    op, type = s.node.op, s.node.result.array
    if op.effect is not Effect.NONE or not is_static(type.shape):
        return None
    if isinstance(op.lowering, Elementwise) and type.shape:
        numbers = [s.number(v) for v in s.operands]
        if all(n is not None for n in numbers):
            return _constant(s, [np.asarray(n) for n in numbers], ArrayType(type.dtype), type)
    literals = [s.definition[v].attrs["value"] for v in s.operands if s.made_by(v, "constant")]
    if len(literals) < len(s.operands) or size(type.shape) > LIMIT:
        return None
    return _constant(s, [literal.array for literal in literals], type, type)


def _constant(s: Site, operands: list[Any], computed: ArrayType, type: ArrayType) -> Value | None:
    """Evaluate the node; its result, of type `computed`, is spread to `type`."""
    assert s.node.op.evaluate is not None
    try:
        with np.errstate(all="ignore"):
            array = np.asarray(s.node.op.evaluate(*operands, **s.attrs))
    except (ValueError, ArithmeticError):  # a negative integer power, say: the run reports it
        return None
    literal = Literal.of(np.ascontiguousarray(array).reshape(array.shape))
    if literal.type != computed:
        return None
    value = s.b.emit("constant", value=literal)[0]
    return value if computed == type else s.b.spread(value, type)
