"""`if` on a traced condition: both branches are traced, and their variables and writes meet in an `if` op."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import GradirError, TraceError
from ..ir.graph import Value
from ..ir.operation import Effect
from ..ir.types import DType
from .frame import Buffer, Frame, Raised, Trace
from .known import can_know
from .late_errors import LATE, is_late, raise_late
from .leaves import NEVER, Kind, Leaf, Missing, State, Tree, doubt, meet, same, tree
from .location import user_location
from .stores import with_slots
from .tracer import Array, Scalar, Tracer, new_array
from .watch import refuse_stray, watched


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a block left behind: its variables, its result and the buffers of outer frames it changed.

    A block that `raised` ends the run: what it leaves behind does not matter.
    """

    frame: Frame
    variables: tuple[Tree, ...]
    result: Tree
    writes: dict[Buffer, Value]
    lost: dict[Buffer, str]
    raised: bool = False


def run_block(
    trace: Trace, frame: Frame, state: State, body: Callable[[], Any], *, surely: bool = False
) -> Outcome:
    """Trace `body` in `frame`, which is open; leave it, with variables and buffers as they were.

    Unless the run `surely` comes there, it is the run that raises the errors of Python in it.
    """
    entry = state.get()
    before = watched(trace)
    raised = False
    try:
        try:
            result = tree(trace, body())
        except Raised as error:
            if error.frame is not frame:
                raise
            result, raised = tree(trace, NEVER), True
        except LATE as error:
            if surely or not is_late(error):
                raise
            raise_late(trace, frame, error)
            result, raised = tree(trace, NEVER), True
        for x in before:
            if x.changed(frame.slots):
                refuse_stray(trace, x)
        variables = tuple(tree(trace, NEVER if raised else x) for x in state.get())
        journal = frame.journal.items()
        writes = {buffer: buffer.value for buffer, (value, _) in journal if buffer.value is not value}
        lost = {buffer: buffer.lost for buffer, (_, before) in journal if buffer.lost and not before}
        return Outcome(frame, variables, result, writes, lost, raised)
    finally:
        for x in before:
            if x.changed(frame.slots):
                x.restore()
        trace.close(frame)
        state.set(entry)


class _Join:
    """Collects what two branches give, as pairs of values, and hands out the results of the `if`."""

    def __init__(self, trace: Trace, then: Outcome, otherwise: Outcome, strict: bool) -> None:
        self.trace = trace
        self.strict = strict
        self.builders = then.frame.builder, otherwise.frame.builder
        self.pairs: list[tuple[Value, Value]] = []
        self.arrays: list[tuple[tuple[Leaf, Leaf], Array]] = []  # what they were in each branch, and are now

    def apart(self, name: str, reason: str) -> Missing:
        """What a variable is that has no common kind."""
        missing = Missing(name, reason)
        if self.strict:
            missing.fail()
        return missing

    def leaf(self, a: Leaf, b: Leaf, kind: Kind) -> int:
        first, second = self.builders
        self.pairs.append((a.place(first, kind), b.place(second, kind)))
        return len(self.pairs) - 1


def _join_trees(meeting: _Join, a: Tree, b: Tree, name: str) -> Callable[[Sequence[Value]], Any]:
    """Return how a variable is rebuilt from the results of the `if`."""
    if a.is_never or b.is_never:
        return _join_with_never(meeting, a, b)
    if a.structure != b.structure:
        missing = meeting.apart(name, f"'{name}' has another structure in each branch of the `if` before")
        return lambda results: missing
    if a.source is b.source and all(map(same, a.leaves, b.leaves)):
        return lambda results: a.source
    parts: list[Callable[[Sequence[Value]], Any]] = []
    for x, y in zip(a.leaves, b.leaves, strict=True):
        parts.append(_join_leaves(meeting, x, y, name))
    return lambda results: a.rebuild([part(results) for part in parts])


def _join_with_never(meeting: _Join, a: Tree, b: Tree) -> Callable[[Sequence[Value]], Any]:
    """A variable that one branch leaves in a state that nothing reads: it has what the other one gives."""
    real = b if a.is_never else a
    parts: list[Callable[[Sequence[Value]], Any]] = []
    for x in real.leaves:
        if x.kind is None or x.is_outer:
            parts.append(lambda results, x=x: x.object)  # type: ignore[misc]
            continue
        placeholder = Leaf(_zero(x.kind), x.kind)
        pair = (placeholder, x) if a.is_never else (x, placeholder)
        parts.append(_joined(meeting, *pair, x.kind))
    return lambda results: real.rebuild([part(results) for part in parts])


def _zero(kind: Kind) -> Any:
    return kind.type.dtype.numpy.type(0)


