"""Values that are known while tracing: what is computed of constants, int arguments and captured arrays.

Looking at one makes the arguments and arrays that it depends on part of the compiled code: they are
guarded, and another value of theirs means a new trace.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.graph import Node, Value
from ..ir.operation import Effect
from .frame import Trace

_MOST_NODES = 200


def known_value(trace: Trace, value: Value) -> np.ndarray[Any, Any] | None:
    """Return the array that `value` is at every run, None where it depends on more than is known."""
    order = _closure(trace, value)
    if order is None:
        return None
    known: dict[Value, Any] = {}
    for v, node in order.items():
        if node is None:
            known[v] = trace.look_at(v)
        else:
            assert node.op.evaluate is not None
            operands = (known[trace.origin(x)] for x in node.operands)
            with np.errstate(all="ignore"):
                known[v] = np.asarray(node.op.evaluate(*operands, **node.attrs))
    return np.asarray(known[trace.origin(value)])


def can_know(trace: Trace, value: Value) -> bool:
    """Tell whether `known_value` would give a value, without looking."""
    return _closure(trace, value) is not None


def _closure(trace: Trace, value: Value) -> dict[Value, Node | None] | None:
    """Return what `value` is computed of, operands first, with the nodes; None where it cannot be known."""
    order: dict[Value, Node | None] = {}
    pending = [(trace.origin(value), False)]
    while pending:
        v, ready = pending.pop()
        if v in order:
            continue
        node = trace.definition(v)
        if ready or node is None:
            if node is None and not trace.can_look_at(v):
                return None
            order[v] = node
            continue
        if len(order) > _MOST_NODES or not _is_pure(node):
            return None
        pending.append((v, True))
        pending += [(trace.origin(x), False) for x in node.operands]
    return order


def _is_pure(node: Node) -> bool:
    return not node.regions and node.op.evaluate is not None and node.op.effect is Effect.NONE
