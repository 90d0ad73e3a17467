"""Runs of turns of a checkpointed loop: from a saved state to another turn, and one turn as a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.builder import Builder
from ..ir.graph import Block, Graph, Node, Value
from ..ir.loops import Carry, body_of, carries
from ..ir.types import BOOL, INDEX
from .binomial import build_advance
from .dce import dce
from .fresh_symbols import fresh_symbols
from .inline import inline
from .saved_states import SavedStates

Values = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class CheckpointedLoop:
    """A checkpointed loop, with the values that stand for those it reads.

    Attributes
    ----------
    bounds
        The start and the step of its range, none in a `while`.
    turns
        How many turns there are.
    tapes
        How many of the last of `changed` are tapes being written: they go on from turn to turn, but are
        no part of the states that are saved.
    fixed
        What stands for the carried values that no turn changes, and for tapes that are only read.
    captured
        What stands for the values of the scopes around it.
    """

    node: Node
    slots: int
    bounds: Values
    turns: Value
    changed: tuple[Carry, ...]
    tapes: int
    fixed: dict[Value, Value]
    captured: dict[Value, Value]

    def arguments(self, b: Builder, turn: Value, state: Sequence[Value]) -> Values:
        """Return what the graph of a turn takes."""
        index = turn
        if self.bounds:
            start, step = self.bounds
            index = b.add(start, b.multiply(turn, step))
        carried = self.fixed | {c.param: v for c, v in zip(self.changed, state, strict=True)}
        return (index, *(carried[c.param] for c in carries(self.node)), *self.captured.values())

    def saved(self, state: Sequence[Value]) -> Sequence[Value]:
        """Return what of the values that go on from turn to turn is a state to save."""
        return state[: len(state) - self.tapes]

    def turn(self, results: Sequence[Value]) -> Graph:
        """Return a turn as a graph, with some of its values as results."""
        body = body_of(self.node)
        block = Block((*body.params, *self.captured), body.nodes, tuple(results))
        return dce(Graph.of("turn", block))

    def advanced(
        self, b: Builder, saved: SavedStates, turn: Value, state: Sequence[Value], end: Value
    ) -> tuple[SavedStates, Values]:
        """Build the run from the last saved state to that before turn `end`, which is not saved itself."""
        inner = b.nested()
        here, current = Value(INDEX), [Value(v.type) for v in state]
        held = saved.params()
        params = Value(INDEX), here, *held.values, *current
        one = inner.int64(1)
        left = inner.subtract(inner.add(end, one), here)
        free = inner.subtract(inner.int64(self.slots + 1), held.count)
        there = inner.add(here, build_advance(inner, left, free))
        arrived = self.run(inner, here, there, current)
        again = inner.less(there, end)
        held = held.push_if(inner, again, there, self.saved(arrived))
        body = inner.block(params, (again, there, *held.values, *arrived))
        given = b.emit("while", b.less(turn, end), turn, *saved.values, *state, regions=(body,))[2:]
        return SavedStates.of(given[: len(saved.values)]), tuple(given[len(saved.values) :])

    def run(self, b: Builder, first: Value, end: Value, state: Sequence[Value]) -> Values:
        """Build a `for` over some turns, which saves nothing."""
        inner = b.nested()
        number, params = Value(INDEX), [Value(v.type) for v in state]
        graph = fresh_symbols(self.turn([c.yielded for c in self.changed]))
        yields = inline(inner, graph, self.arguments(inner, number, params))
        body = inner.block((number, *params), yields)
        return b.emit("for", first, end, b.int64(1), *state, regions=(body,))

    def run_on(
        self, b: Builder, first: Value, most: Value, state: Sequence[Value]
    ) -> tuple[Value, Value, Values]:
        """Build the run of the next turns of a `while`, at most so many.

        Returns
        -------
        tuple
            The number of the turn after them, whether there is one, and the state then.
        """
        inner = b.nested()
        number, held, params = Value(INDEX), Value(BOOL), [Value(v.type) for v in state]
        graph = fresh_symbols(self.turn([body_of(self.node).results[0], *(c.yielded for c in self.changed)]))
        holds, *yields = inline(inner, graph, self.arguments(inner, inner.add(first, number), params))
        again = inner.logical_and(holds, inner.less(inner.add(number, inner.int64(1)), most))
        body = inner.block((number, held, *params), (again, holds, *yields))
        true = b.full(BOOL, True)
        count, holds, *arrived = b.emit("while", true, true, *state, regions=(body,))
        return b.add(first, count), holds, tuple(arrived)
