"""Stores to the user's objects and containers: under traced control flow these become variables of it.

Where such a store is met first, the attempt to trace the loop or branch around it ends, and the next one
has the attribute, or the contents of the container, among its variables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from inspect import getattr_static
from types import MemberDescriptorType
from typing import Any, TypeVar

from ..errors import TraceError, UnsupportedError
from .frame import Frame, Trace
from .leaves import Held, State
from .location import user_location
from .missing import Missing, Refused

_MOST_SLOTS = 64  # of one loop or branch
T = TypeVar("T")


class NeedsSlot(BaseException):
    """Ends the tracing of the block of `frame`, which has to have `slot` among its variables."""

    def __init__(self, frame: Frame, slot: Slot) -> None:
        super().__init__()
        self.frame = frame
        self.slot = slot


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """An attribute of an object that traced code made."""

    owner: Any
    name: str

    @property
    def key(self) -> tuple[int, str]:
        return id(self.owner), self.name

    @property
    def label(self) -> str:
        return f"{type(self.owner).__name__}.{self.name}"

    def get(self) -> Any:
        try:
            return getattr(self.owner, self.name)
        except AttributeError:
            return Missing(self.name, type(self.owner).__name__)

    def set(self, value: Any) -> None:
        setattr(self.owner, self.name, value)


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """The items of a list or dict."""

    owner: Any

    @property
    def key(self) -> tuple[int, str]:
        return id(self.owner), ""

    @property
    def label(self) -> str:
        return f"the {type(self.owner).__name__}"

    def get(self) -> Any:
        if isinstance(self.owner, dict):
            return {k: _opaque(x) for k, x in self.owner.items()}
        return [_opaque(x) for x in self.owner]

    def set(self, value: Any) -> None:
        if isinstance(value, Refused):
            raise UnsupportedError(
                f"a {type(self.owner).__name__} gets or loses items under an `if` on a traced value: it has"
                " to have as many items, or the same keys in the same order, in both branches",
                loc=user_location(),
            )
        for x in value.values() if isinstance(value, dict) else value:
            if isinstance(x, Refused):
                raise UnsupportedError(
                    f"a {type(self.owner).__name__} is changed under traced control flow: {x.reason}",
                    loc=user_location(),
                )
        if isinstance(self.owner, dict):
            items = {k: _shown(x) for k, x in value.items()}
            self.owner.clear()  # for the order of the keys
            self.owner.update(items)
        else:
            self.owner[:] = map(_shown, value)


Slot = Attribute | Contents


def _opaque(x: Any) -> Any:
    return Held(x) if isinstance(x, (list, dict, set)) else x


def _shown(x: Any) -> Any:
    return x.container if isinstance(x, Held) else x


def store_attribute(trace: Trace, owner: Any, name: str, value: Any) -> None:
    """Assign an attribute."""
    if id(owner) not in trace.made:
        trace.abort(f"the attribute '{name}' is assigned in the loop")
        raise TraceError(
            f"the attribute '{name}' of an object from outside of the traced function is assigned: the"
            " traced value would escape. Return it instead",
            loc=user_location(),
        )
    slot = Attribute(owner, name) if _is_plain(owner, name) else None
    _prepare(trace, owner, slot, f"the attribute '{name}' is assigned")
    setattr(owner, name, value)


def _is_plain(owner: Any, name: str) -> bool:
    """Tell whether an attribute is only a place for a value: no property, no __setattr__ of the user's."""
    static = getattr_static(type(owner), name, None)
    by_descriptor = hasattr(static, "__set__") and not isinstance(static, MemberDescriptorType)
    own = getattr_static(type(owner), "__setattr__")
    return own is getattr_static(object, "__setattr__") and not by_descriptor


def check_container(trace: Trace, container: Any) -> None:
    """Refuse to change a Python container where that could not be undone, or would be seen outside."""
    if id(container) in trace.captures.containers:
        trace.abort("a list or dict is changed in the loop")
        raise TraceError(
            "a list or dict from outside of the traced function is changed: the traced value would escape."
            " Return it instead",
            loc=user_location(),
        )
    if id(container) in trace.unsure:
        trace.abort("a list or dict is changed in the loop")
        raise TraceError(
            "this list or dict may or may not be another variable's (one was rebound in a branch or a loop)."
            " Make a copy before you change it: `xs = list(xs)`",
            loc=user_location(),
        )
    slot = Contents(container) if type(container) in (list, dict) else None
    _prepare(trace, container, slot, f"a {type(container).__name__} is changed")


def _prepare(trace: Trace, owner: Any, slot: Slot | None, what: str) -> None:
    """See that every loop and branch inside of the block where `owner` was made carries what is stored to."""
    _, home = trace.made.get(id(owner), (owner, trace.root))
    lacking = None
    for frame in trace.frame.chain():
        if frame is home:
            break
        if frame.kind != "function" and (slot is None or slot.key not in frame.slots):
            lacking = frame
    if lacking is None:
        return
    if slot is not None and len(lacking.slots) < _MOST_SLOTS:
        raise NeedsSlot(lacking, slot)
    trace.abort(f"{what} in the loop")
    raise UnsupportedError(
        f"{what} under an `if` on a traced value; use a local variable, or an array", loc=user_location()
    )


def with_slots(trace: Trace, state: State, run: Callable[[State], T]) -> T:
    """Call `run`, which traces a loop or a branch, until its state has everything that it stores to."""
    around = trace.frame
    while True:
        try:
            return run(state)
        except NeedsSlot as need:
            if need.frame.parent is not around:
                raise
            state = _extended(state, need.slot)


def _extended(state: State, slot: Slot) -> State:
    def get() -> tuple[Any, ...]:
        return (*state.get(), slot.get())

    def put(values: Sequence[Any]) -> None:
        state.set(tuple(values[:-1]))
        slot.set(values[-1])

    return replace(state, get=get, set=put, names=(*state.names, slot.label), slots=(*state.slots, slot.key))
