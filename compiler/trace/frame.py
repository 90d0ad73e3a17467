"""The state of one tracing run: the block under construction and buffers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..errors import EscapedTracerError, TraceError
from ..ir.builder import Builder
from ..ir.graph import Block, Loc, Node, Value
from ..ir.operation import OpTable, TypeRuleError
from ..ir.types import ArrayType
from .location import user_location

if TYPE_CHECKING:
    from .tracer import Array


class RollAbort(BaseException):
    """Ends an attempt to roll the loop that owns `frame`; never leaves the tracer."""

    def __init__(self, frame: Frame, reason: str, loc: Loc | None) -> None:
        super().__init__(reason)
        self.frame = frame
        self.reason = reason
        self.loc = loc


class Raised(BaseException):
    """Ends the block of `frame`, which raises an error at run time; never leaves the tracer."""

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self.frame = frame


class Buffer:
    """The memory of an array: the SSA value that it holds now.

    `readonly` says why it cannot be written; `lost` why it cannot be read any more; `may_alias`
    lists buffers that may be the same memory, which a write here makes unreadable.
    """

    __slots__ = ("frame", "lost", "may_alias", "readonly", "value")

    def __init__(self, value: Value, frame: Frame, readonly: str = "") -> None:
        self.value = value
        self.frame = frame
        self.readonly = readonly
        self.lost = ""
        self.may_alias: list[Buffer] = []


@dataclass(eq=False, slots=True)
class Frame:
    """One block under construction, and what it wrote to the buffers of the frames around it."""

    builder: Builder
    parent: Frame | None
    kind: str  # "function", "loop", "branch"
    journal: dict[Buffer, tuple[Value, str]] = field(default_factory=dict)  # value and `lost` before
    closed: bool = False
    definitions: dict[Value, Node] = field(default_factory=dict)  # of the builder's first `indexed` nodes
    indexed: int = 0
    params: set[Value] = field(default_factory=set)  # of a loop: its index and carried values
    slots: frozenset[tuple[int, str]] = frozenset()  # what of the user's objects is among its variables
    sure: bool = False  # of a loop: its body runs at least once
    holds: set[Value] = field(default_factory=set)  # what checks in this block have found to be true

    def definition(self, value: Value) -> Node | None:
        """Return the node of this block that computes `value`."""
        nodes = self.builder.nodes
        for node in nodes[self.indexed :]:
            self.definitions.update(dict.fromkeys(node.results, node))
        self.indexed = len(nodes)
        return self.definitions.get(value)

    def chain(self) -> list[Frame]:
        frames: list[Frame] = []
        at: Frame | None = self
        while at is not None:
            frames.append(at)
            at = at.parent
        return frames


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice that tracing made about the user's code, shown by `inspect`."""

    loc: Loc | None
    what: str
    reason: str

    def __str__(self) -> str:
        line = f"line {self.loc.line}: " if self.loc else ""
        return f"{line}{self.what} ({self.reason})"


