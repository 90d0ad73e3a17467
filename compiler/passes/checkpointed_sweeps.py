"""The primal run of a checkpointed loop, which saves states on its way.

Of a range the number of turns is known when it begins, and the states are saved where the binomial schedule
of so many turns has them. The turns of a `while` are known when it ends. It runs on in stages: stage t
saves states as for C(s + t, s) turns, all that s slots can do if no turn is run more than t times. Where that
is not the end, the next stage drops all states but the first, and saves the one that it has come to: just
there the schedule of C(s + t + 1, s) turns has its first checkpoint. So no turn is run again more often
than in the best schedule for the number of turns that the loop turns out to take.

References
----------
A. Griewank and A. Walther, Algorithm 799: revolve, TOMS 26 (2000), pages 19-45.
Q. Wang, P. Moin and G. Iaccarino, Minimal repetition dynamic checkpointing algorithm for unsteady adjoint
calculation, SIAM J. Sci. Comput. 31 (2009), pages 2549-2567: another way to this bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.builder import Builder
from ..ir.graph import Block, Node, Value
from ..ir.loops import Carry, body_of, carries
from ..ir.types import INDEX
from .binomial import build_advance
from .checkpointed_turns import CheckpointedLoop
from .residuals import Carrier, Residual
from .saved_states import SavedStates

SAVES = "saves"  # the attribute of such a run: the number of slots
_NEVER = 1 << 62  # the end of a stage in which there is nothing to drop

Values = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Sweep:
    """The primal run of a checkpointed loop: the nodes to take its place, and the states that they save."""

    nodes: tuple[Node, ...]
    saved: SavedStates


def swept(b: Builder, loop: CheckpointedLoop) -> Sweep:
    """Build the primal run of a loop in `b`; its results are those of the loop's node."""
    node = loop.node
    state = [c.init for c in loop.changed]
    saved = SavedStates.first(b, loop.slots, loop.saved(state))
    named: dict[Value, Value] = {}
    if loop.bounds:
        saved, final = loop.advanced(b, saved, b.int64(0), state, loop.turns)
    else:
        turns, saved, final = _in_stages(b, loop, saved, state)
        named[turns] = node.results[0]
    named |= {v: c.result for c, v in zip(loop.changed, final, strict=True)}
    run = _renamed(b.nodes.pop(), named, [c for c in carries(node) if c.param in loop.fixed])
    attrs = {SAVES: loop.slots}
    b.nodes.append(Node(run.op, run.operands, attrs, run.results, run.regions, run.loc, run.origin))
    return Sweep(tuple(b.nodes), saved)


def with_sweeps(nodes: Sequence[Node], sweeps: dict[Node, Sweep]) -> list[Node]:
    """Return the nodes of the primal with the runs that save states in place of loops."""
    return [made for node in nodes for made in (sweeps[node].nodes if node in sweeps else (node,))]


def states(sweeps: dict[Node, Sweep], backward: Sequence[Node]) -> list[Residual]:
    """Return the slots that nodes of the backward pass read."""
    return [
        Residual(buffer, Carrier.STATES, node.loc, tuple(n for n in backward if buffer in n.operands))
        for node, sweep in sweeps.items()
        for buffer in sweep.saved.buffers
    ]


def _in_stages(
    b: Builder, loop: CheckpointedLoop, saved: SavedStates, state: Sequence[Value]
) -> tuple[Value, SavedStates, Values]:
    """Build the run of a `while`; return how many turns it takes, what it saves, and the last state."""
    inner = b.nested()
    here, stage, end = Value(INDEX), Value(INDEX), Value(INDEX)
    held, current = saved.params(), [Value(v.type) for v in state]
    params = Value(INDEX), here, stage, end, *held.values, *current
    one = inner.int64(1)
    left = inner.subtract(end, here)
    free = inner.subtract(inner.int64(loop.slots + 1), held.count)
    most = build_advance(inner, inner.maximum(left, inner.int64(2)), free)
    there, again, arrived = loop.run_on(inner, here, inner.minimum(left, most), current)

    is_end = inner.logical_and(again, inner.equal(there, end))
    following = inner.add(stage, one)
    larger = inner.multiply(end, inner.add(following, inner.int64(loop.slots)))
    ends = inner.where(is_end, inner.floor_divide(larger, following), end)
    kept = SavedStates(inner.where(is_end, one, held.count), held.turns, held.buffers)
    has_room = inner.less(kept.count, inner.int64(loop.slots))
    kept = kept.push_if(inner, inner.logical_and(again, has_room), there, loop.saved(arrived))
    stages = inner.where(is_end, following, stage)
    body = inner.block(params, (again, there, stages, ends, *kept.values, *arrived))

    first_end = b.int64(loop.slots + 1 if loop.slots > 1 else _NEVER)
    begin = b.int64(0), b.int64(1), first_end, *saved.values, *state
    _, turns, _, _, *rest = b.emit("while", loop.node.operands[0], *begin, regions=(body,))
    return turns, SavedStates.of(rest[: len(saved.values)]), tuple(rest[len(saved.values) :])


def _renamed(loop: Node, named: dict[Value, Value], fixed: Sequence[Carry]) -> Node:
    """Return a loop with other names for some results, which carries some more values as they are."""
    body = body_of(loop)
    passed = tuple(Value(c.param.type) for c in fixed)
    region = Block((*body.params, *passed), body.nodes, (*body.results, *passed))
    operands = (*loop.operands, *(c.init for c in fixed))
    results = (*(named.get(v, v) for v in loop.results), *(c.result for c in fixed))
    return Node(loop.op, operands, loop.attrs, results, (region,), loop.loc, loop.origin)
