"""How variables of two branches meet in the results of an `if`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from ..ir.graph import Block, Value
from .blocks import Outcome
from .frame import Buffer, Trace
from .leaves import Kind, Leaf, Tree, alike, meet, same
from .missing import Refused
from .tracer import Array, Scalar

RESULT = "the result"  # what a function returns, among the names of variables
Part = Callable[[Sequence[Value]], Any]  # makes a variable, or a leaf of it, of the results of the `if`


class Join:
    """Collects what two branches give, as pairs of values, and hands out the results of the `if`.

    What has no common kind is refused where it is read, or, if `strict`, at once; but for variables that are
    `dead`: nothing reads them behind the `if`.
    """

    def __init__(
        self, trace: Trace, outcomes: tuple[Outcome, Outcome], dead: Collection[str], strict: bool
    ) -> None:
        self.trace = trace
        self.dead = dead
        self.strict = strict
        self.builders = outcomes[0].frame.builder, outcomes[1].frame.builder
        self.pairs: list[tuple[Value, Value]] = []
        self.arrays: list[tuple[tuple[Leaf, Leaf], Array]] = []  # what they were in each branch, and are now

    def apart(self, name: str, reason: str) -> Part:
        """A variable that has no common kind."""
        refused = Refused(name, reason)
        if self.strict and name not in self.dead:
            refused.fail()
        return lambda results: refused

    def leaf(self, a: Leaf, b: Leaf, kind: Kind) -> int:
        first, second = self.builders
        self.pairs.append((a.place(first, kind), b.place(second, kind)))
        return len(self.pairs) - 1

    def blocks(self) -> list[Block]:
        """Return the two regions of the `if`."""
        return [b.block((), [pair[side] for pair in self.pairs]) for side, b in enumerate(self.builders)]


def join_trees(meeting: Join, a: Tree, b: Tree, name: str) -> Part:
    """Return how a variable is rebuilt from the results of the `if`."""
    if a.is_never or b.is_never:
        return _join_with_never(meeting, a, b)
    if (a.source is b.source and all(map(same, a.leaves, b.leaves))) or (a.is_absent and b.is_absent):
        return lambda results: a.source
    refused = a.refused or b.refused
    if refused is not None:
        return meeting.apart(name, refused.reason)
    if a.is_absent or b.is_absent or a.flagged != b.flagged:
        if meeting.strict or name in meeting.dead:
            return meeting.apart(name, f"'{name}' is assigned in one branch only of an `if`")
        a, b = alike(a, b)
    if a.structure != b.structure:
        return meeting.apart(name, f"'{name}' has another structure in each branch of the `if` before")
    parts = [_join_leaves(meeting, x, y, name) for x, y in zip(a.leaves, b.leaves, strict=True)]
    return lambda results: a.rebuild([part(results) for part in parts])


def _join_with_never(meeting: Join, a: Tree, b: Tree) -> Part:
    """A variable that one branch leaves in a state that nothing reads: it has what the other one gives."""
    real = b if a.is_never else a
    parts: list[Part] = []
    for x in real.leaves:
        if x.kind is None or x.is_outer:
            parts.append(lambda results, x=x: x.object)  # type: ignore[misc]
            continue
        placeholder = Leaf(_zero(x.kind), x.kind, filler=True)
        pair = (placeholder, x) if a.is_never else (x, placeholder)
        parts.append(_joined(meeting, *pair, x.kind))
    return lambda results: real.rebuild([part(results) for part in parts])


def _zero(kind: Kind) -> Any:
    return kind.type.dtype.numpy.type(0)


def _join_leaves(meeting: Join, a: Leaf, b: Leaf, name: str) -> Part:
    if same(a, b):
        return lambda results: _kept(meeting.trace, a)
    kind = meet(a, b)
    if kind is None:
        return meeting.apart(name, _why_apart(a, b, name))
    return _joined(meeting, a, b, kind)


def _kept(trace: Trace, x: Leaf) -> Any:
    """The object of a leaf that both branches leave; a number's may have ended with its branch."""
    if isinstance(x.object, Scalar) and x.object.frame.closed:
        assert x.kind is not None
        assert x.value is not None
        return x.kind.tracer(trace, x.value)
    return x.object


def _joined(meeting: Join, a: Leaf, b: Leaf, kind: Kind) -> Part:
    k = meeting.leaf(a, b, kind)
    if not kind.array:
        return lambda results: kind.tracer(meeting.trace, results[k])
    return lambda results: _joined_array(meeting, (a, b), kind, results[k])


def _joined_array(meeting: Join, pair: tuple[Leaf, Leaf], kind: Kind, result: Value) -> Array:
    for known, made in meeting.arrays:
        if all(new.filler or new.object is old.object for new, old in zip(pair, known, strict=True)):
            return made  # two names of one array, whichever branch runs
    new = kind.tracer(meeting.trace, result)
    assert isinstance(new, Array)
    near = {x for leaf in pair for x in leaf.near}
    relate(new.buffer, [x for x in near if not x.frame.closed])
    for known, made in meeting.arrays:
        if any(not x.near.isdisjoint(y.near) for x, y in zip(known, pair, strict=True)):
            relate(new.buffer, [made.buffer])
    meeting.arrays.append((pair, new))
    return new


def _why_apart(a: Leaf, b: Leaf, name: str) -> str:
    if a.kind is None and b.kind is None and type(a.object).__module__ != "builtins":
        return (
            f"'{name}' is another object in each branch of an `if` on a traced value (of class"
            f" {type(a.object).__name__} in one of them): store to the attributes of one object instead"
        )
    kinds = [x.kind.type if x.kind is not None else _shown(x.object) for x in (a, b)]
    advice = "both need the same shape and dtype"
    if name == RESULT and any(x.kind is None and x.object is None for x in (a, b)):
        advice = "a `return` or a `raise` is missing, perhaps at the end of the function"
    elif all(x.kind is None for x in (a, b)):
        advice = "only numbers and arrays can depend on the run"
    return (
        f"'{name}' is {kinds[0]} in one branch and {kinds[1]} in the other one of an `if` on a traced value;"
        f" {advice}"
    )


def _shown(x: Any) -> str:
    plain = isinstance(x, (str, bytes, bool, type(None)))
    return repr(x) if plain else f"an object of class {type(x).__name__}"


def relate(buffer: Buffer, others: Iterable[Buffer]) -> None:
    """Record that `buffer` may be the same memory as each of `others`; this is not transitive."""
    for other in others:
        if other is not buffer and other not in buffer.may_alias:
            buffer.may_alias.append(other)
            other.may_alias.append(buffer)