class Trace:
    """One run of the tracer. Every tracer refers to its own: there is no global state."""

    def __init__(self, ops: OpTable) -> None:
        from .capture import Captures
        from .sizes import Sizes

        self.ops = ops
        self.captures = Captures(self)
        self.inputs: list[tuple[Value, str]] = []
        self.known_arguments: dict[Value, Callable[[], int]] = {}  # int arguments; a call guards its value
        self.staged: set[CodeType] = set()  # of functions defined in staged ones, that are staged already
        self.made: dict[int, tuple[Any, Frame]] = {}  # objects that traced code made, by id, and where
        self.unsure: dict[int, Any] = {}  # lists and dicts that may have become another object in Python
        self.open_tests: list[Loc | None] = []  # the `if`s on int arguments whose branches are being traced
        self.same_as: dict[Value, Value] = {}  # parameters of inner functions
        self.root = self.frame = Frame(Builder(ops), None, "function")
        self.decisions: list[Decision] = []
        self.sizes = Sizes(self)
        self.thread = threading.get_ident()

    # Emitting

    def emit(self, op: str, *operands: Value, **attrs: Any) -> Value:
        """Add a node at the user's current line and return its only result."""
        (result,) = self.emit_all(op, *operands, **attrs)
        return result

    def emit_all(
        self, op: str, *operands: Value, regions: Sequence[Block] = (), **attrs: Any
    ) -> tuple[Value, ...]:
        """Add a node at the user's current line; operands that do not fit raise an error there."""
        builder = self.frame.builder
        builder.loc = user_location()
        try:
            results = builder.emit(op, *operands, regions=regions, **attrs)
        except TypeRuleError as error:
            raise TraceError(str(error), loc=builder.loc) from None
        if regions:
            self.sizes.check_leaving(results)
        return results

    @property
    def b(self) -> Builder:
        """The current builder, at the user's current line."""
        self.frame.builder.loc = user_location()
        return self.frame.builder

    # Frames

    def open(self, kind: str, slots: Sequence[tuple[int, str]] = ()) -> Frame:
        """Start a nested block, with `slots` of the user's objects among its variables."""
        self.frame = Frame(self.frame.builder.nested(), self.frame, kind, slots=frozenset(slots))
        return self.frame

    def close(self, frame: Frame) -> None:
        """Leave `frame` (and any left open inside it), giving buffers of outer frames their old values back.

        The caller reads what it needs (`written`) before.
        """
        while True:
            inner = self.frame
            for buffer, (value, lost) in inner.journal.items():
                buffer.value, buffer.lost = value, lost
            inner.closed = True
            assert inner.parent is not None
            self.frame = inner.parent
            if inner is frame:
                return

    def rolled_frame(self) -> Frame | None:
        """The innermost loop body under construction, if any."""
        return next((f for f in self.frame.chain() if f.kind == "loop"), None)

    def make(self, x: Any) -> Any:
        """Remember that traced code made `x` here, and may change it."""
        self.made[id(x)] = x, self.frame
        return x

    def abort(self, reason: str, frame: Frame | None = None) -> None:
        """Give up rolling the loop of `frame` (the innermost one); does nothing outside of loops."""
        frame = frame or self.rolled_frame()
        if frame is not None:
            raise RollAbort(frame, reason, user_location())

    # Values that are known while tracing

    def origin(self, value: Value) -> Value:
        """Return the value that a parameter of an inner function stands for."""
        while value in self.same_as:
            value = self.same_as[value]
        return value

    def definition(self, value: Value) -> Node | None:
        """Return the node that computes a value, None for a parameter."""
        found = (frame.definition(value) for frame in self.frame.chain())
        return next((node for node in found if node is not None), None)

    def can_look_at(self, value: Value) -> bool:
        """Tell whether a parameter is an int argument or a captured array."""
        return value in self.known_arguments or any(x.value is value for x in self.captures.arrays)

    def look_at(self, value: Value) -> Any:
        """Return what such a parameter is; from now on it must be the same at every call."""
        known = self.known_arguments.get(value)
        return known() if known is not None else self.captures.contents(value)

    def loop_of(self, value: Value) -> Frame | None:
        """Return the innermost loop whose index or carried values `value` is computed of."""
        seen: set[Value] = set()
        pending = [value]
        while pending:
            v = self.origin(pending.pop())
            if v not in seen:
                seen.add(v)
                node = self.definition(v)
                pending += node.operands if node is not None else ()
        return next((f for f in self.frame.chain() if not f.params.isdisjoint(seen)), None)

    def needs_value(self, value: Value, reason: str) -> None:
        """Give up rolling the loop that keeps `value` from being known; does nothing without one."""
        frame = self.loop_of(value)
        if frame is not None:
            self.abort(reason, frame)

    # Inputs

    def input(self, type: ArrayType, label: str) -> Value:
        """Add a parameter of the function."""
        value = Value(type)
        self.inputs.append((value, label))
        return value

    def capture(self, array: np.ndarray[Any, Any]) -> Array:
        """Return the handle of an array that traced code met without our seeing where it came from."""
        from .capture import object_path

        return self.captures.bring_in(array, object_path(array))  # type: ignore[no-any-return]

    def refuse_foreign(self) -> NoReturn:
        """Refuse a tracer of another trace."""
        raise EscapedTracerError(
            "a traced value of another trace is used: it was kept from an earlier or concurrent one",
            loc=user_location(),
        )

    # Buffers

    def buffer(self, value: Value, readonly: str = "") -> Buffer:
        return Buffer(value, self.frame, readonly)

    def check_open(self, frame: Frame) -> None:
        """Refuse a value of a block that is finished, or of a trace that is over."""
        if frame.closed:
            raise EscapedTracerError(
                "a traced value is used outside of the place where it exists: it was kept (in a global, an"
                " attribute, a container or a nonlocal) from a finished trace, loop or branch."
                " Return it from the function instead",
                loc=user_location(),
            )

    def read(self, buffer: Buffer) -> Value:
        """Return the value that `buffer` holds now."""
        self.check_open(buffer.frame)
        if buffer.lost:
            raise TraceError(buffer.lost, loc=user_location())
        return buffer.value

    def write(self, buffer: Buffer, value: Value) -> None:
        """Make `value` the contents of `buffer`."""
        self.read(buffer)
        if buffer.readonly:
            raise TraceError(buffer.readonly, loc=user_location())
        assert value.type == buffer.value.type, f"{value.type} written to {buffer.value.type}"
        self._remember(buffer)
        buffer.value = value
        for other in buffer.may_alias:
            if not other.frame.closed:
                self.lose(other, _MAY_ALIAS)

    def _remember(self, buffer: Buffer) -> None:
        if buffer.frame is not self.frame:
            self.frame.journal.setdefault(buffer, (buffer.value, buffer.lost))

    def lose(self, buffer: Buffer, reason: str) -> None:
        """Make the contents of `buffer` unreadable from here on."""
        self._remember(buffer)
        buffer.lost = buffer.lost or reason


_MAY_ALIAS = (
    "this array may or may not share memory with one that was written since (a variable was rebound in a"
    " branch or a loop). Make the copies explicit: `b = a.copy()`"
)
