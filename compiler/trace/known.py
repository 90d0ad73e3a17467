"""Values that are known while tracing: what is computed of constants, int arguments and captured arrays.

Looking at one makes the arguments and arrays that it depends on part of the compiled code: they are
guarded, and another value of theirs means a new trace.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir.graph import Block, Graph, Node, Value
from ..ir.operation import Effect
from ..ir.symbols import mentioned
from .frame import Trace
from .location import user_location
from .tracer import Tracer

_MOST_NODES = 200


def known_value(trace: Trace, value: Value) -> np.ndarray[Any, Any] | None:
    """Return the array that `value` is at every run, None where it depends on more than is known."""
    order = _closure(trace, value)
    if order is None:
        return None
    from ..ir.interpreter import Interpreter  # most functions need it not, and it takes others with it

    given = [v for v, node in order.items() if node is None]
    nodes = dict.fromkeys(_renamed(trace, node) for node in order.values() if node is not None)
    block = Block(tuple(given), tuple(nodes), (trace.origin(value),))
    graph = Graph.of("known", block)
    (known,) = Interpreter(graph).run([trace.look_at(v) for v in given])
    return np.asarray(known)


def can_know(trace: Trace, value: Value) -> bool:
    """Tell whether `known_value` would give a value, without looking."""
    return _closure(trace, value) is not None


def check_known(trace: Trace, test: Any, reason: str, message: str) -> Any:
    """Return a condition of Python's own; one that only the run knows ends rolling, or is refused."""
    if isinstance(test, Tracer) and not can_know(trace, test.value):
        trace.needs_value(test.value, reason)
        raise UnsupportedError(message, loc=user_location())
    return test


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
        captured = _captured(node)
        if len(order) > _MOST_NODES or not _is_pure(node) or any(trace.origin(x) is not x for x in captured):
            return None
        pending.append((v, True))
        pending += [(trace.origin(x), False) for x in (*node.operands, *captured)]
    return order


def _renamed(trace: Trace, node: Node) -> Node:
    """Return `node` reading the values that parameters of inner functions stand for."""
    operands = tuple(map(trace.origin, node.operands))
    if operands == node.operands:
        return node
    return Node(node.op, operands, node.attrs, node.results, node.regions, node.loc, node.origin)


def _captured(node: Node) -> list[Value]:
    """Return the values from outside that the regions of a node read."""
    blocks = _blocks(node)
    inside = {v for block in blocks for v in (*block.params, *(r for n in block.nodes for r in n.results))}
    read = dict.fromkeys(v for block in blocks for n in block.nodes for v in n.operands)
    read.update(dict.fromkeys(v for block in blocks for v in block.results))
    return [v for v in read if v not in inside]


def _blocks(node: Node) -> list[Block]:
    blocks = list(node.regions)
    for block in blocks:
        blocks += [region for inner in block.nodes for region in inner.regions]
    return blocks


def _is_pure(node: Node) -> bool:
    inner = (n for block in _blocks(node) for n in block.nodes)
    return all(n.op.effect is Effect.NONE and not mentioned(n) for n in (node, *inner))
