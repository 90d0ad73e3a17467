"""Copying the nodes of a graph into another one under construction."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Origin, Value


def inline(
    builder: Builder, graph: Graph, operands: Sequence[Value], *, again: bool = False
) -> tuple[Value, ...]:
    """Append copies of the nodes of `graph`, with `operands` as its inputs.

    Parameters
    ----------
    builder
        Where the nodes go; they keep their lines and origins.
    graph
        The graph to copy; it stays as it is and may be copied any number of times.
    operands
        One value for each input, of its type.
    again
        Whether this is the backward pass, which runs nodes of the primal again: the copies say so.

    Returns
    -------
    tuple
        The values of the outputs.

    Raises
    ------
    ValueError
        If the operands do not fit the inputs.
    """
    expected, given = [p.type for p in graph.block.params], [v.type for v in operands]
    if expected != given:
        raise ValueError(
            f"{graph.name} takes ({', '.join(map(str, expected))}), not ({', '.join(map(str, given))})"
        )
    return _copy(builder, graph.block, dict(zip(graph.block.params, operands, strict=True)), again)


def _copy(b: Builder, block: Block, copies: dict[Value, Value], again: bool) -> tuple[Value, ...]:
    for node in block.nodes:
        regions = [_copied_region(b, region, copies, again) for region in node.regions]
        origin = Origin.RECOMPUTED if again and node.origin is Origin.PRIMAL else node.origin
        results = b.copy(node, [copies.get(v, v) for v in node.operands], regions, origin)
        copies.update(zip(node.results, results, strict=True))
    return tuple(copies.get(v, v) for v in block.results)


def _copied_region(b: Builder, region: Block, copies: dict[Value, Value], again: bool) -> Block:
    inner = b.nested()
    params = [Value(p.type) for p in region.params]
    copies.update(zip(region.params, params, strict=True))
    return inner.block(params, _copy(inner, region, copies, again))
