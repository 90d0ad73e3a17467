"""The printed memory plan: places and lifetimes that are true, the peak, the least that any plan needs."""

from __future__ import annotations

import itertools
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.lower.arena import ALIGNMENT
from gradir.lower.kernels import Memory
from gradir.lower.llvm_stack_memory import HEAD
from gradir.lower.lower import lower
from gradir.lower.memory_plan import MemoryPlan, largest_live_set, memory_plan

from .random_graphs import RandomGraph


def layer(w: Any, x: Any) -> Any:
    h = np.tanh(x @ w)
    return np.sum(h * h)


def repeated(k: Any, u: Any) -> Any:
    for _ in range(40):
        u = u + k * np.sin(u)
    return np.sum(u)


def halving(x: Any) -> Any:
    while x > 1.0:
        x = x * x * 0.25
    return x


def plan_of(f: Any, *args: Any) -> MemoryPlan:
    return gr.value_and_grad(f).inspect(*args).memory.plan


@pytest.mark.parametrize("seed", range(300, 340))
def test_what_is_alive_at_once_is_apart(seed: int) -> None:
    program = lower(RandomGraph(seed).graph())
    plan = memory_plan(program)
    in_arena = [b for b in plan.buffers if b.offset is not None]
    for a, b in itertools.combinations(in_arena, 2):
        assert a.offset is not None
        assert b.offset is not None
        apart = a.offset + a.bytes <= b.offset or b.offset + b.bytes <= a.offset
        together = any(x[0] <= y[1] and y[0] <= x[1] for x in a.lives for y in b.lives)
        assert apart or not together, f"{a} and {b}"
    assert plan.lower_bound <= program.arena <= plan.workspace < program.arena + 2 * ALIGNMENT
    assert {b.name for b in in_arena} == {str(b) for b in program.buffers if b.memory is Memory.ARENA}


def test_the_largest_live_set() -> None:
    assert largest_live_set([]) == 0
    assert largest_live_set([(((0, 3),), 5), (((4, 6),), 7)]) == 7
    assert largest_live_set([(((0, 3),), 5), (((3, 6),), 7)]) == 12
    assert largest_live_set([(((0, 1), (4, 5)), 5), (((2, 3),), 7)]) == 7
    assert largest_live_set([(((0, 3), (2, 5)), 5)]) == 5  # one buffer, taken for two reasons at once


def test_an_array_takes_the_place_of_what_it_is_made_of() -> None:
    plan = plan_of(layer, np.ones((30, 40)), np.ones((20, 30)))
    assert plan.workspace == plan.lower_bound + ALIGNMENT == 8 * 20 * 40 + ALIGNMENT
    assert plan.results == 8 * (1 + 30 * 40)
    assert plan.peak == plan.workspace + plan.results + plan.machine_stack
    (product,) = (b for b in plan.buffers if b.offset is not None)
    assert [h.split()[0] for h in product.holds] == ["matmul", "strong_multiply"]


def test_stacks_are_counted_by_their_turns() -> None:
    plan = plan_of(repeated, 0.1, np.ones(200))
    assert plan.stacks
    assert all(s.element_bytes == 8 * 200 and s.bytes == 40 * 8 * 200 + HEAD for s in plan.stacks)
    assert plan.peak is not None
    grown = plan_of(halving, 3.0)
    assert [s.bytes for s in grown.stacks] == [None] * len(grown.stacks)
    assert grown.peak is None
    assert "unknown bytes" in str(grown)


def test_a_program_without_arrays() -> None:
    plan = plan_of(lambda x: x * x, 3.0)
    assert (plan.workspace, plan.machine_stack, plan.constants, plan.results, plan.peak) == (0, 0, 0, 16, 16)
    assert str(plan).splitlines() == [
        "memory of function",
        "  workspace                  0 bytes, of which 0 are alive at once",
        "  machine stack              0 bytes",
        "  results                   16 bytes",
        "  peak                      16 bytes",
    ]
