"""Concrete numbers for a diagram: every value of a graph, and gradients by primal value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..ir.graph import Block, Graph, Node, Value
from ..ir.interpreter import Interpreter


def evaluate_all(graph: Graph, args: Sequence[Any]) -> dict[Value, Any]:
    """Run a graph in NumPy and return each of its values; of those inside loops the last one.

    Parameters
    ----------
    graph
        Any graph that `verify` accepts.
    args
        An array for each input.

    Raises
    ------
    TypeError, ValueError, IndexError
        As `interpret` does.
    """
    recorder = _Recorder(graph)
    recorder.run(args)
    return recorder.seen


def gradients_of(values: Mapping[Value, Any], cotangents: Mapping[Value, Value]) -> dict[Value, Any]:
    """Return the gradient of each primal value.

    Parameters
    ----------
    values
        The values of the joint graph, from `evaluate_all`.
    cotangents
        The cotangent of each primal value, as the adjoint pass gives them.
    """
    return {primal: values[ct] for primal, ct in cotangents.items() if ct in values}


class _Recorder(Interpreter):
    """An interpreter that keeps all it computes."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.seen: dict[Value, Any] = {}

    def block(self, block: Block, args: Sequence[Any]) -> tuple[Any, ...]:
        self.seen.update(zip(block.params, args, strict=True))
        return super().block(block, args)

    def node(self, node: Node, operands: Sequence[Any]) -> Sequence[Any]:
        results = super().node(node, operands)
        self.seen.update(zip(node.results, results, strict=True))
        return results
