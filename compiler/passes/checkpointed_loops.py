"""The reverse of checkpointed loops: few saved states, and turns that run again from the nearest one.

The primal runs its turns without saving what their reverse reads; on the way it saves some of the states
that it carries in slots. The backward pass counts the turns down. For each it takes the last saved state,
runs on from it to the turn, saving states in the slots that have become free, and then runs the turn with
what its reverse reads, and reverses it. Where to save is computed as it runs, so the code is the same for
any number of turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..ir.builder import Builder
from ..ir.graph import Graph, Node, Value
from ..ir.loops import body_of, carries, heads
from ..ir.types import INDEX, StackType
from .checkpointed_sweeps import swept
from .checkpointed_turns import CheckpointedLoop
from .cotangents import Scope, zeros
from .inline import inline
from .loops import trip_count
from .saved_states import SavedStates
from .slots import MARK, keeps_states, slots_of, turns_of
from .tapes import Tapes, reading

if TYPE_CHECKING:
    from .adjoint_nodes import Backward

Values = tuple[Value, ...]


def is_checkpointed(node: Node, tapes: Tapes | None) -> bool:
    """Tell whether a loop is marked, and can be reversed as this file does it."""
    own = node.operands if tapes is None else tapes.loop.operands
    return MARK in node.attrs and not any(isinstance(v.type, StackType) for v in own)


def reverse_checkpointed(backward: Backward, scope: Scope, node: Node, cts: Sequence[Value | None]) -> None:
    """Build the reverse of a checkpointed loop.

    It carries the saved states, the cotangents of the carried values and those of the values that the body
    reads of the scopes around it, which every turn adds to in place.
    """
    b, body = scope.b, body_of(node)
    b.loc = node.loc
    carried = [c for c in carries(node) if not backward.active.isdisjoint((c.param, c.result))]
    ct_of = dict(zip(node.results, cts, strict=True))
    read = [v for v in backward.structure.captures[body] if v in backward.active]

    loop, saved = _entered(backward, b, node)
    # A value that the turn only reads is a result of it as well: so its cotangent goes on from that so far.
    ends = (*(c.yielded for c in carried), *read)
    wrt = [(*body.params, *loop.captured).index(v) for v in (*(c.param for c in carried), *read)]
    joint = backward.differentiate(loop.turn(ends), wrt)

    inner = b.nested()
    held, turn, ct_params = saved.params(), Value(INDEX), [Value(v.type) for v in ends]
    left, given = _reversed_turn(inner, loop, joint, held, turn, ct_params)
    # What no turn adds to stays out: its cotangent so far may be that of a scope that does not pass it on.
    own = len(carried)
    added = [k for k in range(own, len(ends)) if given[k] is not ct_params[k]]
    starts = [ct_of[c.result] or zeros(b, c.init.type) for c in carried]
    starts += [scope.cotangents.get(v) or zeros(b, v.type) for v in (read[k - own] for k in added)]
    entering, leaving = ([x[k] for k in (*range(own), *added)] for x in (ct_params, given))
    region = inner.block((turn, *held.values, *entering), (*left.values, *leaving))

    down = b.int64(-1)
    bounds = b.add(loop.turns, down), down, down
    results = b.emit("for", *bounds, *saved.values, *starts, regions=(region,))[len(saved.values) :]
    scope.cotangents.update((read[k - own], ct) for k, ct in zip(added, results[own:], strict=True))
    for c, ct in zip(carried, results, strict=False):
        backward.accumulate(scope, c.init, ct)


def _reversed_turn(
    b: Builder, loop: CheckpointedLoop, joint: Graph, saved: SavedStates, turn: Value, cts: Sequence[Value]
) -> tuple[SavedStates, Values]:
    """Build the way to a turn and its reverse; return the states left, and the cotangents before the turn."""
    last, state = saved.last(b)
    left, state = loop.advanced(b, saved, last, state, turn)
    given = inline(b, joint, (*loop.arguments(b, turn, state), *cts))[len(cts) :]
    count = b.where(b.equal(last, turn), b.subtract(left.count, b.int64(1)), left.count)
    return SavedStates(count, left.turns, left.buffers), given


def _entered(backward: Backward, b: Builder, node: Node) -> tuple[CheckpointedLoop, SavedStates]:
    """Return a loop as the backward pass sees it, and the states that it begins with."""
    shadows = backward.restorer.shadows
    if keeps_states(node, backward.structure):
        primal = Builder(b.ops, node.loc, node.origin)
        writing = _loop(backward, primal, node, writes=True)
        sweep = backward.sweeps[node] = swept(primal, writing)
        return _loop(backward, b, node), sweep.saved
    loop = _loop(backward, b, node)
    return loop, SavedStates.first(b, loop.slots, shadows.all(c.init for c in loop.changed))


def _loop(backward: Backward, b: Builder, node: Node, *, writes: bool = False) -> CheckpointedLoop:
    """Return a loop that writes on its tapes, or reads them."""
    structure, shadows = backward.structure, backward.restorer.shadows
    bounds: Values = ()
    known = turns_of(node, structure)
    if node.op.name == "for":
        lo, hi, step = shadows.all(heads(node))
        turns = trip_count(b, lo, hi, step) if known is None else b.int64(known)
        bounds = lo, step
    else:
        turns = shadows(node.results[0])
    tapes = backward.tapes.get(node)
    read = tapes.carried(node) if tapes and not writes else ()
    changed = tuple(c for c in carries(node) if c.param not in structure.unchanged and c not in read)
    fixed = {c.param: shadows(c.init) for c in carries(node) if c.param in structure.unchanged}
    fixed |= {tape.param: shadows(tape.result) for tape in read}
    captured = {v: shadows(v) for v in structure.captures[body_of(node)]}
    if read and known is None:
        captured |= {v: shadows(v) for v in heads(node)}
    turning = reading(b, node, tapes) if tapes and read else node
    count = tapes.count if tapes and writes else 0
    return CheckpointedLoop(turning, slots_of(node, known), bounds, turns, changed, count, fixed, captured)
