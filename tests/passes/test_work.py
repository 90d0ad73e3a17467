"""The work of a forward pass, and what of it is run again, in loops and outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.parser import parse
from gradir.ops import OPS
from gradir.passes.binomial import extra_turns, recomputed_turns
from gradir.passes.loops import known_range
from gradir.passes.work import repeated_blocks, work_of

NESTED = """graph f(%0: f64[10] "x", %1: i64[] "n") {
  %2: i64[] = constant 0
  %3: i64[] = constant 7
  %4: i64[] = constant 2
  %5: f64[10] = for %6 in range(%2, %3, %4) carry (%7: f64[10] = %0) {
    %8: f64[10] = for %9 in range(%2, %1, %4) carry (%10: f64[10] = %7) {
      %11: f64[10] = add %10, %10
      yield %11
    }
    %12: f64[10] = add %8, %8
    yield %12
  }
  %13: f64[10, 10] = broadcast %5 {shape=[10, 10], axes=[1]}
  %14: f64[10, 10] = matmul %13, %13
  return %14 "y"
}
"""


def segments(rate: Any, start: Any) -> Any:
    u = start.copy()
    for _ in range(1000):
        u[1:-1] += rate * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def test_blocks_and_how_often_they_run() -> None:
    graph = parse(NESTED, OPS)
    assert [r.times for r in repeated_blocks(graph)] == [1, 4, None]
    definition = {v: n for n in graph.block.nodes for v in n.results}
    outer = next(n for n in graph.block.nodes if n.op.name == "for")
    assert known_range(definition, outer) == range(0, 7, 2)


def test_the_work_of_a_graph() -> None:
    work = work_of(parse(NESTED, OPS))
    assert work.again == 0
    assert work.forward == pytest.approx(4 * 10 + 10 + 10 * 10 * 10, abs=10)


def steps(x: Any) -> Any:
    for _ in gr.checkpointed(range(1000), slots=5):
        x = np.sin(x) * 1.01
    return np.sum(x)


def steps_in_a_loop(x: Any) -> Any:
    for _ in range(7):
        for _ in gr.checkpointed(range(100), slots=5):
            x = np.sin(x) * 1.01
    return np.sum(x)


@pytest.mark.parametrize(
    ("function", "share"),
    [(steps, recomputed_turns(1000, 5) / 1000 - 1), (steps_in_a_loop, extra_turns(100, 5) / 100)],
)
def test_turns_that_run_again_count(function: Callable[[Any], Any], share: float) -> None:
    """Those that are run to be reversed do not: of these only the cosine is computed."""
    work = gr.grad(function).inspect(np.linspace(0.1, 1.0, 1000)).memory.residuals.work
    assert work.again / work.forward == pytest.approx(share, rel=0.05)


def test_turns_that_only_the_run_counts() -> None:
    def halved(x: Any) -> Any:
        while gr.checkpointed(np.sum(x) > 1.0, slots=3):
            x = np.sin(x) * 0.5
        return np.sum(x)

    memory = gr.grad(halved).inspect(np.ones(9)).memory
    assert not memory.residuals.work.is_known
    assert "extra work: turns of loops, of which only the run knows how many" in str(memory)


def test_segments_run_the_forward_pass_twice() -> None:
    program = gr.grad(segments).inspect(0.2, np.ones(1000))
    work = program.memory.residuals.work
    assert work.again == pytest.approx(work.forward, rel=0.1)
    assert "extra work: about 100% of the forward pass" in str(program.memory)
