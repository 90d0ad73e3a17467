"""What a call really allocates is what the plan says, and the table says what is saved."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.memory import Memory

ROOT = Path(__file__).resolve().parents[1]


def line(w: Any, x: Any) -> Any:
    h = np.tanh(x @ w)
    return np.sum(h * h)


def loop(w: Any, u: Any) -> Any:
    for _ in range(50):
        u = np.sin(w @ u)
    return np.sum(u)


def scalars(p: Any, u: Any) -> Any:
    for _ in range(1000):
        u = u * u * p + 0.1 * np.sin(u)
    return u


def nested(w: Any, u: Any) -> Any:
    for _ in range(10):
        for _ in range(20):
            u = np.sin(u * w)
        u = u * np.cos(u)
    return np.sum(u)


def branch(w: Any, u: Any) -> Any:
    for _ in range(100):
        u = np.sin(u) * w if np.sum(u) > 0 else np.cos(u) + w
    return np.sum(u)


def outermost_branch(w: Any, u: Any) -> Any:
    if np.sum(u) > 0:
        u = np.exp(np.sin(u @ u) * w) * (u @ u)
    else:
        u = np.cos(u @ u) + w
    return np.sum(np.sin(u))


def halving(w: Any, u: Any) -> Any:
    while np.sum(u * u) > 1e-3:
        u = np.tanh(u) * w
    return np.sum(u)


def as_often(w: Any, u: Any, n: Any) -> Any:
    for _ in range(n):
        u = np.sin(u) * w
    return np.sum(u)


def triangle(w: Any, u: Any, n: Any) -> Any:
    for i in range(n):
        for _ in range(i):
            u = np.sin(u) * w
    return np.sum(u)


def large_result(u: Any) -> Any:
    return np.sum(np.sin(u) * u)


def segments(rate: Any, start: Any) -> Any:
    u = start.copy()
    for _ in range(1000):
        u[1:-1] += rate * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def twice(w: Any, u: Any) -> Any:
    return np.sum(gr.grad(loop, argnums=1)(w, u) ** 2)


def unrolled(u: Any) -> Any:
    x, y = u[0], u[1]
    for k in [0.1 * j for j in range(600)]:
        x, y = y * k, np.sin(x)
    return x + y


def wide_sum(a: Any, b: Any) -> Any:
    return np.sum(np.sum(a * b, axis=0) * np.float32(2.0))


def sorted_parts(a: Any) -> Any:
    return np.sum(np.cumsum(a, axis=0)[:, ::2] @ np.cumsum(a, axis=1)[::2])


_W, _U = np.ones((64, 64)) / 90.0, np.ones(64)
KNOWN: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (line, (np.ones((50, 20)), np.ones((400, 50)))),
    (loop, (_W, _U)),
    (scalars, (0.1, 0.2)),
    (nested, (0.9, np.ones(301))),
    (branch, (0.9, np.ones(200))),
    (outermost_branch, (0.9, np.ones((60, 60)))),
    (large_result, (np.ones(300_000),)),
    (segments, (0.2, np.ones(1000))),
    (twice, (_W, _U)),
    (unrolled, (np.ones(2),)),
    (wide_sum, (np.ones((300, 400), np.float32), np.ones((300, 400), np.float32))),
    (sorted_parts, (np.ones((90, 90)),)),
]
UNKNOWN: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (halving, (0.5, np.ones(300))),
    (as_often, (0.9, np.ones(300), 77)),
    (triangle, (0.9, np.ones(300), 13)),
]


def memory_of(f: Callable[..., Any], *args: Any) -> Memory:
    return gr.value_and_grad(f).inspect(*args).memory


@pytest.mark.parametrize(("f", "args"), KNOWN, ids=lambda x: getattr(x, "__name__", ""))
def test_what_a_call_takes_is_what_was_planned(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    memory = memory_of(f, *args)
    measured = memory.measure()
    assert measured.planned == memory.peak
    assert memory.peak is not None
    assert measured.peak == pytest.approx(memory.peak, rel=0.05)
    assert measured.allocated == memory.workspace + sum(s.bytes or 0 for s in memory.stacks)
    assert memory.measure() == measured


@pytest.mark.parametrize(("f", "args"), UNKNOWN, ids=lambda x: getattr(x, "__name__", ""))
def test_stacks_that_grow_are_counted(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    memory = memory_of(f, *args)
    measured = memory.measure()
    assert memory.peak is None
    assert measured.planned is None
    assert "planned unknown" in str(measured)
    assert measured.allocations > len(memory.stacks)
    assert measured.allocated > memory.workspace + sum(s.element_bytes for s in memory.stacks)


def test_a_loop_of_a_number_of_turns_that_the_caller_gives() -> None:
    memory = memory_of(as_often, 0.9, np.ones(300), 77)
    pushed = sum(77 * s.element_bytes for s in memory.stacks)
    assert memory.measure().allocated == pytest.approx(memory.workspace + pushed, rel=0.01)


def test_measuring_runs_the_same_code_on_the_same_arguments() -> None:
    w = np.linspace(0.0, 1.0, 1000)
    step = gr.jit(lambda w: 2.0 * w, donate="w")
    memory = step.inspect(w).memory
    measured = memory.measure()
    assert (measured.results, memory.results) == (0, 0)
    assert np.array_equal(w, np.linspace(0.0, 1.0, 1000))
    assert step(w) is w


def test_errors_of_the_run_are_raised() -> None:
    def at(x: Any, k: Any) -> Any:
        return x[k] * x[0]

    program = gr.value_and_grad(at).inspect(np.ones(3), 2)
    assert program.memory.measure().results == 8 + 24
    with pytest.raises(IndexError, match="index 7"):
        program.at([np.ones(3), 7]).memory.measure()


def test_a_measurement_prints_as_a_table() -> None:
    assert str(memory_of(line, np.ones((50, 20)), np.ones((400, 50))).measure()).splitlines() == [
        "memory that a call of line took",
        "  workspace and stacks        64,064 bytes, in 1 allocation",
        "  machine stack                    0 bytes",
        "  results                      8,008 bytes",
        "  peak                        72,072 bytes, planned 72,072",
    ]


RESIDENT = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import gradir as gr
from benchmarks.loops import peak_of
from tests.test_memory import loop
w, u = np.ones((2000, 2000)) / 2000.0, np.ones((2000, 40))
f = gr.value_and_grad(loop, argnums=1)
memory = f.inspect(w, u).memory
gr.value_and_grad(loop, argnums=1)(w[:9, :9], u[:9])  # what a process loads once
print(memory.peak, memory.measure().peak, peak_of(lambda: f(w, u)))
"""  # large enough that the holes in a heap (a megabyte after compiling) are no part of 5%


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells a process its peak")
def test_the_system_counts_the_same() -> None:
    command = [sys.executable, "-c", RESIDENT, str(ROOT)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    planned, measured, resident = map(int, run.stdout.split())
    assert measured == pytest.approx(planned, rel=0.05)
    assert resident == pytest.approx(measured, rel=0.05)


def test_memory_prints_what_is_saved_and_the_plan() -> None:
    memory = memory_of(loop, _W, _U)
    assert str(memory) == f"{memory.residuals}\n{memory.plan}"
    assert str(memory.residuals).splitlines() == [
        "what the backward pass of loop reads",
        "  value  type          bytes  turns   saved  how         line  why",
        "  w      f64[64, 64]  32,768      1          argument          transpose (line 26)",
        "  %19    f64[64]         512     50          recomputed    26  cos (line 26)",
        "  %16    f64[64, 1]      512     50          recomputed    26  transpose (line 26)",
        "  %17    f64[64, 1]      512     50  25,600  stack         26  reshape (line 26)",
        "  %12    f64[64]         512     50  25,600  stack         25  reshape (line 26)",
        "  saved 51,200 bytes in 2 values; recomputed 2 values",
        "  extra work: less than 1% of the forward pass",
    ]
    assert str(gr.jit(loop).inspect(_W, _U).memory).startswith("memory of loop\n")


def test_what_has_no_memory_is_listed_with_what_it_is_made_of() -> None:
    rows = memory_of(line, np.ones((50, 20)), np.ones((400, 50))).residuals.rows
    assert [(r.how, r.is_saved, r.is_recomputed, r.saved_bytes) for r in rows] == [
        ("fused", False, True, 0),
        ("argument", False, False, 0),
        ("kept", True, False, 8 * 400 * 20),
    ]


def test_a_table_with_turns_that_are_not_known() -> None:
    table = memory_of(halving, 0.5, np.ones(300)).residuals
    assert table.saved_bytes is None
    assert "saved unknown bytes" in str(table)
    assert {r.turns for r in table.rows if r.how == "stack"} == {None}


def chain(x: Any, *weights: Any) -> Any:
    for w in weights:
        x = np.tanh(x @ w)
    return np.sum(x * x)


_CHAIN = (np.ones((600, 32)) / 32.0, *[np.ones((32, 32)) / 32.0] * 16)


def test_the_table_follows_what_is_computed_again() -> None:
    inner = 15
    whole, least = (
        gr.value_and_grad(chain, argnums=1, checkpoint=policy).inspect(*_CHAIN).memory
        for policy in ("everything", "sqrt")
    )
    each = 8 * 600 * 32
    assert whole.residuals.saved_bytes == (inner + 1) * each
    assert least.residuals.saved_bytes == (4 + 3) * each  # after four segments, and all of the last one
    again = [row for row in least.residuals.rows if row.how == "recomputed"]
    assert len(again) >= 9
    assert "extra work" in str(least)
    assert "extra work" not in str(whole)
    assert least.measure().peak == least.peak
    assert least.peak is not None
    assert whole.peak is not None
    assert least.peak < 0.6 * whole.peak


def test_what_runs_again_is_marked_and_drawn_after_the_turning_point() -> None:
    memory = gr.value_and_grad(chain, argnums=1, checkpoint="sqrt").inspect(*_CHAIN).memory
    live = memory.live()
    assert live.turning_point is not None
    again = [m for m in live.moments if m.what.endswith(", recomputed")]
    assert len(again) > 10
    assert all(m.start >= live.turning_point for m in again)
    block = gr.checkpoint(lambda x: np.tanh(np.sin(x) * x))
    program = gr.grad(lambda x: np.sum(block(block(x)))).inspect(np.ones(5))
    assert "recomputed" in str(program.adjoint)
