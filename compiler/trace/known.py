"""Values that are known while tracing: constants, captured arrays (then guarded), and what is computed of them."""

from __future__ import annotations

import numpy as np

from ..ir.graph import Node, Value
from ..ir.operation import Effect
from .frame import Trace

_MOST_NODES = 50


def known_value(trace: Trace, value: Value) -> np.ndarray | None:
    """Return the array that `value` is at every run, None where it depends on the arguments."""
    definitions = {
        result: node for frame in trace.frame.chain() for node in frame.builder.nodes for result in node.results
    }
    needed = _closure(value, definitions)
    if needed is None or not _inputs_are_captured(trace, needed, definitions):
        return None
    known: dict[Value, np.ndarray] = {}
    for v in needed:
        node = definitions.get(v)
        if node is None:
            contents = trace.captures.contents(v)
            assert contents is not None
            known[v] = contents
        else:
            assert node.op.evaluate is not None
            known[v] = np.asarray(node.op.evaluate(*(known[x] for x in node.operands), **node.attrs))
    return known[value]


def _closure(value: Value, definitions: dict[Value, Node]) -> list[Value] | None:
    """Return what `value` is computed of, operands first; None where that is too much or not pure."""
    order: dict[Value, None] = {}
    pending = [(value, False)]
    while pending:
        v, ready = pending.pop()
        node = definitions.get(v)
        if v in order:
            continue
        if ready or node is None:
            order[v] = None
            continue
        if len(order) > _MOST_NODES or node.regions or node.op.evaluate is None or node.op.effect is not Effect.NONE:
            return None
        pending.append((v, True))
        pending += [(x, False) for x in node.operands]
    return list(order)


def _inputs_are_captured(trace: Trace, needed: list[Value], definitions: dict[Value, Node]) -> bool:
    captured = {x.value for x in trace.captures.arrays}
    return all(v in definitions or v in captured for v in needed)
