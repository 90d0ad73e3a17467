"""The variables that a loop carries: which they are, of what kinds, and what memory they may share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..ir.graph import Value
from .branches import Outcome, relate
from .frame import Buffer, Trace
from .leaves import Kind, Leaf, Missing, Never, State, Tree, doubt, join, keeps, same, tree
from .location import user_location
from .tracer import Array, Scalar, Tracer

Key = tuple[int, int]  # of a variable, and of a leaf in it


class Unsettled(Exception):
    """A variable whose type does not settle: the loop cannot be rolled as it stands.

    It may settle after one turn, but for what changes in each turn, which is `hopeless`.
    """

    def __init__(self, reason: str, *, hopeless: bool = False) -> None:
        super().__init__(reason)
        self.hopeless = hopeless


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables that a loop may assign; `live` tells of each whether anything outside reads it."""

    state: State
    live: Sequence[bool]


@dataclass(slots=True)
class Carry:
    """What is known so far of one variable: the kind of each leaf that is carried, None for the others.

    A variable without a value before the loop is `fresh`. It is carried out of the loop where it is
    `live`; unless the body surely runs, reading it after the loop is checked by the run.
    """

    name: str
    entry: Tree
    kinds: list[Kind | None]
    aliases: list[set[Buffer]]
    live: bool
    sure: bool
    slot: bool  # it is an attribute or a container of the user's
    after: Tree | None = None  # of a fresh variable: what the last attempt left in it

    @property
    def fresh(self) -> bool:
        leaves = self.entry.leaves
        return len(leaves) == 1 and isinstance(leaves[0].object, (Missing, Never))

    @property
    def enters(self) -> bool:
        """Whether each turn begins with what the turn before left."""
        return any(self.kinds) and not self.fresh

    @property
    def is_carried(self) -> bool:
        return not self.fresh or self.after is not None

    @property
    def may_lack_value(self) -> bool:
        """Whether only the run knows if the variable has a value after the loop."""
        known = self.entry.is_never or self.sure
        return self.fresh and bool(self.kinds) and self.after is not None and not known

    @property
    def before(self) -> list[Any]:
        """The leaves as a turn begins, where they are not carried."""
        assert self.after is not None or not self.fresh
        return [x.object for x in (self.entry if self.after is None else self.after).leaves]

    def rebuild(self, objects: Sequence[Any]) -> Any:
        structure = (self.after or self.entry).structure
        return replace(self.entry, structure=structure).rebuild(objects)

    def doubt(self, trace: Trace, now: Any) -> None:
        """Note that containers of this variable have become others."""
        if now is not self.entry.source and not self.slot:
            doubt(trace, (now, self.entry.source))

    def leaves_loop(self, i: int, tracers: dict[Key, Scalar | Array], ran: Value | None) -> Any:
        """Return the variable as the code after the loop sees it; `ran` says whether the body ran."""
        if not self.fresh and not any(self.kinds):
            return self.entry.source
        if self.fresh and (self.after is None or not self.kinds):
            return Missing(self.name, self._why_unknown(), user_location())
        value = self.rebuild([tracers.get((i, k), x) for k, x in enumerate(self.before)])
        if not self.may_lack_value:
            return value
        return Missing(self.name, f"'{self.name}' may have no value here", user_location(), value, ran)

    def _why_unknown(self) -> str:
        after = self.after.leaves if self.after is not None else ()
        missing = next((x.object for x in after if isinstance(x.object, Missing)), None)
        if missing is not None and missing.name == self.name:
            why = "not in each of its turns"
        else:
            why = "where its values are no numbers or arrays of one size"
        return f"the variable '{self.name}' is only assigned in a loop, {why}; assign it before the loop"


@dataclass(slots=True)
class Plan:
    """The carried variables and buffers of one loop, refined from attempt to attempt."""

    carries: list[Carry]
    buffers: list[Buffer] = field(default_factory=list)
    joined: set[frozenset[Key]] = field(default_factory=set)  # leaves that may share memory

    @staticmethod
    def of(
        trace: Trace, names: Sequence[str], live_names: Sequence[bool], entry: Sequence[Any], sure: bool
    ) -> Plan:
        carries: list[Carry] = []
        every = [*live_names, *[True] * (len(names) - len(live_names))]  # attributes and containers are live
        for name, x, live in zip(names, entry, every, strict=True):
            leaves = tree(trace, x)
            count = len(leaves.leaves)
            aliases: list[set[Buffer]] = [set() for _ in range(count)]
            slot = len(carries) >= len(live_names)
            carries.append(Carry(name, leaves, [None] * count, aliases, live, sure, slot))
        return Plan(carries)

    @property
    def carries_all(self) -> bool:
        """Whether every number and array among the variables is carried."""
        return not any(self._left())

    def carry_all(self) -> bool:
        """Carry every number and array; tell whether that is new."""
        left = list(self._left())
        for carry, k in left:
            carry.kinds[k] = carry.entry.leaves[k].kind
        return bool(left)

    def _left(self) -> Iterator[tuple[Carry, int]]:
        for carry in self.carries:
            for k, leaf in enumerate(() if carry.fresh else carry.entry.leaves):
                if leaf.kind is not None and carry.kinds[k] is None:
                    yield carry, k


