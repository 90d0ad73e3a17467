"""The states of a checkpointed loop that are saved: the last one saved is the first one taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.builder import Builder
from ..ir.graph import Block, Value
from ..ir.types import INDEX
from .rows import row, rows, with_row

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
        empty = [rows(b, slots, v.array) for v in state]
        buffers = [with_row(b, buffer, b.int64(0), v) for buffer, v in zip(empty, state, strict=True)]
        return SavedStates(b.int64(1), rows(b, slots, INDEX), tuple(buffers))

    def params(self) -> SavedStates:
        """New values of the same types, for the parameters of a block."""
        return SavedStates.of([Value(v.type) for v in self.values])

    def push(self, b: Builder, turn: Value, state: Sequence[Value]) -> SavedStates:
        buffers = [with_row(b, buffer, self.count, v) for buffer, v in zip(self.buffers, state, strict=True)]
        return SavedStates(
            b.add(self.count, b.int64(1)), with_row(b, self.turns, self.count, turn), tuple(buffers)
        )

    def last(self, b: Builder) -> tuple[Value, Values]:
        """The turn and the state that were saved last."""
        at = b.subtract(self.count, b.int64(1))
        return row(b, self.turns, at), tuple(row(b, buffer, at) for buffer in self.buffers)

    def push_if(self, b: Builder, test: Value, turn: Value, state: Sequence[Value]) -> SavedStates:
        """The states, and one more where `test` holds."""
        then = b.nested()
        pushed = self.push(then, turn, state)
        regions = then.block((), pushed.values), Block((), (), self.values)
        return SavedStates.of(b.emit("if", test, regions=regions))
