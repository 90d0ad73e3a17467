"""How each loop is traced: as one op where that can be, else turn by turn, up to a limit."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ..errors import TraceError, UnsupportedError
from .branches import branch
from .carries import Unsettled
from .checkpointed import PLAIN, Mark, unmarked
from .frame import Decision, RollAbort, Trace
from .known import can_know
from .leaves import State
from .location import user_location
from .loops import Counted, Until, broke, holds, roll
from .ranges import Range, static_length
from .tracer import Array, Tracer

UNROLL_LIMIT = 4096  # turns


class _NotRolled(Exception):
    """A loop that could not be rolled, and why."""


def for_range(
    trace: Trace, bounds: range | Range, body: Callable[[Any], Any], variables: State, mark: Mark = PLAIN
) -> Any:
    """Trace a loop over a range; tell whether a break ended it."""
    length = static_length(bounds)
    if length is not None and length < 2:
        return in_turn(trace, bounds, body, variables)
    try:
        return _roll(trace, Counted(bounds, body, mark), variables)
    except Unsettled as failure:
        if isinstance(bounds, Range) or failure.hopeless:
            mark.must_roll(str(failure))
            return _unroll(trace, bounds, body, variables, str(failure))
    except _NotRolled as failure:
        mark.must_roll(str(failure))
        return _unroll(trace, bounds, body, variables, str(failure))
    # One turn by itself gives the variables the types that they keep from then on.
    first, rest = bounds[0], bounds[1:]
    return _then(trace, broke(body(first)), lambda: _roll_rest(trace, rest, body, variables, mark), variables)


def _roll_rest(trace: Trace, bounds: range, body: Callable[[Any], Any], variables: State, mark: Mark) -> Any:
    try:
        return _roll(trace, Counted(bounds, body, mark), variables)
    except (Unsettled, _NotRolled) as failure:
        mark.must_roll(str(failure))
        return _unroll(trace, bounds, body, variables, str(failure), peeled=1)


def while_loop(trace: Trace, test: Callable[[], Any], body: Callable[[], Any], variables: State) -> Any:
    """Trace a `while`; tell whether a break ended it."""
    condition, mark = unmarked(test())
    entered = holds(trace, condition)
    if entered is False:
        return False
    try:
        return _roll(trace, Until(entered, test, body, mark), variables)
    except (Unsettled, _NotRolled) as failure:
        reason = str(failure)
        hopeless = not isinstance(failure, Unsettled) or failure.hopeless
    if hopeless or isinstance(entered, Tracer):
        mark.must_roll(reason)
        return _unroll_while(trace, entered, test, body, variables, reason)
    # One turn by itself gives the variables the types that they keep from then on.
    return _then(trace, broke(body()), lambda: _rest_of_while(trace, test, body, variables), variables)


def _rest_of_while(trace: Trace, test: Callable[[], Any], body: Callable[[], Any], variables: State) -> Any:
    condition, mark = unmarked(test())
    entered = holds(trace, condition)
    if entered is False:
        return False
    try:
        return _roll(trace, Until(entered, test, body, mark), variables)
    except (Unsettled, _NotRolled) as failure:
        mark.must_roll(str(failure))
        return _unroll_while(trace, entered, test, body, variables, str(failure))


def _unroll_while(
    trace: Trace,
    entered: Any,
    test: Callable[[], Any],
    body: Callable[[], Any],
    variables: State,
    reason: str,
) -> Any:
    """Run a `while` in Python, while tracing: its condition has to be known at each turn."""
    where = user_location()
    turns = 0
    while True:
        _check_turns(trace, entered, reason)
        if not entered:
            break
        if turns == UNROLL_LIMIT:
            raise too_long(reason, f"more than {UNROLL_LIMIT}")
        turns += 1
        broken = broke(body())
        if isinstance(broken, Tracer):
            rest = lambda: _rest_of_while(trace, test, body, variables)  # noqa: E731
            return _then(trace, broken, rest, variables)
        if broken:
            return True
        entered = holds(trace, unmarked(test())[0])
    trace.decisions.append(Decision(where, f"loop of {turns} turns unrolled", reason))
    return False


def _check_turns(trace: Trace, entered: Any, reason: str) -> None:
    """Refuse to unroll a `while` whose condition only the run knows."""
    if isinstance(entered, Tracer) and not can_know(trace, entered.value):
        trace.needs_value(entered.value, f"the number of turns of a `while` inside changes ({reason})")
        raise TraceError(
            f"this `while` loop could not be kept as a loop ({reason}), and only the run knows how many turns"
            " it takes",
            loc=user_location(),
        )


def _roll(trace: Trace, head: Counted | Until, variables: State) -> Any:
    around = trace.frame
    entry = variables.get()
    try:
        return roll(trace, head, variables)
    except RollAbort as abort:
        variables.set(entry)
        if abort.frame in around.chain():
            raise  # a loop around this one is what cannot be rolled
        raise _NotRolled(abort.reason) from None


def _then(trace: Trace, broken: Any, rest: Callable[[], Any], variables: State) -> Any:
    """Go on with the rest of a loop, but where a break has ended it."""
    if isinstance(broken, Tracer):
        return branch(trace, broken, lambda: True, rest, variables)
    return broken or rest()


def in_turn(trace: Trace, items: Iterable[Any], body: Callable[[Any], Any], variables: State) -> Any:
    """Run a loop in Python, while tracing; tell whether a break ended it."""
    if isinstance(items, (range, Array)) and len(items) > UNROLL_LIMIT:
        raise too_long("it runs over an array", str(len(items)))
    broken: Any = False
    between = replace(variables, dead=())  # the next turn may read what nothing else does
    for item in items:
        if isinstance(broken, Tracer):
            turn = lambda item=item: broke(body(item))  # noqa: E731
            broken = branch(trace, broken, lambda: True, turn, between)
        elif broken:
            return True
        else:
            broken = broke(body(item))
    return broken


def _unroll(
    trace: Trace,
    bounds: range | Range,
    body: Callable[[Any], Any],
    variables: State,
    reason: str,
    *,
    peeled: int = 0,
) -> Any:
    """Run a loop in Python, while tracing; `peeled` turns have run before."""
    if isinstance(bounds, Range):
        bounds = _known_range(trace, bounds, f"cannot be kept as a loop: {reason}")
    unrolls(trace, len(bounds) + peeled, reason)
    return in_turn(trace, bounds, body, variables)


def unrolls(trace: Trace, turns: int, reason: str) -> None:
    """Note that a loop is unrolled; refuse one that is too long."""
    if turns > UNROLL_LIMIT:
        raise too_long(reason, str(turns))
    trace.decisions.append(Decision(user_location(), f"loop of {turns} turns unrolled", reason))


def _known_range(trace: Trace, bounds: Range, what: str) -> range:
    """The range whose bounds are int arguments, now fixed; others are refused."""
    parts = (bounds.start, bounds.stop, bounds.step)
    if not all(can_know(trace, x.value) for x in parts if isinstance(x, Tracer)):
        for x in parts:
            if isinstance(x, Tracer):
                trace.needs_value(x.value, f"the length of a loop inside, which {what}, changes")
        message = f"this loop, whose length is only known at run time, {what}"
        raise UnsupportedError(message, loc=user_location())
    return range(*map(operator.index, parts))


def too_long(reason: str, length: str) -> TraceError:
    return TraceError(
        f"this loop of {length} turns could not be kept as a loop ({reason}), and gradir unrolls at most"
        f" {UNROLL_LIMIT} turns",
        loc=user_location(),
    )
