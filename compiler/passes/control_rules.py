"""Rules of canonicalize for loops, branches and checks whose outcome is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Block, Literal, Node, Value
from ..ir.types import StackType
from .loops import constant_int
from .rewrite import Rewriter
from .site import Site
from .splat import splat


def simplify_if(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value]:
    """Put the branch that is known to run in place of the `if`; drop results that both give alike."""
    known = splat(walk.definition, operands[0])
    if known is not None:
        branch = node.regions[0 if known else 1]
        walk.nodes(b, branch.nodes)
        return walk.values(branch.results)
    regions = [walk.block(region) for region in node.regions]
    then, orelse = (region.results for region in regions)
    kept = [k for k in range(len(then)) if then[k] is not orelse[k]]  # a value of both is from outside
    given = tuple(r if k in kept else then[k] for k, r in enumerate(node.results))
    results = tuple(node.results[k] for k in kept)
    if results != node.results:
        regions = [Block((), r.nodes, tuple(r.results[k] for k in kept)) for r in regions]
    if operands is not node.operands or tuple(regions) != node.regions:
        node = Node(node.op, operands, node.attrs, results, tuple(regions), node.loc, node.origin)
    b.nodes.append(node)
    return given


def simplify_for(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value]:
    """Remove a loop that runs never or once; drop carries that keep their initial value."""
    (body,), inits = node.regions, operands[3:]
    trips = _trips(walk, operands)
    if trips == 0:
        return inits
    if trips == 1:
        walk.replace(body.params, (operands[0], *inits))
        walk.nodes(b, body.nodes)
        return walk.values(body.results)
    same = _same_carries(node, inits)
    for k, value in same.items():
        walk.replace(body.params[1 + k : 2 + k], (value,))
    kept = [k for k in range(len(inits)) if k not in same]
    params = (body.params[0], *(body.params[1 + k] for k in kept))
    results = tuple(node.results[k] for k in kept)
    given = _given(node, same, inits)
    region = walk.block(body, params)
    if same:
        region = Block(params, region.nodes, tuple(region.results[k] for k in kept))
    if operands is not node.operands or region is not body:
        carried = (*operands[:3], *(inits[k] for k in kept))
        node = Node(node.op, carried, node.attrs, results, (region,), node.loc, node.origin)
    b.nodes.append(node)
    return given


def _trips(walk: Rewriter, operands: Sequence[Value]) -> int | None:
    lo, hi, step = (constant_int(walk.definition, v) for v in operands[:3])
    if lo is None or hi is None or not step:
        return None
    return len(range(lo, hi, step))


def _same_carries(node: Node, inits: Sequence[Value]) -> dict[int, Value]:
    """Return the carries to drop: what their parameter is instead, an initial value or a twin's parameter."""
    (body,) = node.regions
    same: dict[int, Value] = {}
    twins: dict[tuple[Value, Value], Value] = {}
    for k, (param, yielded) in enumerate(zip(body.params[1:], body.results, strict=True)):
        if yielded is param or yielded is node.operands[3 + k]:
            same[k] = inits[k]
        elif isinstance(param.type, StackType):
            continue
        elif (inits[k], yielded) in twins:
            same[k] = twins[inits[k], yielded]
        else:
            twins[inits[k], yielded] = param
    return same


def _given(node: Node, same: dict[int, Value], inits: Sequence[Value]) -> tuple[Value, ...]:
    """Return what stands for each result: itself, the initial value, or the twin's result."""
    place = {param: k for k, param in enumerate(node.regions[0].params[1:])}
    return tuple(
        r if k not in same else inits[k] if same[k] is inits[k] else node.results[place[same[k]]]
        for k, r in enumerate(node.results)
    )


def check(walk: Rewriter, operands: tuple[Value, ...]) -> Sequence[Value] | None:
    """Remove a check that is known to pass."""
    known = splat(walk.definition, operands[0])
    return () if known is not None and known else None


def check_index(s: Site) -> Value | None:
    """Wrap indices that are known and in range; a second check of what has passed changes nothing."""
    limit = s.attrs["size"]
    if (inner := s.made_by(s.x, "check_index")) and inner.attrs["size"] == limit:
        return s.x
    constant = s.made_by(s.x, "constant")
    if constant is None or not isinstance(limit, int):
        return None
    literal: Literal = constant.attrs["value"]
    index = literal.array
    if ((index < -limit) | (index >= limit)).any():
        return None  # the run reports it
    return s.b.literal(np.where(index < 0, index + limit, index)) if (index < 0).any() else s.x
