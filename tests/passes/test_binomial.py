"""Binomial schedules: the library's own, and no turn more than its counts."""

from __future__ import annotations

import random
from math import comb

import pytest
from checkpoint_schedules.multistage import n_advance, optimal_steps_binomial
from gradir.ir.builder import Builder
from gradir.ir.graph import Block, Graph, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import INDEX
from gradir.ops import OPS
from gradir.passes.binomial import advance, build_advance, default_slots, extra_turns, recomputed_turns


def formula() -> Graph:
    b = Builder(OPS)
    params = Value(INDEX), Value(INDEX)
    result = build_advance(b, *params)
    return Graph("advance", Block(params, tuple(b.nodes), (result,)), ("turns", "slots"), ("turn",))


def test_advances_are_those_of_the_library() -> None:
    for turns in range(2, 80):
        for slots in range(1, turns + 3):
            assert advance(turns, slots) == n_advance(turns, slots, trajectory="revolve"), (turns, slots)


def test_large_advances_are_those_of_the_library() -> None:
    rng = random.Random(0)
    for _ in range(500):
        turns = rng.randint(2, 10**7)
        slots = rng.randint(2, min(turns, 300))
        assert advance(turns, slots) == n_advance(turns, slots, trajectory="revolve"), (turns, slots)


def test_the_code_computes_the_same() -> None:
    graph = formula()
    pairs = [(turns, slots) for turns in range(2, 30) for slots in range(1, 9)]
    for turns, slots in [*pairs, (10**9, 20), (10**12, 1), (100_001, 2), (7, 10**6)]:
        assert interpret(graph, turns, slots) == (advance(turns, slots),), (turns, slots)


@pytest.mark.parametrize("turns", [1, 2, 3, 10, 41])
def test_extra_turns_are_those_of_the_library(turns: int) -> None:
    for slots in range(1, max(turns, 2)):
        least = optimal_steps_binomial(turns, slots) - turns if turns > 1 else 0
        assert extra_turns(turns, slots) == least


def test_recomputed_turns() -> None:
    assert recomputed_turns(0, 5) == 0
    assert recomputed_turns(1, 5) == 1  # to be reversed
    assert recomputed_turns(10, 10) == recomputed_turns(10, 99) == 10
    assert recomputed_turns(10, 1) == 55
    assert recomputed_turns(100_000, 20) == 534_226


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 9, 10, 1000, 100_000])
def test_the_default_runs_no_turn_more_than_three_times(turns: int) -> None:
    slots = default_slots(turns)
    assert recomputed_turns(turns, slots) <= 2 * turns
    assert slots == 1 or comb(slots + 1, 2) < turns + 1  # one slot less, and some turn is
    assert slots**2 <= 2 * turns + 1