def refine(plan: Plan, outcome: Outcome) -> bool:
    """Extend the plan by what an attempt showed; tell whether there was anything new.

    Variables come first: until all that are rebound are carried, writes go to the wrong buffers.
    """
    changed = False
    for carry, after in zip(plan.carries, () if outcome.raised else outcome.variables, strict=False):
        changed |= _refine_fresh(carry, after) if carry.fresh else _refine_carry(carry, after)
    if changed:
        plan.buffers.clear()
        return True
    new = [buffer for buffer in outcome.writes if buffer not in plan.buffers]
    plan.buffers += new
    return (not outcome.raised and _refine_aliases(plan, outcome)) or bool(new)


def _refine_fresh(carry: Carry, after: Tree) -> bool:
    """A variable without a value before the loop; what is an array of the scopes around is not carried."""
    kinds = [None if x.is_outer else x.kind for x in after.leaves]
    carry.after = after
    known = carry.live and all(x.kind is not None for x in after.leaves)
    if known and not all(map(_outlasts_a_turn, after.leaves)):
        if carry.sure:
            raise Unsettled(f"the variable '{carry.name}' has another size in each turn")
        known = False
    carry.kinds = kinds if known or carry.entry.is_never else []
    if len(carry.aliases) != len(carry.kinds):
        carry.aliases = [set() for _ in carry.kinds]
    return False


def _outlasts_a_turn(x: Leaf) -> bool:
    """Tell whether the size of an array is known outside of the loop."""
    if x.kind is None or not isinstance(x.object, Tracer):
        return True
    return x.object.run.sizes.in_scope(*x.kind.type.shape)


def _refine_carry(carry: Carry, after: Tree) -> bool:
    if after.structure != carry.entry.structure:
        raise Unsettled(_why_other_structure(carry), hopeless=carry.slot)
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


def _why_other_structure(carry: Carry) -> str:
    if carry.slot:
        return "a list or dict gets or loses items in the loop: make an array before it, and fill that"
    return f"the variable '{carry.name}' changes its structure in the loop"


def _why_unsettled(name: str, before: Leaf, now: Leaf) -> str:
    if isinstance(now.object, Missing):
        return now.object.reason
    if before.kind is not None and now.kind is not None:
        return (
            f"the variable '{name}' is {before.kind.type} before the loop and {now.kind.type} after one turn"
        )
    return f"the variable '{name}' changes in the loop and is no number or array"


def _refine_aliases(plan: Plan, outcome: Outcome) -> bool:
    """Record which carried arrays may be the same memory as each other, or as buffers outside."""
    before: dict[Key, Buffer] = {}
    after: dict[Key, Buffer] = {}
    for i, (carry, now) in enumerate(zip(plan.carries, outcome.variables, strict=True)):
        for k, kind in enumerate(carry.kinds):
            if kind is None or not kind.array:
                continue
            for leaves, found in ((() if carry.fresh else carry.entry.leaves, before), (now.leaves, after)):
                buffer = leaves[k].buffer if leaves else None
                if buffer is not None:
                    found[i, k] = buffer
    changed = False
    for i, k in before.keys() | after.keys():
        near = {x for x in (before.get((i, k)), after.get((i, k))) if x is not None}
        near |= {other for x in near for other in x.may_alias}
        near = {x for x in near if not x.frame.closed}
        changed |= not near <= plan.carries[i].aliases[k]
        plan.carries[i].aliases[k] |= near
    pairs = _sharing(before) | _sharing(after)
    changed |= not pairs <= plan.joined
    plan.joined |= pairs
    return changed


def _sharing(buffers: dict[Key, Buffer]) -> set[frozenset[Key]]:
    """Return the pairs of leaves whose buffers are, or may be, the same memory."""
    items = list(buffers.items())
    return {
        frozenset((a, b))
        for n, (a, x) in enumerate(items)
        for b, y in items[n + 1 :]
        if x is y or x in y.may_alias
    }


def relate_results(plan: Plan, tracers: dict[Key, Scalar | Array]) -> None:
    """Record what memory the variables may share after the loop."""
    for (i, k), new in tracers.items():
        if isinstance(new, Array):
            relate(new.buffer, list(plan.carries[i].aliases[k]))
    for pair in plan.joined:
        first, second = [tracers.get(key) for key in pair]
        if isinstance(first, Array) and isinstance(second, Array):
            relate(first.buffer, [second.buffer])
