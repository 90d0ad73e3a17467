"""The variables that a loop carries: which they are, of what kinds, and what memory they may share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .frame import Buffer, Trace
from .joins import relate
from .leaves import Kind, State, Tree, alike, doubt, tree
from .missing import Missing, Refused
from .tracer import Array, Scalar

Key = tuple[int, int]  # of a variable, and of a leaf in it


class Unsettled(Exception):
    """A variable whose type does not settle: the loop cannot be rolled as it stands.

    It may settle after one turn, but for what changes in each turn, which is `hopeless`.
    """

    def __init__(self, reason: str, *, hopeless: bool = False) -> None:
        super().__init__(reason)
        self.hopeless = hopeless


@dataclass(slots=True)
class Carry:
    """What is known so far of one variable: the kind of each leaf that is carried, None for the others.

    A variable without a value before the loop is `fresh`. It is carried out of the loop where it is
    `live`; unless the body surely runs, reading it after the loop is checked by the run. Where a turn may
    need what an earlier one gave it, it is carried like the others, with a flag.
    """

    name: str
    entry: Tree
    kinds: list[Kind | None]
    aliases: list[set[Buffer]]
    live: bool
    sure: bool
    slot: bool  # it is an attribute or a container of the user's
    after: Tree | None = None  # what the last attempt left in it
    given: Missing | None = None  # of a variable without a value: what the last attempt began with

    @property
    def fresh(self) -> bool:
        return self.entry.is_absent or self.entry.is_never or self.entry.refused is not None

    @property
    def enters(self) -> bool:
        """Whether each turn begins with what the turn before left."""
        return any(self.kinds) and not self.fresh

    @property
    def is_carried(self) -> bool:
        return not self.fresh or self.after is not None

    @property
    def may_lack_value(self) -> bool:
        """Whether a turn gives the variable a value, and only the run knows if there is one."""
        known = self.entry.is_never or self.sure
        return self.fresh and bool(self.kinds) and self.after is not None and not known

    @property
    def _shape(self) -> Tree:
        """The tree whose leaves are carried."""
        return self.entry if self.after is None or not self.fresh else self.after

    def begin(self) -> Any:
        """Return what each turn begins with, where that is not carried."""
        if self.entry.missing is None or self.entry.flagged:
            return self.entry.source
        self.given = self.entry.missing.absent()
        return self.given

    def matched(self, after: Tree) -> Tree:
        """What a turn left, with the leaves that are carried."""
        return after if self.fresh else alike(self.entry, after)[1]

    def rebuild(self, i: int, tracers: dict[Key, Scalar | Array]) -> Any:
        """Return the variable, the plan's `i`-th, with `tracers` for the leaves that are carried."""
        leaves = self._shape.leaves
        return self._shape.rebuild([tracers.get((i, k), x.object) for k, x in enumerate(leaves)])

    def doubt(self, trace: Trace, now: Any) -> None:
        """Note that containers of this variable have become others."""
        if now is not self.entry.source and not self.slot:
            doubt(trace, (now, self.entry.source))

    def leaves_loop(self, i: int, tracers: dict[Key, Scalar | Array], ran: Any) -> Any:
        """Return the variable as the code after the loop sees it; `ran` says whether the body ran."""
        if not self.fresh and not any(self.kinds):
            return self.entry.source
        if self.entry.is_absent and (self.after is None or self.after.is_absent):
            return self.entry.source
        if self.fresh and (self.after is None or not self.kinds):
            return Refused(self.name, self._why_unknown())
        value = self.rebuild(i, tracers)
        if isinstance(value, Missing):
            surely = self.sure and self.after is not None and self.after.missing is None
            return value.value if surely else value
        if not self.may_lack_value:
            return value
        if self.entry.missing is None:
            return Refused(self.name, self._why_unknown())
        self.entry.missing.asked = True
        return self.entry.missing.filled(value, ran)

    def _why_unknown(self) -> str:
        refused = self.entry.refused or (self.after.refused if self.after is not None else None)
        if refused is not None:
            return refused.reason
        return (
            f"the variable '{self.name}' is only assigned in a loop, where its values are no numbers or"
            " arrays of one size; assign it before the loop"
        )


@dataclass(slots=True)
class Plan:
    """The carried variables and buffers of one loop, refined from attempt to attempt."""

    carries: list[Carry]
    buffers: list[Buffer] = field(default_factory=list)
    joined: set[frozenset[Key]] = field(default_factory=set)  # leaves that may share memory

    @staticmethod
    def of(trace: Trace, state: State, entry: Sequence[Any], sure: bool) -> Plan:
        carries: list[Carry] = []
        slots = len(state.names) - len(state.slots)
        for k, (name, x) in enumerate(zip(state.names, entry, strict=True)):
            leaves = tree(trace, x)
            count = len(leaves.leaves)
            aliases: list[set[Buffer]] = [set() for _ in range(count)]
            live = name not in state.dead
            carries.append(Carry(name, leaves, [None] * count, aliases, live, sure, k >= slots))
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


def relate_all(plan: Plan, tracers: dict[Key, Scalar | Array]) -> None:
    """Record what memory the variables may share, in the body or after the loop."""
    for (i, k), new in tracers.items():
        if isinstance(new, Array):
            relate(new.buffer, list(plan.carries[i].aliases[k]))
    for pair in plan.joined:
        first, second = [tracers.get(key) for key in pair]
        if isinstance(first, Array) and isinstance(second, Array):
            relate(first.buffer, [second.buffer])
