"""The public functions of graphs: to get one from a function or from its text, and to run it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .ir.graph import Graph
from .transform import Transformed


def trace(fun: Callable[..., Any]) -> Callable[..., Graph]:
    """Return a function that gives the graph of `fun` for its arguments, instead of a result.

    Examples
    --------
    >>> import gradir as gr
    >>> graph = gr.trace(lambda x: x * x)(3.0)
    >>> len(graph.block.nodes)
    1
    """
    transformed = Transformed(fun, None)

    def traced(*args: Any, **kwargs: Any) -> Graph:
        return transformed.graph(args, kwargs)

    return traced


def parse(text: str) -> Graph:
    """Return the graph that `str(graph)` printed.

    Raises
    ------
    ParseError
        For any other text, with its line and column.

    Examples
    --------
    >>> import gradir as gr
    >>> graph = gr.trace(lambda x: x * x)(3.0)
    >>> gr.parse(str(graph)) == graph
    True
    """
    from .ir.parser import parse as parse_graph
    from .ops import OPS

    return parse_graph(text, OPS)


def interpret(graph: Graph, *args: Any) -> tuple[Any, ...]:
    """Run a graph in NumPy, node by node: the reference that compiled code is held to.

    Examples
    --------
    >>> import gradir as gr
    >>> graph = gr.trace(lambda x: x * x)(3.0)
    >>> float(gr.interpret(graph, 4.0)[0])
    16.0
    """
    from .ir.interpreter import interpret as run

    return run(graph, *args)
