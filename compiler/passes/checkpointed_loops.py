"""The reverse of checkpointed loops: few saved states, and turns that run again from the nearest one.

The primal runs its turns without saving what their reverse reads; on the way it saves some of the states
that it carries in slots. The backward pass counts the turns down. For each it takes the last saved state,
runs on from it to the turn, saving states in the slots that have become free, and then runs the turn with
what its reverse reads, and reverses it. Where to save is computed as it runs, so the code is the same for
any number of turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Span, Value
from ..ir.loops import Carry, body_of, carries, heads
from ..ir.types import INDEX, ArrayType, StackType
from .binomial import build_advance
from .cotangents import Scope, zeros
from .inline import inline
from .loops import trip_count
from .slots import MARK, keeps_states, slots_of, turns_of

if TYPE_CHECKING:
    from .adjoint_nodes import Backward

Values = tuple[Value, ...]


def is_checkpointed(node: Node) -> bool:
    """Tell whether a loop is marked, and can be reversed as this file does it."""
    marked = MARK in node.attrs
    return marked and not any(isinstance(v.type, StackType) for v in node.operands)


@dataclass(frozen=True, slots=True)
class _Saved:
    """The saved states: how many, before which turn each is, and a buffer for each carried value."""

    count: Value
    turns: Value
    buffers: Values

    @property
    def values(self) -> Values:
        return (self.count, self.turns, *self.buffers)

    @staticmethod
    def of(values: Sequence[Value]) -> _Saved:
        return _Saved(values[0], values[1], tuple(values[2:]))

    @staticmethod
    def first(b: Builder, slots: int, state: Sequence[Value]) -> _Saved:
        """The state before the first turn, in the first slot."""
        empty = [b.zeros(ArrayType(v.dtype, (slots, *v.shape))) for v in state]
        buffers = [_put(b, buffer, b.int64(0), v) for buffer, v in zip(empty, state, strict=True)]
        return _Saved(b.int64(1), b.zeros(ArrayType(INDEX.dtype, (slots,))), tuple(buffers))

    def push(self, b: Builder, turn: Value, state: Sequence[Value]) -> _Saved:
        buffers = [_put(b, buffer, self.count, v) for buffer, v in zip(self.buffers, state, strict=True)]
        return _Saved(b.add(self.count, b.int64(1)), _put(b, self.turns, self.count, turn), tuple(buffers))

    def last(self, b: Builder) -> tuple[Value, Values]:
        """The turn and the state that were saved last."""
        at = b.subtract(self.count, b.int64(1))
        return _get(b, self.turns, at), tuple(_get(b, buffer, at) for buffer in self.buffers)


@dataclass(frozen=True, slots=True)
class _Loop:
    """A checkpointed loop, with the values that stand for those it reads.

    Attributes
    ----------
    bounds
        The start and the step of its range, none in a `while`.
    turns
        How many turns there are.
    fixed
        What stands for the carried values that no turn changes.
    captured
        What stands for the values of the scopes around it.
    """

    node: Node
    slots: int
    bounds: Values
    turns: Value
    changed: tuple[Carry, ...]
    fixed: dict[Value, Value]
    captured: dict[Value, Value]

    def arguments(self, b: Builder, turn: Value, state: Sequence[Value]) -> Values:
        """Return what the graph of a turn takes."""
        index = turn
        if self.bounds:
            start, step = self.bounds
            index = b.add(start, b.multiply(turn, step))
        carried = self.fixed | {c.param: v for c, v in zip(self.changed, state, strict=True)}
        return (index, *(carried[c.param] for c in carries(self.node)), *self.captured.values())

    def turn(self, results: Sequence[Value]) -> Graph:
        """Return a turn as a graph, with some of its values as results."""
        body = body_of(self.node)
        block = Block((*body.params, *self.captured), body.nodes, tuple(results))
        return Graph("turn", block, _labels(len(block.params)), _labels(len(results)))

    def advanced(
        self, b: Builder, saved: _Saved, turn: Value, state: Sequence[Value], end: Value
    ) -> tuple[_Saved, Values]:
        """Build the run from the last saved state to that before turn `end`, which is not saved itself."""
        inner = b.nested()
        here, current = Value(INDEX), [Value(v.type) for v in state]
        held = _Saved.of([Value(v.type) for v in saved.values])
        params = Value(INDEX), here, *held.values, *current
        one = inner.int64(1)
        left = inner.subtract(inner.add(end, one), here)
        free = inner.subtract(inner.int64(self.slots + 1), held.count)
        there = inner.add(here, build_advance(inner, left, free))
        arrived = self._run(inner, here, there, current)
        again = inner.less(there, end)
        body = inner.block(params, (again, there, *_if(inner, again, held, there, arrived), *arrived))
        given = b.emit("while", b.less(turn, end), turn, *saved.values, *state, regions=(body,))[2:]
        return _Saved.of(given[: len(saved.values)]), tuple(given[len(saved.values) :])

    def _run(self, b: Builder, first: Value, end: Value, state: Sequence[Value]) -> Values:
        """Build a `for` over some turns, which saves nothing."""
        inner = b.nested()
        number, params = Value(INDEX), [Value(v.type) for v in state]
        graph = self.turn([c.yielded for c in self.changed])
        yields = inline(inner, graph, self.arguments(inner, number, params))
        body = inner.block((number, *params), yields)
        return b.emit("for", first, end, b.int64(1), *state, regions=(body,))


def _if(b: Builder, test: Value, saved: _Saved, turn: Value, state: Sequence[Value]) -> Values:
    """Build a branch that saves a state or not."""
    then = b.nested()
    pushed = saved.push(then, turn, state)
    regions = then.block((), pushed.values), Block((), (), saved.values)
    return b.emit("if", test, regions=regions)


@dataclass(frozen=True, slots=True)
class Sweep:
    """The primal run of a checkpointed loop: the nodes to take its place, and the states that they save."""

    nodes: tuple[Node, ...]
    saved: _Saved


def reverse_checkpointed(backward: Backward, scope: Scope, node: Node, cts: Sequence[Value | None]) -> None:
    """Build the reverse of a checkpointed loop.

    It carries the saved states, the cotangents of the carried values and those of the values that the body
    reads of the scopes around it, which every turn adds to in place.
    """
    b, body = scope.b, body_of(node)
    b.loc = node.loc
    carried = [c for c in carries(node) if not backward.active.isdisjoint((c.param, c.result))]
    ct_of = dict(zip(node.results, cts, strict=True))
    starts = [ct_of[c.result] or zeros(b, c.init.type) for c in carried]
    read = [v for v in backward.structure.captures[body] if v in backward.active]
    starts += [scope.cotangents.get(v) or zeros(b, v.type) for v in read]

    loop, saved = _entered(backward, b, node)
    # A value that the turn only reads is a result of it as well: so its cotangent goes on from that so far.
    ends = (*(c.yielded for c in carried), *read)
    wrt = [(*body.params, *loop.captured).index(v) for v in (*(c.param for c in carried), *read)]
    joint = backward.differentiate(loop.turn(ends), wrt)

    inner = b.nested()
    params = [Value(v.type) for v in (*saved.values, *starts)]
    held, ct_params = _Saved.of(params[: len(saved.values)]), params[len(saved.values) :]
    turn = Value(INDEX)
    last, state = held.last(inner)
    left, state = loop.advanced(inner, held, last, state, turn)
    given = inline(inner, joint, (*loop.arguments(inner, turn, state), *ct_params))[len(ends) :]
    kept = inner.where(inner.equal(last, turn), inner.subtract(left.count, inner.int64(1)), left.count)
    region = inner.block((turn, *params), (kept, left.turns, *left.buffers, *given))

    down = b.int64(-1)
    bounds = b.add(loop.turns, down), down, down
    results = b.emit("for", *bounds, *saved.values, *starts, regions=(region,))[len(saved.values) :]
    for v, was, now, ct in zip(read, *(x[len(carried) :] for x in (ct_params, given, results)), strict=True):
        if now is not was:
            scope.cotangents[v] = ct
    for c, ct in zip(carried, results, strict=False):
        backward.accumulate(scope, c.init, ct)


def _entered(backward: Backward, b: Builder, node: Node) -> tuple[_Loop, _Saved]:
    """Return a loop as the backward pass sees it, and the states that it begins with."""
    shadows = backward.restorer.shadows
    if keeps_states(node, backward.structure):
        sweep = backward.sweeps[node] = _swept(backward, node)
        loop = _loop(backward, b, node)
        return loop, sweep.saved
    loop = _loop(backward, b, node)
    return loop, _Saved.first(b, loop.slots, shadows.all(c.init for c in loop.changed))


def _loop(backward: Backward, b: Builder, node: Node) -> _Loop:
    structure, shadows = backward.structure, backward.restorer.shadows
    bounds: Values = ()
    known = turns_of(node, structure)
    if node.op.name == "for":
        lo, hi, step = shadows.all(heads(node))
        turns = trip_count(b, lo, hi, step) if known is None else b.int64(known)
        bounds = lo, step
    else:
        turns = shadows(node.results[0])
    changed = tuple(c for c in carries(node) if c.param not in structure.unchanged)
    fixed = {c.param: shadows(c.init) for c in carries(node) if c.param in structure.unchanged}
    captured = {v: shadows(v) for v in structure.captures[body_of(node)]}
    slots = slots_of(node, known)
    return _Loop(node, slots, bounds, turns, changed, fixed, captured)


def _swept(backward: Backward, node: Node) -> Sweep:
    """Build the primal run of a loop of the outermost block."""
    b = Builder(backward.restorer.ops, node.loc, node.origin)
    loop = _loop(backward, b, node)
    state = [c.init for c in loop.changed]
    saved, final = loop.advanced(b, _Saved.first(b, loop.slots, state), b.int64(0), state, loop.turns)
    named = {v: c.result for c, v in zip(loop.changed, final, strict=True)}
    fixed = [c for c in carries(node) if c.param in loop.fixed]
    b.nodes.append(_renamed(b.nodes.pop(), named, fixed))
    return Sweep(tuple(b.nodes), saved)


def _renamed(loop: Node, named: dict[Value, Value], fixed: Sequence[Carry]) -> Node:
    """Return a loop with other names for some results, which carries some more values as they are."""
    body = body_of(loop)
    passed = tuple(Value(c.param.type) for c in fixed)
    region = Block((*body.params, *passed), body.nodes, (*body.results, *passed))
    operands = (*loop.operands, *(c.init for c in fixed))
    results = (*(named.get(v, v) for v in loop.results), *(c.result for c in fixed))
    return Node(loop.op, operands, loop.attrs, results, (region,), loop.loc, loop.origin)


def with_sweeps(nodes: Sequence[Node], sweeps: dict[Node, Sweep]) -> list[Node]:
    """Return the nodes of the primal with the runs that save states in place of loops."""
    return [made for node in nodes for made in (sweeps[node].nodes if node in sweeps else (node,))]


def _labels(count: int) -> tuple[str, ...]:
    return tuple(f"v{k}" for k in range(count))


def _at(buffer: Value) -> tuple[Span | None, ...]:
    return (None, *(Span(0, size) for size in buffer.shape[1:]))


def _get(b: Builder, buffer: Value, at: Value) -> Value:
    return b.emit("index", buffer, at, at=_at(buffer))[0]


def _put(b: Builder, buffer: Value, at: Value, value: Value) -> Value:
    return b.emit("update", buffer, value, at, at=_at(buffer))[0]
