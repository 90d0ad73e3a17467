"""`for` over a range: the body is traced once, and what it changes is carried by a `for` op.

Rolling is a transaction. The body is traced until the set of carried variables, their types and their
aliases settle; an attempt that fails leaves nothing behind.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import TraceError
from ..ir.graph import Value
from ..ir.types import INDEX
from .branches import Outcome, relate, run_block
from .frame import Buffer, Frame, Trace, user_location
from .leaves import Kind, Leaf, Missing, State, Tree, join, keeps, same, tree
from .operands import own_value
from .tracer import Array, Scalar

ATTEMPTS = 12
UNROLL_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Range:
    """A `range` with at least one bound that is only known at run time."""

    start: Any
    stop: Any
    step: Any

    def __iter__(self) -> Iterator[int]:
        """Iterate in Python: bounds that are int arguments become part of the compiled code."""
        return iter(range(operator.index(self.start), operator.index(self.stop), operator.index(self.step)))

    def __len__(self) -> int:
        return len(range(operator.index(self.start), operator.index(self.stop), operator.index(self.step)))


class Unsettled(Exception):
    """A variable whose type does not settle: the loop cannot be rolled as it stands."""


@dataclass(slots=True)
class _Carry:
    """What is known so far of one variable: the kind of each leaf that is carried, None for the others."""

    name: str
    entry: Tree
    kinds: list[Kind | None]
    structure: Any = None  # of a variable that has no value before the loop
    aliases: list[set[Buffer]] = field(default_factory=list)

    @property
    def fresh(self) -> bool:
        return len(self.entry.leaves) == 1 and isinstance(self.entry.leaves[0].object, Missing)


@dataclass(slots=True)
class _Plan:
    """The carried variables and buffers of one loop, refined from attempt to attempt."""

    carries: list[_Carry]
    buffers: list[Buffer] = field(default_factory=list)
    joined: set[frozenset[tuple[int, int]]] = field(default_factory=set)  # leaves that may share memory


@dataclass(slots=True)
class _Attempt:
    outcome: Outcome
    index: Value
    params: dict[tuple[int, int], Value]
    memory: dict[tuple[int, int], Buffer]
    buffer_params: list[Value]
    finals: list[Value]


def static_length(bounds: range | Range) -> int | None:
    return len(bounds) if isinstance(bounds, range) else None


def roll(
    trace: Trace,
    bounds: range | Range,
    body: Callable[[Any], None],
    state: State,
    live: Sequence[bool],
) -> None:
    """Trace the loop as one `for` op; raises RollAbort or Unsettled with nothing changed where it cannot."""
    entry = state.get()
    plan = _Plan([_carry(trace, name, x) for name, x in zip(state.names, entry, strict=True)])
    for _ in range(ATTEMPTS):
        attempt = _attempt(trace, plan, body, state, entry)
        if not _refine(plan, attempt, live):
            _emit(trace, plan, attempt, bounds, state, live)
            return
    raise Unsettled("the types of the variables that the loop carries do not settle")


def _carry(trace: Trace, name: str, x: Any) -> _Carry:
    entry = tree(trace, x)
    return _Carry(name, entry, [None] * len(entry.leaves), None, [set() for _ in entry.leaves])


def _attempt(
    trace: Trace, plan: _Plan, body: Callable[[Any], None], state: State, entry: tuple[Any, ...]
) -> _Attempt:
    """Trace the body once, with the variables and buffers of the plan as parameters."""
    frame = trace.open("loop")
    index = Value(INDEX)
    params: dict[tuple[int, int], Value] = {}
    memory: dict[tuple[int, int], Buffer] = {}
    variables = []
    for i, (carry, x) in enumerate(zip(plan.carries, entry, strict=True)):
        if carry.fresh or not any(carry.kinds):
            variables.append(x)
            continue
        objects = []
        for k, (before, kind) in enumerate(zip(carry.entry.leaves, carry.kinds, strict=True)):
            if kind is None:
                objects.append(before.object)
                continue
            params[i, k] = Value(kind.type)
            new = kind.tracer(trace, params[i, k])
            if isinstance(new, Array):
                memory[i, k] = new.buffer
                relate(new.buffer, list(carry.aliases[k]))
            objects.append(new)
        variables.append(carry.entry.rebuild(objects))
    for pair in plan.joined:
        first, second = [memory.get(key) for key in pair]
        if first is not None and second is not None:
            relate(first, [second])
    buffer_params = [_enter(frame, buffer) for buffer in plan.buffers]
    frame.params.update((index, *params.values(), *buffer_params))
    finals: list[Value] = []

    def run() -> None:
        body(Scalar(trace, index, weak=True))
        finals.extend(buffer.value for buffer in plan.buffers)

    held = State(state.get, state.set, state.names)
    state.set(tuple(variables))
    try:
        outcome = run_block(trace, frame, held, run)
    finally:
        state.set(entry)
    return _Attempt(outcome, index, params, memory, buffer_params, finals)


def _enter(frame: Frame, buffer: Buffer) -> Value:
    frame.journal[buffer] = (buffer.value, buffer.lost)
    buffer.value = Value(buffer.value.type)
    return buffer.value


def _refine(plan: _Plan, attempt: _Attempt, live: Sequence[bool]) -> bool:
    """Extend the plan by what an attempt showed; tell whether there was anything new.

    Variables come first: until all that are rebound are carried, writes go to the wrong buffers.
    """
    changed = False
    for carry, after, is_live in zip(plan.carries, attempt.outcome.variables, live, strict=True):
        if carry.fresh:
            _refine_fresh(carry, after, is_live)
        else:
            changed |= _refine_carry(carry, after)
    if changed:
        plan.buffers.clear()
        return True
    new = [buffer for buffer in attempt.outcome.writes if buffer not in plan.buffers]
    plan.buffers += new
    return _refine_aliases(plan, attempt) or bool(new)


def _refine_fresh(carry: _Carry, after: Tree, is_live: bool) -> None:
    """A variable without a value before the loop: carried out of it where it is read later."""
    kinds = [x.kind for x in after.leaves]
    carry.structure = after.structure
    carry.kinds = list(kinds) if is_live and all(k is not None for k in kinds) else []


def _refine_carry(carry: _Carry, after: Tree) -> bool:
    if after.structure != carry.entry.structure:
        raise Unsettled(f"the variable '{carry.name}' changes its structure in the loop")
    changed = False
    for k, (before, now) in enumerate(zip(carry.entry.leaves, after.leaves, strict=True)):
        if carry.kinds[k] is None and same(before, now):
            continue
        kind = join(carry.kinds[k] or before.kind, now.kind)
        if kind is None or not keeps(before, kind) or not keeps(now, kind):
            raise Unsettled(_why_unsettled(carry.name, before, now))
        changed |= kind != carry.kinds[k]
        carry.kinds[k] = kind
    return changed


def _why_unsettled(name: str, before: Leaf, now: Leaf) -> str:
    if isinstance(now.object, Missing):
        return now.object.reason
    if before.kind is not None and now.kind is not None:
        return (
            f"the variable '{name}' is {before.kind.type} before the loop and {now.kind.type} after one turn"
        )
    return f"the variable '{name}' changes in the loop and is no number or array"


def _refine_aliases(plan: _Plan, attempt: _Attempt) -> bool:
    """Record which carried arrays may be the same memory as each other, or as buffers outside."""
    before: dict[tuple[int, int], Buffer] = {}
    after: dict[tuple[int, int], Buffer] = {}
    for key in attempt.memory:
        i, k = key
        entry, final = plan.carries[i].entry.leaves[k].buffer, attempt.outcome.variables[i].leaves[k].buffer
        if entry is not None:
            before[key] = entry
        if final is not None:
            after[key] = final
    changed = False
    for key in attempt.memory:
        i, k = key
        near = {x for x in (before.get(key), after.get(key)) if x is not None}
        near |= {other for x in near for other in x.may_alias}
        near = {x for x in near if not x.frame.closed}
        changed |= not near <= plan.carries[i].aliases[k]
        plan.carries[i].aliases[k] |= near
    pairs = _sharing(before) | _sharing(after)
    changed |= not pairs <= plan.joined
    plan.joined |= pairs
    return changed


def _sharing(buffers: dict[tuple[int, int], Buffer]) -> set[frozenset[tuple[int, int]]]:
    """Return the pairs of leaves whose buffers are, or may be, the same memory."""
    items = list(buffers.items())
    return {
        frozenset((a, b))
        for n, (a, x) in enumerate(items)
        for b, y in items[n + 1 :]
        if x is y or x in y.may_alias
    }


def _emit(
    trace: Trace,
    plan: _Plan,
    attempt: _Attempt,
    bounds: range | Range,
    state: State,
    live: Sequence[bool],
) -> None:
    """Add the `for` op, and give variables and buffers their values after it."""
    builder = attempt.outcome.frame.builder
    inits: list[Value] = []
    params: list[Value] = []
    yields: list[Value] = []
    places: list[tuple[int, int, Kind]] = []
    sure = (static_length(bounds) or 0) > 0
    for i, (carry, after) in enumerate(zip(plan.carries, attempt.outcome.variables, strict=True)):
        if carry.fresh and not sure:
            continue
        for k, kind in enumerate(carry.kinds):
            if kind is None:
                continue
            inits.append(
                trace.b.zeros(kind.type) if carry.fresh else carry.entry.leaves[k].place(trace.b, kind)
            )
            params.append(attempt.params.get((i, k)) or Value(kind.type))
            yields.append(after.leaves[k].place(builder, kind))
            places.append((i, k, kind))
    inits += [buffer.value for buffer in plan.buffers]
    params += attempt.buffer_params
    yields += attempt.finals
    block = builder.block((attempt.index, *params), yields)
    results = trace.emit_all("for", *_bound_values(trace, bounds), *inits, regions=(block,))
    for buffer, value in zip(plan.buffers, results[len(places) :], strict=True):
        trace.write(buffer, value)
    for buffer, reason in attempt.outcome.lost.items():
        trace.lose(buffer, reason)
    tracers = {(i, k): kind.tracer(trace, results[n]) for n, (i, k, kind) in enumerate(places)}
    _relate_results(plan, tracers)
    state.set(tuple(_after(carry, i, tracers, sure) for i, carry in enumerate(plan.carries)))


def _relate_results(plan: _Plan, tracers: dict[tuple[int, int], Scalar | Array]) -> None:
    for (i, k), new in tracers.items():
        carry = plan.carries[i]
        if isinstance(new, Array) and not carry.fresh:
            relate(new.buffer, list(carry.aliases[k]))
    for pair in plan.joined:
        first, second = [tracers.get(key) for key in pair]
        if isinstance(first, Array) and isinstance(second, Array):
            relate(first.buffer, [second.buffer])


def _after(carry: _Carry, i: int, tracers: dict[tuple[int, int], Scalar | Array], sure: bool) -> Any:
    """Return the variable as the code after the loop sees it."""
    if not carry.fresh:
        leaves = [tracers.get((i, k), x.object) for k, x in enumerate(carry.entry.leaves)]
        return carry.entry.rebuild(leaves)
    if sure and carry.kinds:
        leaves = [tracers[i, k] for k in range(len(carry.kinds))]
        return replace(carry.entry, structure=carry.structure).rebuild(leaves)
    return Missing(
        carry.name,
        f"the variable '{carry.name}' is only assigned in a loop, which may not run or whose values of it"
        " are not numbers; assign it before the loop",
        user_location(),
    )


def _bound_values(trace: Trace, bounds: range | Range) -> tuple[Value, ...]:
    return tuple(
        trace.b.cast(own_value(trace, x), INDEX.dtype) for x in (bounds.start, bounds.stop, bounds.step)
    )


def check_step(trace: Trace, step: Any) -> None:
    """Refuse a step of 0, at once or at run time."""
    if not isinstance(step, Scalar):
        if step == 0:
            raise ValueError("range() arg 3 must not be zero")
        return
    ok = trace.emit("not_equal", step.value, trace.b.like(step.value, 0))
    trace.emit_all("check", ok, exception="ValueError", message="range() arg 3 must not be zero")


def too_long(reason: str, length: int) -> TraceError:
    return TraceError(
        f"this loop of {length} turns could not be kept as a loop ({reason}), and gradir unrolls at most"
        f" {UNROLL_LIMIT} turns",
        loc=user_location(),
    )