def _join_leaves(meeting: _Join, a: Leaf, b: Leaf, name: str) -> Callable[[Sequence[Value]], Any]:
    if same(a, b):
        return lambda results: _kept(meeting.trace, a)
    kind = meet(a, b)
    if kind is None:
        missing = meeting.apart(name, _why_apart(a, b, name))
        return lambda results: missing
    return _joined(meeting, a, b, kind)


def _kept(trace: Trace, x: Leaf) -> Any:
    """The object of a leaf that both branches leave; a number's may have ended with its branch."""
    if isinstance(x.object, Scalar) and x.object.frame.closed:
        assert x.kind is not None
        assert x.value is not None
        return x.kind.tracer(trace, x.value)
    return x.object


def _joined(meeting: _Join, a: Leaf, b: Leaf, kind: Kind) -> Callable[[Sequence[Value]], Any]:
    k = meeting.leaf(a, b, kind)

    def rebuild(results: Sequence[Value]) -> Any:
        if not kind.array:
            return kind.tracer(meeting.trace, results[k])
        for pair, made in meeting.arrays:
            if pair[0].object is a.object and pair[1].object is b.object:
                return made  # two names of one array, whichever branch runs
        new = new_array(meeting.trace, results[k])
        near = {x for leaf in (a, b) for x in leaf.near}
        relate(new.buffer, [x for x in near if not x.frame.closed])
        for pair, made in meeting.arrays:
            if any(not x.near.isdisjoint(y.near) for x, y in zip(pair, (a, b), strict=True)):
                relate(new.buffer, [made.buffer])
        meeting.arrays.append(((a, b), new))
        return new

    return rebuild


def _why_apart(a: Leaf, b: Leaf, name: str) -> str:
    for x in (a, b):
        if isinstance(x.object, Missing):
            return f"'{name}' is assigned in one branch only of an `if` on a traced value; assign it before"
    if a.kind is None and b.kind is None and type(a.object).__module__ != "builtins":
        return (
            f"'{name}' is another object in each branch of an `if` on a traced value (of class"
            f" {type(a.object).__name__} in one of them): store to the attributes of one object instead"
        )
    kinds = [x.kind.type if x.kind is not None else _shown(x.object) for x in (a, b)]
    return (
        f"'{name}' is {kinds[0]} in one branch and {kinds[1]} in the other one of an `if` on a traced value;"
        " both need the same shape and dtype"
    )


def _shown(x: Any) -> str:
    plain = isinstance(x, (str, bytes, bool, type(None)))
    return repr(x) if plain else f"an object of class {type(x).__name__}"


def _only_raises(outcome: Outcome) -> bool:
    """Tell whether a branch does nothing but raise an error, so that a check can stand for it."""
    return outcome.raised and all(n.op.effect is Effect.NONE for n in outcome.frame.builder.nodes[:-1])


def _check(trace: Trace, passes: Value, outcome: Outcome) -> None:
    """Raise the error of a branch where `passes` does not hold."""
    check = outcome.frame.builder.nodes[-1]
    builder = trace.b
    builder.loc = check.loc
    builder.emit(check.op, passes, **check.attrs)


def relate(buffer: Buffer, others: Iterable[Buffer]) -> None:
    """Record that `buffer` may be the same memory as each of `others`; this is not transitive."""
    for other in others:
        if other is not buffer and other not in buffer.may_alias:
            buffer.may_alias.append(other)
            other.may_alias.append(buffer)


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
    meeting = _Join(trace, first, second, strict)
    rebuilders = [
        _join_trees(meeting, a, b, name)
        for a, b, name in zip(first.variables, second.variables, state.names, strict=True)
    ]
    never = first.result.is_never or second.result.is_never
    if not never and first.result.structure != second.result.structure:
        raise TraceError(
            "the branches of an `if` on a traced value return results of different structure"
            f" ({first.result.structure} and {second.result.structure})",
            loc=user_location(),
        )
    result = _join_trees(meeting, first.result, second.result, "the result")
    buffers = list(dict.fromkeys([*first.writes, *second.writes]))
    for buffer in buffers:
        before = buffer.value
        meeting.pairs.append((first.writes.get(buffer, before), second.writes.get(buffer, before)))
    blocks = [
        builder.block((), [pair[side] for pair in meeting.pairs])
        for side, builder in enumerate(meeting.builders)
    ]
    results = trace.emit_all("if", predicate, regions=blocks)
    for buffer, value in zip(buffers, results[len(results) - len(buffers) :], strict=True):
        trace.write(buffer, value)
    for outcome in (first, second):
        for buffer, reason in outcome.lost.items():
            trace.lose(buffer, reason)
    values = tuple(rebuild(results) for rebuild in rebuilders)
    for k, x in enumerate(values[: len(values) - len(state.slots)]):
        sources = first.variables[k].source, second.variables[k].source
        if any(x is not y for y in sources):
            doubt(trace, (x, *sources))
    state.set(values)
    return result(results)
