"""`if` on a traced condition: both branches are traced, and their variables and writes meet in an `if` op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import GradirError, TraceError
from ..ir.graph import Value
from ..ir.operation import Effect
from ..ir.types import DType
from . import pytrees
from .blocks import Outcome, run_block
from .frame import Trace
from .joins import RESULT, Join, join_trees
from .known import can_know
from .leaves import State, Tree, doubt
from .location import user_location
from .stores import with_slots
from .tracer import Tracer


def truth(trace: Trace, test: Any) -> Value:
    """Return the bool scalar that Python's truth test of a traced value is."""
    value: Value = test.value
    if value.shape:
        if test.size != 1:
            raise TraceError(
                "the truth value of an array with more than one element is ambiguous. Use a.any() or a.all()",
                loc=user_location(),
            )
        value = trace.b.reshape(value, shape=())
    if value.dtype is DType.BOOL:
        return value
    b = trace.b
    return b.not_equal(value, b.like(value, 0))


def _only_raises(outcome: Outcome) -> bool:
    """Tell whether a branch does nothing but raise an error, so that a check can stand for it."""
    return outcome.raised and all(n.op.effect is Effect.NONE for n in outcome.frame.builder.nodes[:-1])


def _check(trace: Trace, passes: Value, outcome: Outcome) -> None:
    """Raise the error of a branch where `passes` does not hold."""
    check = outcome.frame.builder.nodes[-1]
    builder = trace.b
    builder.loc = check.loc
    builder.emit(check.op, passes, **check.attrs)


def branch(
    trace: Trace, test: Tracer, then: Callable[[], Any], otherwise: Callable[[], Any], state: State
) -> Any:
    """Trace an `if` with two bodies: an `if` op, or the body taken where the test is known and no op fits.

    An int argument in a test stays dynamic as long as both branches give the same kinds of results.
    """

    def trace_both(strict: bool) -> Any:
        return with_slots(trace, state, lambda s: _branch(trace, test, then, otherwise, s, strict=strict))

    if not can_know(trace, test.value):
        return trace_both(strict=False)
    here = user_location()
    if here in trace.open_tests:  # a function that calls itself, as often as an int argument says
        return then() if test else otherwise()
    entry = state.get()
    trace.open_tests.append(here)
    try:
        try:
            return trace_both(strict=True)
        except (GradirError, RecursionError):  # the latter of the branch that is not taken
            state.set(entry)
        return then() if test else otherwise()  # out of the handler: its error is no cause of one here
    finally:
        trace.open_tests.remove(here)


def _branch(
    trace: Trace,
    test: Tracer,
    then: Callable[[], Any],
    otherwise: Callable[[], Any],
    state: State,
    *,
    strict: bool,
) -> Any:
    """Trace an `if` op; set the variables, apply the writes and return the bodies' result.

    A variable that the branches leave without a common kind is refused where it is read, or, if
    `strict`, at once.
    """
    predicate = truth(trace, test)
    first = run_block(trace, trace.open("branch", state.slots), state, then)
    if _only_raises(first):
        _check(trace, trace.b.logical_not(predicate), first)
        return otherwise()
    second = run_block(trace, trace.open("branch", state.slots), state, otherwise)
    if _only_raises(second):
        _check(trace, predicate, second)
        return then()
    if first.raised and second.raised:
        message = "both ways of this `if` raise an error: raise it behind the `if`"
        raise TraceError(message, loc=user_location())
    return _meet(trace, predicate, (first, second), state, strict=strict)


def _meet(
    trace: Trace, predicate: Value, outcomes: tuple[Outcome, Outcome], state: State, *, strict: bool
) -> Any:
    """Add the op; give variables and buffers their values behind it, and return the result."""
    first, second = outcomes
    join = Join(trace, outcomes, state.dead, strict)
    variables = zip(first.variables, second.variables, state.names, strict=True)
    parts = [join_trees(join, a, b, name) for a, b, name in variables]
    _check_results(first.result, second.result)
    result = join_trees(join, first.result, second.result, RESULT)
    buffers = list(dict.fromkeys([*first.writes, *second.writes]))
    for buffer in buffers:
        before = buffer.value
        join.pairs.append((first.writes.get(buffer, before), second.writes.get(buffer, before)))
    results = trace.emit_all("if", predicate, regions=join.blocks())
    for buffer, value in zip(buffers, results[len(results) - len(buffers) :], strict=True):
        trace.write(buffer, value)
    for outcome in outcomes:
        for buffer, reason in outcome.lost.items():
            trace.lose(buffer, reason)
    values = tuple(part(results) for part in parts)
    for k, x in enumerate(values[: len(values) - len(state.slots)]):
        sources = first.variables[k].source, second.variables[k].source
        if any(x is not y for y in sources):
            doubt(trace, (x, *sources))
    state.set(values)
    return result(results)


def _check_results(a: Tree, b: Tree) -> None:
    if not a.is_never and not b.is_never and a.structure != b.structure:
        raise TraceError(
            "the branches of an `if` on a traced value return results of different structure"
            f" ({pytrees.shown(a.structure)} and {pytrees.shown(b.structure)})",
            loc=user_location(),
        )
