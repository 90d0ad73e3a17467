"""The reverse of loops and branches: a loop counting down, a branch on the saved predicate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..ir.builder import Builder
from ..ir.graph import Block, Node, Value
from ..ir.loops import Carry, body_of, carries, heads
from ..ir.types import StackType
from .cotangents import Scope, zeros
from .loops import constant_int, reversed_range
from .residuals import Saved, Threads

if TYPE_CHECKING:
    from .adjoint_nodes import Backward

Values = tuple[Value, ...]


def reverse_loop(backward: Backward, scope: Scope, node: Node, cts: Sequence[Value | None]) -> None:
    """Build the reverse of a loop, a `for` that counts down the same turns.

    It carries the cotangents of the carried values, those of the values that the body reads of the
    scopes around it, so that reads of one element add to them in place, and the stacks to pop.
    """
    b, body = scope.b, body_of(node)
    carried = [c for c in carries(node) if not backward.active.isdisjoint((c.param, c.result))]
    inner, ct_params, yields, read = _reversed_body(backward, scope, node, carried)

    b.loc = node.loc
    bounds = _reversed_bounds(backward, b, node)
    ct_of = dict(zip(node.results, cts, strict=True))
    starts = [ct_of[c.result] or zeros(b, c.init.type) for c in carried]
    starts += [scope.cotangents.get(v) or zeros(b, v.type) for v in read]
    stacks = [scope.stacks.setdefault(s, (_stack(s), _stack(s))) for s in inner.stacks]
    params = (backward.restorer.shadows(body.params[0]), *ct_params, *_entering(inner.stacks))
    region = Block(params, tuple(inner.b.nodes), (*yields, *_leaving(inner.stacks)))
    results = tuple(Value(v.type) for v in ct_params)
    operands = (*bounds, *starts, *(entering for entering, _ in stacks))
    _append(b, "for", operands, (*results, *(leaving for _, leaving in stacks)), (region,))

    scope.cotangents.update(zip(read, results[len(carried) :], strict=True))
    for c, ct in zip(carried, results, strict=False):
        backward.accumulate(scope, c.init, ct)


def _reversed_body(
    backward: Backward, scope: Scope, node: Node, carried: Sequence[Carry]
) -> tuple[Scope, Values, Values, list[Value]]:
    """Build the body of a reversed loop.

    Returns
    -------
    tuple
        Its scope, the cotangents that it takes, those that it yields in turn, and the values of the
        scopes around it that the last of them belong to.
    """
    body = body_of(node)
    captured = [v for v in backward.structure.captures[body] if v in backward.active]
    entering = {v: Value(v.type) for v in captured}
    inner = Scope(scope.b.nested(), dict(entering))
    cts = [Value(c.param.type) for c in carried]
    for c, ct in zip(carried, cts, strict=True):
        backward.accumulate(inner, c.yielded, ct)
    backward.block(inner, body.nodes)
    inner.b.loc = node.loc
    read = [v for v in captured if inner.cotangents[v] is not entering[v]]
    yields = [inner.cotangents.get(c.param) or zeros(inner.b, c.param.type) for c in carried]
    yields += [inner.cotangents[v] for v in read]
    backward.restorer.restore(inner, backward.structure.regions[body], yields)
    return inner, (*cts, *(entering[v] for v in read)), tuple(yields), read


def _reversed_bounds(backward: Backward, b: Builder, node: Node) -> tuple[Value, Value, Value]:
    if node.op.name == "while":
        count, last = backward.restorer.shadows(node.results[0]), b.int64(-1)
        return b.add(count, last), last, last
    bounds = heads(node)
    known = [constant_int(backward.structure.definition, v) for v in bounds]
    return reversed_range(b, backward.restorer.shadows.all(bounds), known)


def reverse_if(backward: Backward, scope: Scope, node: Node, cts: Sequence[Value | None]) -> None:
    """Build the reverse of a branch; each side adds to the cotangents of what it reads."""
    b = scope.b
    captures = (v for region in node.regions for v in backward.structure.captures[region])
    captured = dict.fromkeys(v for v in captures if v in backward.active)
    before = {v: scope.cotangents[v] for v in captured if v in scope.cotangents}
    sides = [_reversed_branch(backward, scope, node, k, cts, before) for k in (0, 1)]
    read = [v for v in captured if any(side.cotangents.get(v) is not before.get(v) for side in sides)]
    stacks: dict[Saved, Value] = {}
    yields = []
    for side, branch in zip(sides, node.regions, strict=True):
        yields.append([side.cotangents.get(v) or zeros(side.b, v.type) for v in read])
        backward.restorer.restore(side, backward.structure.regions[branch], yields[-1])
        stacks.update((s, entering) for s, (entering, _) in side.stacks.items())
    if not read and not stacks:
        return

    b.loc = node.loc
    regions = []
    for side, given in zip(sides, yields, strict=True):
        untouched = {s: (stack, stack) for s, stack in stacks.items()}
        regions.append(Block((), tuple(side.b.nodes), (*given, *_leaving(untouched | side.stacks))))
    results = tuple(Value(v.type) for v in read)
    after = tuple(map(_stack, stacks))
    _append(b, "if", backward.restorer.shadows.all(node.operands), (*results, *after), regions)
    scope.cotangents.update(zip(read, results, strict=True))
    scope.stacks.update(zip(stacks, zip(stacks.values(), after, strict=True), strict=True))


def _reversed_branch(
    backward: Backward,
    scope: Scope,
    node: Node,
    k: int,
    cts: Sequence[Value | None],
    before: dict[Value, Value],
) -> Scope:
    """Build the nodes of the reverse of branch `k`, which goes on from the cotangents `before`."""
    branch = node.regions[k]
    side = Scope(scope.b.nested(), dict(before))
    for result, ct in zip(branch.results, cts, strict=True):
        if ct is not None:
            backward.accumulate(side, result, ct)
    backward.block(side, branch.nodes)
    side.b.loc = node.loc
    return side


def _entering(stacks: Threads) -> list[Value]:
    return [entering for entering, _ in stacks.values()]


def _leaving(stacks: Threads) -> list[Value]:
    return [leaving for _, leaving in stacks.values()]


def _stack(saved: Saved) -> Value:
    return Value(StackType(saved.type))


def _append(
    b: Builder, op: str, operands: Sequence[Value], results: Sequence[Value], regions: Sequence[Block]
) -> None:
    """Append a node whose results are known by name already."""
    b.nodes.append(Node(b.ops[op], tuple(operands), {}, tuple(results), tuple(regions), b.loc, b.origin))
