"""Rules of canonicalize for loops, branches and checks whose outcome is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Block, Literal, Node, Value
from ..ir.loops import body_of, carries, form, heads, inits, with_carries
from ..ir.symbols import binds
from ..ir.types import StackType
from .loops import constant_int
from .rewrite import Rewriter
from .site import Site
from .splat import splat


def simplify_if(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value]:
    """Put the branch that is known to run in place of the `if`; drop results that both give alike."""
    known = splat(walk.definition, operands[0])
    if known is not None and not binds(node.regions[0 if known else 1]):
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


def simplify_loop(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value]:
    """Remove a loop that runs never or once; drop carries that keep their initial value."""
    trips = _trips(walk, node, operands)
    if trips == 0 or (trips == 1 and not binds(body_of(node))):
        return _unrolled(walk, b, node, operands, trips)
    body, at, started = body_of(node), form(node), inits(node, operands)
    same = _same_carries(node, started)
    for k, value in same.items():
        walk.replace((body.params[at.params + k],), (value,))
    given = _given(node, same, started)
    region = walk.block(body)
    if operands is not node.operands or region is not body or same:
        kept = [k for k in range(len(started)) if k not in same]
        node = with_carries(node, operands, region, kept)
    b.nodes.append(node)
    return given


def _trips(walk: Rewriter, node: Node, operands: Sequence[Value]) -> int | None:
    """Return how many turns a loop is known to take; of a `while` whether it is none or one."""
    if node.op.name == "while":
        enters = splat(walk.definition, operands[0])
        if enters is None or not enters:
            return None if enters is None else 0
        return None if _again(walk, body_of(node)) is not False else 1
    lo, hi, step = (constant_int(walk.definition, v) for v in heads(node, operands))
    if lo is None or hi is None or not step:
        return None
    return len(range(lo, hi, step))


def _again(walk: Rewriter, body: Block) -> bool | None:
    """Return what the condition at the end of a `while`'s body is known to be."""
    own = {r: n for n in body.nodes for r in n.results}
    known = splat(own, body.results[0])
    if known is None:
        known = splat(walk.definition, walk.values(body.results[:1])[0])
    return None if known is None else bool(known)


def _unrolled(
    walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...], trips: int
) -> Sequence[Value]:
    """Return the results of a loop of no turn, or build its only one."""
    body, counts = body_of(node), node.op.name == "while"
    count = (b.int64(trips),) if counts else ()
    if trips == 0:
        return count + inits(node, operands)
    first = b.int64(0) if counts else operands[0]
    walk.replace(body.params, (first, *inits(node, operands)))
    walk.nodes(b, body.nodes)
    return count + walk.values(body.results[form(node).yields :])


def _same_carries(node: Node, started: Sequence[Value]) -> dict[int, Value]:
    """Return the carries to drop: what their parameter is instead, an initial value or a twin's parameter."""
    same: dict[int, Value] = {}
    twins: dict[tuple[Value, Value], Value] = {}
    for k, c in enumerate(carries(node)):
        if c.yielded is c.param or c.yielded is c.init:
            same[k] = started[k]
        elif isinstance(c.param.type, StackType):
            continue
        elif (started[k], c.yielded) in twins:
            same[k] = twins[started[k], c.yielded]
        else:
            twins[started[k], c.yielded] = c.param
    return same


def _given(node: Node, same: dict[int, Value], started: Sequence[Value]) -> tuple[Value, ...]:
    """Return what stands for each result: itself, the initial value, or the twin's result."""
    each = carries(node)
    result_of = {c.param: c.result for c in each}
    given = [
        c.result if k not in same else started[k] if same[k] is started[k] else result_of[same[k]]
        for k, c in enumerate(each)
    ]
    return (*node.results[: form(node).results], *given)


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
