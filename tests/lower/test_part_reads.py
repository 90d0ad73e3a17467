"""Arrays that are only read in parts: each part comes from what was written there, or from below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, IndexEntry, Span, Value, operations
from gradir.ir.interpreter import interpret
from gradir.ir.types import INDEX
from gradir.ir.verifier import verify
from gradir.lower.part_reads import read_parts
from gradir.ops import OPS

from .build import array, build

ROWS, COLUMNS = 6, 8


def _graph(
    writes: list[tuple[str, tuple[IndexEntry, ...]]],
    reads: list[tuple[IndexEntry, ...]],
    whole: bool = False,
    in_memory: bool = False,
) -> Graph:
    """Write parts of the second parameter to the first one, and read parts of that."""

    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        x = b.neg(x) if not in_memory else x
        for name, at in writes:
            (part,) = b.emit("index", y, at=at)
            (x,) = b.emit(name, x, part, at=at)
        found = [b.emit("index", x, at=at)[0] for at in reads]
        return [*found, *([x] if whole else [])]

    return build(make, array(ROWS, COLUMNS), array(ROWS, COLUMNS))


def _same(before: Graph, after: Graph) -> None:
    verify(after)
    x, y = np.random.default_rng(0).normal(size=(2, ROWS, COLUMNS))
    for got, want in zip(interpret(after, x, y), interpret(before, x, y), strict=True):
        np.testing.assert_array_equal(got, want)


ALL_ROWS, ALL_COLUMNS = Span(0, ROWS), Span(0, COLUMNS)
INSIDE = (Span(1, ROWS - 2), Span(1, COLUMNS - 2))
EVEN, ODD = (Span(0, 3, 2), ALL_COLUMNS), (Span(1, 3, 2), ALL_COLUMNS)

# Writes, and the reads that can do without them.
GONE = {
    "edges": ([("accumulate", (0, ALL_COLUMNS)), ("accumulate", (ROWS - 1, ALL_COLUMNS))], [INSIDE]),
    "rows_beside": ([("accumulate", (Span(1, 1), ALL_COLUMNS))], [INSIDE, (0, ALL_COLUMNS)]),
    "corners": ([("update", (Span(0, 2), Span(0, 3)))], [(Span(1, 4), Span(2, 4)), (0, Span(0, 2))]),
    "the_part_itself": ([("update", INSIDE)], [INSIDE]),
    "added_to_itself": ([("accumulate", (1, ALL_COLUMNS))], [(Span(1, 1), ALL_COLUMNS)]),
    "in_turns": ([("update", EVEN)], [ODD, (Span(0, 1, 2), ALL_COLUMNS)]),
    "one_of_many": ([("update", EVEN)], [(2, Span(1, 3)), (3, Span(1, 3))]),
    "an_element": ([("accumulate", (2, Span(0, 2)))], [(2, 1), (3, 1)]),
    "over_one_another": ([("update", EVEN), ("update", (Span(0, 3), Span(0, 2)))], [(0, ALL_COLUMNS)]),
}
STAY = {
    "read_whole": ([("update", EVEN)], [ODD], True),
    "read_twice": (
        [("accumulate", (0, ALL_COLUMNS))],
        [(Span(0, 5), ALL_COLUMNS), (Span(1, 5), ALL_COLUMNS)],
    ),
    "other_steps": ([("update", EVEN)], [(Span(0, 2, 3), ALL_COLUMNS)]),
    "in_memory": ([("accumulate", (1, ALL_COLUMNS))], [INSIDE], False, True),
    "most_of_it": ([("accumulate", INSIDE)], [(Span(0, 2), ALL_COLUMNS)]),
}


@pytest.mark.parametrize("case", GONE)
def test_writes_that_need_not_be(case: str) -> None:
    graph = _graph(*GONE[case])
    parts = read_parts(graph, OPS)
    _same(graph, parts)
    whole = [n for n in parts.block.nodes if n.op.name in ("update", "accumulate")]
    assert all(n.result.shape != (ROWS, COLUMNS) for n in whole), parts


@pytest.mark.parametrize("case", STAY)
def test_writes_that_stay(case: str) -> None:
    graph = _graph(*STAY[case])
    assert read_parts(graph, OPS) is graph


@pytest.mark.parametrize("seed", range(40))
def test_random_writes_and_reads(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def entry(size: int) -> IndexEntry:
        step, start = int(rng.integers(1, 3)), int(rng.integers(size))
        if rng.random() < 0.2:
            return start
        return Span(start, int(rng.integers(1, (size - 1 - start) // step + 2)), step)

    def place() -> tuple[IndexEntry, ...]:
        return entry(ROWS), entry(COLUMNS)

    writes = [(str(rng.choice(["update", "accumulate"])), place()) for _ in range(rng.integers(1, 5))]
    graph = _graph(writes, [place() for _ in range(rng.integers(1, 4))])
    _same(graph, read_parts(graph, OPS))


def extended(x: Any) -> Any:
    return np.sum(np.sin(np.pad(x, ((1, 2), (2, 1)), mode="edge")) ** 2)


def in_turns(x: Any) -> Any:
    u = x * 1.0
    u[::2] = np.sin(u[1::2]) * u[::2]
    u[1::2] = u[1::2] + u[::2] ** 2
    return np.sum(u**3)


@pytest.mark.parametrize("f", [extended, in_turns], ids=lambda f: f.__name__)
def test_gradients(f: Callable[..., Any]) -> None:
    x = np.random.default_rng(0).normal(size=(4, 6))
    np.testing.assert_allclose(gr.jit(f)(x), f(x), rtol=1e-12)
    gr.testing.check_grads(f, (x,), order=2, rtol=1e-4)


def test_what_ends_a_run_stays() -> None:
    def make(b: Builder, x: Value, i: Value) -> Value:
        b.check_index(i, size=ROWS, axis=0)
        (row,) = b.emit("index", x, at=(0, ALL_COLUMNS))
        (written,) = b.emit("update", x, row, at=(1, ALL_COLUMNS))
        return b.emit("index", written, at=(2, ALL_COLUMNS))[0]

    graph = build(make, array(ROWS, COLUMNS), INDEX)
    assert "check_index" in operations(read_parts(graph, OPS).block)
