"""The states of a checkpointed loop that are saved: the last one saved is the first one taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.builder import Builder
from ..ir.graph import Block, Span, Value
from ..ir.types import INDEX, ArrayType

Values = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class SavedStates:
    """The saved states: how many, before which turn each is, and a buffer for each carried value."""

    count: Value
    turns: Value
    buffers: Values

    @property
    def values(self) -> Values:
        return (self.count, self.turns, *self.buffers)

    @staticmethod
    def of(values: Sequence[Value]) -> SavedStates:
        return SavedStates(values[0], values[1], tuple(values[2:]))

    @staticmethod
    def first(b: Builder, slots: int, state: Sequence[Value]) -> SavedStates:
        """The state before the first turn, in the first slot."""
        empty = [b.zeros(ArrayType(v.dtype, (slots, *v.shape))) for v in state]
        buffers = [_put(b, buffer, b.int64(0), v) for buffer, v in zip(empty, state, strict=True)]
        return SavedStates(b.int64(1), b.zeros(ArrayType(INDEX.dtype, (slots,))), tuple(buffers))

    def params(self) -> SavedStates:
        """New values of the same types, for the parameters of a block."""
        return SavedStates.of([Value(v.type) for v in self.values])

    def push(self, b: Builder, turn: Value, state: Sequence[Value]) -> SavedStates:
        buffers = [_put(b, buffer, self.count, v) for buffer, v in zip(self.buffers, state, strict=True)]
        return SavedStates(
            b.add(self.count, b.int64(1)), _put(b, self.turns, self.count, turn), tuple(buffers)
        )

    def last(self, b: Builder) -> tuple[Value, Values]:
        """The turn and the state that were saved last."""
        at = b.subtract(self.count, b.int64(1))
        return _get(b, self.turns, at), tuple(_get(b, buffer, at) for buffer in self.buffers)

    def push_if(self, b: Builder, test: Value, turn: Value, state: Sequence[Value]) -> SavedStates:
        """The states, and one more where `test` holds."""
        then = b.nested()
        pushed = self.push(then, turn, state)
        regions = then.block((), pushed.values), Block((), (), self.values)
        return SavedStates.of(b.emit("if", test, regions=regions))


def _at(buffer: Value) -> tuple[Span | None, ...]:
    return (None, *(Span(0, size) for size in buffer.shape[1:]))


def _get(b: Builder, buffer: Value, at: Value) -> Value:
    return b.emit("index", buffer, at, at=_at(buffer))[0]


def _put(b: Builder, buffer: Value, at: Value, value: Value) -> Value:
    return b.emit("update", buffer, value, at, at=_at(buffer))[0]
