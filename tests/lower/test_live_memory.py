"""Memory in use over time: every statement counts, stacks grow and shrink, nothing exceeds the plan."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.lower.live_memory import LiveMemory, live_memory
from gradir.lower.lower import lower
from gradir.lower.memory_plan import memory_plan

from .random_graphs import RandomGraph


def chain(x: Any) -> Any:
    a = np.tanh(x @ x)
    b = np.tanh(a @ a)
    return np.sum(b @ b)


def loop(k: Any, u: Any) -> Any:
    for _ in range(40):
        u = u + k * np.sin(u)
    return np.sum(u)


def long_loop(k: Any, u: Any) -> Any:
    for _ in range(100_000):
        u = u + k * np.sin(u)
    return np.sum(u)


def nested(k: Any, u: Any) -> Any:
    for _ in range(300):
        for _ in range(50):
            u = u + k * np.sin(u)
        u = np.cos(u) * u
    return np.sum(u)


def branches(k: Any, u: Any) -> Any:
    for _ in range(30):
        u = np.sin(u) * k if np.sum(u) > 0 else np.cos(u) + k
    return np.sum(u)


def segments(rate: Any, start: Any) -> Any:
    u = start.copy()
    for _ in range(1000):
        u[1:-1] += rate * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def halving(x: Any) -> Any:
    while np.sum(x) > 1.0:
        x = x * x * 0.25
    return np.sum(x)


def live_of(f: Any, *args: Any, **options: Any) -> LiveMemory:
    return gr.value_and_grad(f).inspect(*args).memory.live(**options)


def check(live: LiveMemory, peak: int | None) -> None:
    assert all(a.stop == b.start for a, b in pairwise(live.moments))
    assert all(m.start < m.stop and min(m.first, m.last) >= 0 for m in live.moments)
    assert live.moments[0].start == 0
    most = max(m.most for m in live.moments)
    assert live.peak is not None
    assert live.peak.most == most
    assert peak is None or most <= peak


@pytest.mark.parametrize("seed", range(400, 420))
def test_a_random_program_is_never_above_its_plan(seed: int) -> None:
    program = lower(RandomGraph(seed).graph())
    live = live_memory(program)
    if live.moments:
        check(live, memory_plan(program).peak)


@pytest.mark.parametrize("f", [loop, long_loop, nested, branches, segments])
def test_loops_push_and_pop(f: Any) -> None:
    memory = gr.value_and_grad(f).inspect(0.1, np.linspace(0.0, 1.0, 200)).memory
    live = memory.live()
    check(live, memory.peak)
    assert live.peak is not None
    assert memory.peak is not None
    assert live.peak.most > 0.75 * memory.peak  # all but the gaps of the workspace, and what is not yet there
    assert len(live.moments) <= 1300
    stacks = sum(s.bytes or 0 for s in memory.stacks)
    assert live.moments[-1].last < memory.peak - 0.9 * stacks  # they are empty in the end
    assert live.turning_point is not None
    assert 0 < live.turning_point < live.statements


def test_a_loop_of_n_turns_is_a_ramp() -> None:
    size = 8 * 200
    live = live_of(loop, 0.1, np.ones(200))
    forward = next(x for x in live.loops if x.depth == 0)
    assert forward.turns == 40
    pushes = [
        b.first - a.first for a, b in pairwise(live.moments) if forward.start < a.start < forward.stop - 2
    ]
    assert set(pushes) <= {0, size, 2 * size}
    assert sum(pushes) >= 38 * size


def test_the_turns_of_a_long_loop_are_not_told_apart_but_its_ends_are_exact() -> None:
    n = 100_000
    live = live_of(long_loop, 0.1, np.ones(200))
    assert live.peak is not None
    assert n * 8 * 200 <= live.peak.most < (n + 10) * 8 * 200 * 2
    slopes = {
        (m.last - m.first) / (m.stop - m.start)
        for m in live.moments
        if live.turning_point is not None and m.start > 10 and m.stop < live.turning_point - 10
    }
    assert max(slopes) == pytest.approx(min(slopes), rel=0.01)


def test_segments_show_how_each_is_run_again() -> None:
    live = live_of(segments, 0.2, np.ones(1000))
    assert live.turning_point is not None
    backward = [m.most for m in live.moments if m.start > live.turning_point]
    falls = [k for k in range(1, len(backward) - 1) if backward[k - 1] > backward[k] < backward[k + 1]]
    assert len(falls) >= 20


def test_turns_that_are_not_known_are_taken_to_be_so_many() -> None:
    few, many = (live_of(halving, np.ones(300), turns=n) for n in (10, 50))
    assert (few.assumed_turns, many.assumed_turns) == (10, 50)
    assert {x.turns for x in few.loops} == {None}
    assert few.peak is not None
    assert many.peak is not None
    assert many.peak.most - few.peak.most == 40 * 2432
    assert live_of(loop, 0.1, np.ones(200)).assumed_turns is None


def test_straight_code_tells_each_statement_with_its_line() -> None:
    live = live_of(chain, np.ones((40, 40)))
    assert all(m.stop == m.start + 1 for m in live.moments)
    assert any("matmul (line 2" in m.what for m in live.moments)
    assert live.loops == ()
    forward = gr.jit(chain).inspect(np.ones((40, 40))).memory.live()
    assert forward.turning_point is None


def test_results_in_the_memory_of_arguments_count_nothing() -> None:
    x = np.ones(1000)
    kept, given = (gr.jit(lambda x: 2.0 * x, donate=d).inspect(x).memory.live() for d in ((), "x"))
    assert kept.peak is not None
    assert given.peak is not None
    assert (kept.peak.most, given.peak.most) == (8000, 0)


def test_a_program_without_statements() -> None:
    live = gr.jit(lambda x: x).inspect(3.0).memory.live()
    assert (live.moments, live.peak, live.statements) == ((), None, 0)
