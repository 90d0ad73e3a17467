"""The entries of one function, the latest first: each passes the calls that it does not take on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .arguments import Signature
from .specialise import Specialisation

if TYPE_CHECKING:
    from .runtime.call_entry import CallEntry

_MOST_LINKED = 8  # a call that none takes costs a look by each


class Entries:
    """The chain of entries, which ends in Python; one thread at a time may change it."""

    def __init__(self, in_python: Callable[..., Any]) -> None:
        self._in_python = in_python
        self._made: dict[int, tuple[Specialisation, CallEntry | None]] = {}  # by the specialisation's id
        self._linked: tuple[int, ...] = ()
        self._forgotten_hits = 0

    @property
    def first(self) -> Callable[..., Any]:
        """What a call of the function is to call."""
        return self._function(self._linked[0]) if self._linked else self._in_python

    @property
    def hits(self) -> int:
        """How many calls the entries took."""
        return self._forgotten_hits + sum(e.hits for _, e in self._made.values() if e is not None)

    def is_settled(self, made: Specialisation) -> bool:
        """Tell whether a specialisation is in the chain, or will never be."""
        found = self._made.get(id(made))
        return found is not None and (found[1] is None or id(made) in self._linked)

    def put_first(
        self, made: Specialisation, signature: Signature, leaves: Sequence[Any], structure: Any
    ) -> None:
        """Begin the chain with the entry of a specialisation, compiling it if it is new."""
        if id(made) not in self._made:
            self._made[id(made)] = made, self._entry(made, signature, leaves, structure)
        if self._made[id(made)][1] is not None:
            self._link((id(made), *(k for k in self._linked if k != id(made))))

    def forget(self, made: Sequence[Specialisation]) -> None:
        """Give up the entries of some specialisations."""
        gone = {id(m) for m in made}
        self._link(tuple(k for k in self._linked if k not in gone))
        for k in gone:
            _, entry = self._made.pop(k, (None, None))
            self._forgotten_hits += 0 if entry is None else entry.hits

    def _entry(
        self, made: Specialisation, signature: Signature, leaves: Sequence[Any], structure: Any
    ) -> CallEntry | None:
        from .call_plans import call_plan
        from .runtime.call_entry import CallEntry, can_be_made

        plan = call_plan(made, signature, leaves, structure) if can_be_made() else None
        return None if plan is None else CallEntry(plan, made.program.compiled, self._in_python)

    def _function(self, made: int) -> Callable[..., Any]:
        entry = self._made[made][1]
        assert entry is not None
        function: Callable[..., Any] = entry.function
        return function

    def _link(self, order: tuple[int, ...]) -> None:
        self._linked = order[:_MOST_LINKED]
        following = [*map(self._function, self._linked[1:]), self._in_python]
        for k, other in zip(self._linked, following, strict=False):
            entry = self._made[k][1]
            assert entry is not None
            entry.pass_on_to(other)
