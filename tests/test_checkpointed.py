"""`gr.checkpointed`: gradients of the plain loop, memory in states as asked, and what is refused."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import gradir as gr
import numba
import numpy as np
import pytest
from gradir.passes.binomial import recomputed_turns
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests.bad_input.checkpoints import REFUSED
from tests.checkpointed_programs import PROGRAMS, Program, W, X, over_rows, unmarked, until, with_a_break


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_values_and_gradients_are_those_of_the_loop(program: Program) -> None:
    marked, plain = program(gr.checkpointed), program(unmarked)
    assert_allclose(gr.jit(marked)(X, W), plain(X, W), rtol=1e-13)
    assert marked(X, W) == plain(X, W)  # in Python
    value, found = gr.value_and_grad(marked, (0, 1))(X, W)
    expected_value, expected = gr.value_and_grad(plain, (0, 1))(X, W)
    assert_allclose(value, expected_value, rtol=1e-14)
    for a, b in zip(found, expected, strict=True):
        assert_allclose(a, b, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("program", PROGRAMS[::4], ids=lambda program: program.__name__)
def test_differences(program: Program) -> None:
    gr.check_grads(program(gr.checkpointed), (X, W), order=1)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_pullbacks(program: Program) -> None:
    value, back = gr.vjp(program(gr.checkpointed), X, W)
    assert_allclose(value, program(unmarked)(X, W), rtol=1e-13)
    for a, b in zip(back(1.0), gr.grad(program(unmarked), (0, 1))(X, W), strict=True):
        assert_allclose(a, b, rtol=1e-14, atol=1e-15)


def swing(a, turns, slots):
    y, v = 1.0, 0.0
    for t in gr.checkpointed(range(turns), slots):
        v = v - 0.1 * np.sin(y) * a
        y = y + 0.1 * v + 0.001 * t
    return y + v


def plain_swing(a, turns):
    y, v = 1.0, 0.0
    for t in range(turns):
        v = v - 0.1 * np.sin(y) * a
        y = y + 0.1 * v + 0.001 * t
    return y + v


@given(turns=st.integers(0, 300), slots=st.integers(1, 40))
def test_any_numbers(turns: int, slots: int) -> None:
    """Slots are part of the code, the number of turns is not."""
    found = gr.grad(swing)(0.7, turns, min(slots, 2) if slots % 2 else slots // 4 * 4 + 4)
    assert_allclose(found, gr.grad(plain_swing)(0.7, turns), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("turns", [2, 3, 17, 30])
@pytest.mark.parametrize("slots", [None, 1, 4, 50])
def test_numbers_of_turns_that_are_known(turns: int, slots: int | None) -> None:
    def run(x):
        for t in gr.checkpointed(range(turns), slots):
            x = np.sin(x) + x[0] * 0.1 * t
        return x.sum()

    def plain(x):
        for t in range(turns):
            x = np.sin(x) + x[0] * 0.1 * t
        return x.sum()

    assert_allclose(gr.grad(run)(X), gr.grad(plain)(X), rtol=1e-14)


def test_higher_orders() -> None:
    def slope(f):
        return lambda a, *rest: gr.grad(f)(a, *rest) ** 2

    for turns in (1, 2, 12):
        found = gr.grad(slope(slope(swing)))(0.7, turns, 3)
        assert_allclose(found, gr.grad(slope(slope(plain_swing)))(0.7, turns), rtol=1e-12)


@pytest.mark.parametrize("program", [until, over_rows, with_a_break], ids=lambda program: program.__name__)
def test_pullbacks_of_gradients(program: Program) -> None:
    def slope(mark):
        return lambda x, w: gr.grad(program(mark))(x, w).sum()

    value, back = gr.vjp(slope(gr.checkpointed), X, W)
    expected, other = gr.vjp(slope(unmarked), X, W)
    assert_allclose(value, expected, rtol=1e-13)
    for a, b in zip(back(1.0), other(1.0), strict=True):
        assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def bounce(x):
    u = x * 1.0
    v = np.zeros(50)
    count = 0
    for _ in gr.checkpointed(range(100_000), slots=20):
        v = v - 1e-4 * np.sin(u)
        u = u + 1e-4 * v * x
        count += 1
    return (u * u).sum() + count


def test_memory_is_in_states_as_asked() -> None:
    plan = gr.grad(bounce).inspect(np.linspace(0.1, 1.0, 50)).memory
    assert not plan.stacks
    slots = [b.bytes for b in plan.buffers if b.bytes not in (8, 50 * 8)]
    assert sorted(slots) == [20 * 8, 20 * 50 * 8, 20 * 50 * 8]  # turns, u and v: no reverse needs `count`
    assert plan.peak is not None
    assert plan.peak < 20 * 50 * 8 * 2 + 20 * 8 * 2 + 12 * 50 * 8


def test_memory_grows_by_states() -> None:
    def taken(slots):
        def loop(x):
            u, v = x * 1.0, np.zeros(50)
            for _ in gr.checkpointed(range(3000), slots=slots):
                v = v - 1e-3 * np.sin(u)
                u = u + 1e-3 * v * x
            return (u * u).sum()

        memory = gr.grad(loop).inspect(np.linspace(0.1, 1.0, 50)).memory
        assert memory.measure().peak == pytest.approx(memory.peak, rel=0.05)
        return memory.peak

    few, more, many = map(taken, (100, 200, 400))
    states = 100 * (2 * 50 + 1) * 8  # of u and v, with their turns
    assert more - few == pytest.approx(states, rel=0.05)
    assert many - more == pytest.approx(2 * states, rel=0.05)


def test_saved_states_are_residuals() -> None:
    rows = gr.grad(bounce).inspect(np.linspace(0.1, 1.0, 50)).memory.residuals.rows
    line = bounce.__code__.co_firstlineno + 4
    found = [(row.type, row.bytes, row.line) for row in rows if row.how == "states"]
    assert found == [("f64[20, 50]", 20 * 50 * 8, line)] * 2
    assert all(row.is_saved and row.why == (f"for (line {line})",) for row in rows if row.how == "states")


def test_code_does_not_grow_with_the_turns() -> None:
    def run(turns):
        def loop(x):
            for _ in gr.checkpointed(range(turns), slots=20):
                x = np.sin(x)
            return x

        return str(gr.grad(loop).inspect(0.5).optimized).count("\n")

    assert run(100) == run(100_000)


def test_decisions() -> None:
    found = [str(d) for d in gr.grad(bounce).inspect(X.repeat(13)[:50]).decisions]
    line = bounce.__code__.co_firstlineno + 4
    turns = recomputed_turns(100_000, 20)
    assert found == [f"line {line}: checkpointed with 20 slots: {turns} recomputed turns (gr.checkpointed)"]
    assert gr.jit(bounce).inspect(X.repeat(13)[:50]).decisions == ()
    (decision,) = gr.grad(swing).inspect(0.7, 9, 3).decisions
    assert decision.what == "checkpointed with 3 slots: only the run knows how many turns there are"


def test_the_mark_prints() -> None:
    assert ") checkpointed 20 carry (" in str(gr.trace(bounce)(X.repeat(13)[:50]))


def test_numba_pickles_and_the_disk_cache(disk_cache: Path) -> None:
    expected = gr.grad(plain_swing)(0.7, 9)
    compiled = gr.grad(swing).njit(0.7, 9, 3)
    assert_allclose(numba.njit(lambda a: compiled(a, 9, 3))(0.7), expected, rtol=1e-14)
    for _ in range(2):
        assert_allclose(pickle.loads(pickle.dumps(gr.grad(swing)))(0.7, 9, 3), expected, rtol=1e-14)
    assert gr.cache.info().entries


def test_a_loop_that_is_elementwise_stays_a_loop() -> None:
    """Arrays of all turns are what its reverse is not to hold."""

    def run(x):
        y = np.zeros(1000)
        for i in gr.checkpointed(range(1000), slots=4):
            y[i] = np.sin(x[i])
        return y.sum()

    x = np.linspace(0.0, 1.0, 1000)
    assert "checkpointed" in str(gr.trace(run)(x))
    assert_allclose(gr.grad(run)(x), np.cos(x), rtol=1e-14)


@pytest.mark.parametrize("fun", REFUSED, ids=lambda fun: fun.__name__)
def test_refused(fun: Any) -> None:
    kind, message, line = REFUSED[fun]
    with pytest.raises(kind, match=message) as caught:
        gr.grad(fun)(1.5)
    if isinstance(caught.value, gr.GradirError):
        assert caught.value.loc is not None
        assert caught.value.loc.line == fun.__code__.co_firstlineno + line


@pytest.mark.parametrize("slots", [0, -3, 2.0, "2", True, 10**20])
def test_numbers_of_slots_are_checked_in_python_too(slots: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"gr\.checkpointed: 'slots' is"):
        gr.checkpointed(range(3), slots)


def test_slots_that_only_the_run_knows() -> None:
    with pytest.raises(gr.UnsupportedError, match="'slots' sizes memory, so it has to be known"):
        gr.grad(lambda x: swing(x, 9, int(x * 3)))(1.0)
