"""Loops that stay loops: the body is traced, and what it changes is carried by a `for` or a `while` op.

Rolling is a transaction. The body is traced until the set of carried variables, their types and their
aliases settle; an attempt that fails leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Node, Value
from ..ir.types import BOOL, INDEX
from ..passes.loops import trip_count
from .blocks import Outcome, run_block
from .branches import branch, truth
from .carries import Key, Plan, Unsettled, relate_all
from .checkpointed import PLAIN, Mark, unmarked
from .frame import Buffer, Frame, Trace
from .late_errors import LATE, is_late
from .leaves import NO_VARIABLES, Kind, State, doubt
from .ranges import Range, bound_values, static_length
from .refining import refine
from .stores import with_slots
from .tracer import Array, Scalar, Tracer

ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Counted:
    """The head of a loop over a range; `body` takes the index and tells whether it broke."""

    bounds: range | Range
    body: Callable[[Any], Any]
    mark: Mark = PLAIN

    def turn(self, trace: Trace, index: Value) -> tuple[Any, Any]:
        return broke(self.body(Scalar(trace, index, weak=True))), None

    @property
    def sure(self) -> bool:
        """Whether the body runs at least once."""
        return (static_length(self.bounds) or 0) > 0


@dataclass(frozen=True, slots=True)
class Until:
    """The head of a `while` loop, whose condition was `entered` at first; `body` tells whether it broke."""

    entered: Any
    test: Callable[[], Any]
    body: Callable[[], Any]
    mark: Mark = PLAIN

    def turn(self, trace: Trace, index: Value) -> tuple[Any, Any]:
        broken = broke(self.body())
        if not isinstance(broken, Tracer):
            return broken, not broken and self._again(trace)
        return broken, branch(trace, broken, lambda: False, lambda: self._again(trace), NO_VARIABLES)

    def _again(self, trace: Trace) -> Any:
        return holds(trace, unmarked(self.test())[0])

    @property
    def sure(self) -> bool:
        return not isinstance(self.entered, Tracer)


def broke(result: Any) -> Any:
    """Whether a body was left by a break: a body without break gives nothing."""
    return False if result is None else result


def holds(trace: Trace, test: Any) -> Any:
    """The truth of a condition, a bool or a traced one."""
    return Scalar(trace, truth(trace, test), weak=True) if isinstance(test, Tracer) else bool(test)


@dataclass(slots=True)
class _Attempt:
    """One tracing of the body: its parameters and what it left behind."""

    outcome: Outcome
    index: Value
    params: dict[Key, Value]
    buffer_params: list[Value]
    finals: list[Value]
    broken: Value | bool
    again: Value | bool | None


def roll(trace: Trace, head: Counted | Until, variables: State) -> Any:
    """Trace the loop as one op, and tell whether a break ended it.

    Raises RollAbort or Unsettled, with nothing changed, where it cannot.
    """
    return with_slots(trace, variables, lambda state: _settle(trace, head, state))


def _settle(trace: Trace, head: Counted | Until, state: State) -> Any:
    entry = state.get()
    plan = Plan.of(trace, state, entry, head.sure)
    for _ in range(ATTEMPTS):
        try:
            attempt = _attempt(trace, plan, head, state, entry)
        except LATE as error:
            # It may be of the first turn only, which has the values of the variables before the loop.
            if not is_late(error) or not plan.carry_all():
                raise
            continue
        if not refine(plan, attempt.outcome):
            return _emit(trace, plan, attempt, head, state)
    raise Unsettled("the types of the variables that the loop carries do not settle")


def _attempt(
    trace: Trace, plan: Plan, head: Counted | Until, state: State, entry: tuple[Any, ...]
) -> _Attempt:
    """Trace the body once, with the variables and buffers of the plan as parameters."""
    frame = trace.open("loop", state.slots)
    frame.sure = head.sure
    index = Value(INDEX)
    variables, params = _begin(trace, plan)
    buffer_params = [_enter(frame, buffer) for buffer in plan.buffers]
    frame.params.update((index, *params.values(), *buffer_params))
    finals = list(buffer_params)
    turn: list[Any] = [False, None]

    if isinstance(head, Counted):
        trace.sizes.forms.enter(index, head.bounds)

    def run() -> None:
        with trace.sizes.rolling(frame):
            turn[:] = [x.value if isinstance(x, Tracer) else x for x in head.turn(trace, index)]
        finals[:] = [buffer.value for buffer in plan.buffers]

    state.set(tuple(variables))
    try:
        outcome = run_block(trace, frame, state, run, surely=head.sure or not plan.carries_all)
    finally:
        state.set(entry)
    broken, again = turn
    return _Attempt(outcome, index, params, buffer_params, finals, broken, again)


def _begin(trace: Trace, plan: Plan) -> tuple[list[Any], dict[Key, Value]]:
    """Return the variables as a turn begins, and the parameters in them."""
    tracers: dict[Key, Scalar | Array] = {}
    params: dict[Key, Value] = {}
    variables = []
    for i, carry in enumerate(plan.carries):
        if not carry.enters:
            variables.append(carry.begin())
            continue
        for k, kind in enumerate(carry.kinds):
            if kind is not None:
                params[i, k] = Value(kind.type)
                tracers[i, k] = kind.tracer(trace, params[i, k])
        variables.append(carry.rebuild(i, tracers))
        if not carry.slot:
            doubt(trace, variables[-1])
    relate_all(plan, tracers)
    return variables, params


def _enter(frame: Frame, buffer: Buffer) -> Value:
    frame.journal[buffer] = (buffer.value, buffer.lost)
    buffer.value = Value(buffer.value.type)
    return buffer.value


@dataclass(slots=True)
class _Carried:
    """What a loop op carries: initial values, parameters and yields, one of each."""

    inits: list[Value]
    params: list[Value]
    yields: list[Value]

    def add(self, init: Value, param: Value, yielded: Value) -> None:
        self.inits.append(init)
        self.params.append(param)
        self.yields.append(yielded)


def _emit(trace: Trace, plan: Plan, attempt: _Attempt, head: Counted | Until, state: State) -> Any:
    """Add the op, give variables and buffers their values after it, and tell whether a break ended it."""
    carried, places = _carried(trace, plan, attempt)
    if isinstance(attempt.broken, Value):
        carried.add(trace.b.full(BOOL, False), Value(BOOL), attempt.broken)
    asked = attempt.broken is True or any(carry.may_lack_value for carry in plan.carries)
    ran = Scalar(trace, _runs(trace, head), weak=True) if asked and not head.sure else True
    results = _loop_op(trace, attempt, head, carried)
    for buffer, value in zip(plan.buffers, results[len(places) :], strict=False):
        trace.write(buffer, value)
    for buffer, reason in attempt.outcome.lost.items():
        trace.lose(buffer, reason)
    tracers = {key: kind.tracer(trace, value) for (key, kind), value in zip(places, results, strict=False)}
    relate_all(plan, tracers)
    values = tuple(carry.leaves_loop(i, tracers, ran) for i, carry in enumerate(plan.carries))
    for carry, x in zip(plan.carries, values, strict=True):
        carry.doubt(trace, x)
    state.set(values)
    if isinstance(attempt.broken, Value):
        return Scalar(trace, results[-1], weak=True)
    return attempt.broken and ran


def _carried(trace: Trace, plan: Plan, attempt: _Attempt) -> tuple[_Carried, list[tuple[Key, Kind]]]:
    """Return what the op carries, and which leaves of variables come first in it."""
    builder = attempt.outcome.frame.builder
    carried = _Carried([], [], [])
    places: list[tuple[Key, Kind]] = []
    for i, (carry, left) in enumerate(zip(plan.carries, attempt.outcome.variables, strict=True)):
        after = carry.matched(left)
        for k, kind in enumerate(carry.kinds if carry.is_carried else ()):
            if kind is None:
                continue
            init = trace.b.zeros(kind.type) if carry.fresh else carry.entry.leaves[k].place(trace.b, kind)
            param = attempt.params.get((i, k)) or Value(kind.type)
            yielded = param if attempt.outcome.raised else after.leaves[k].place(builder, kind)
            carried.add(init, param, yielded)
            places.append(((i, k), kind))
    for buffer, param, final in zip(plan.buffers, attempt.buffer_params, attempt.finals, strict=True):
        carried.add(buffer.value, param, final)
    return carried, places


def _loop_op(trace: Trace, attempt: _Attempt, head: Counted | Until, carried: _Carried) -> Sequence[Value]:
    """Add a `for` where the number of turns is known when it begins, else a `while`; return its results."""
    builder, index = attempt.outcome.frame.builder, attempt.index
    if isinstance(head, Until):
        enter = _runs(trace, head)
        again = _as_bool(builder, attempt.again)
    else:
        bounds = bound_values(trace, head.bounds)
        if attempt.broken is False:
            block = builder.block((index, *carried.params), carried.yields)
            return trace.emit_all("for", *bounds, *carried.inits, regions=(block,), **head.mark.attrs)
        trips = trip_count(trace.b, *bounds)
        enter = trace.b.less(trace.b.int64(0), trips)
        index = _counted_index(trace, builder, head.bounds, bounds, index)
        goes_on = builder.less(builder.add(index, builder.int64(1)), trips)
        again = builder.logical_and(builder.logical_not(_as_bool(builder, attempt.broken)), goes_on)
    block = builder.block((index, *carried.params), (again, *carried.yields))
    _, *results = trace.emit_all("while", enter, *carried.inits, regions=(block,), **head.mark.attrs)
    return results


def _runs(trace: Trace, head: Counted | Until) -> Value:
    """Whether the body runs at all."""
    if isinstance(head, Until):
        entered = head.entered
        return _as_bool(trace.b, entered.value if isinstance(entered, Tracer) else entered)
    trips = trip_count(trace.b, *bound_values(trace, head.bounds))
    return trace.b.less(trace.b.int64(0), trips)


def _counted_index(
    trace: Trace, builder: Builder, known: range | Range, bounds: tuple[Value, Value, Value], index: Value
) -> Value:
    """Compute `index` of the turn's number, at the start of the body; return the latter."""
    if isinstance(known, range) and (known.start, known.step) == (0, 1):
        return index
    number = Value(INDEX)
    start, _, step = bounds
    scaled = Value(INDEX)
    loc, ops = builder.loc, trace.ops
    builder.nodes[:0] = [
        Node(ops["multiply"], (number, step), {}, (scaled,), (), loc),
        Node(ops["add"], (start, scaled), {}, (index,), (), loc),
    ]
    return number


def _as_bool(b: Builder, x: Value | bool | None) -> Value:
    return x if isinstance(x, Value) else b.literal(np.bool_(bool(x)))
