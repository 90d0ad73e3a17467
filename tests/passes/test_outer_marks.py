"""What is around checkpointed loops is checkpointed where it has to carry what their turns decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import Graph, walk
from gradir.ir.interpreter import interpret
from gradir.ir.loops import is_loop
from gradir.ir.verifier import verify
from gradir.passes.outer_marks import with_outer_marks
from gradir.passes.slots import MARK

X = np.linspace(0.2, 1.2, 9)


def until(x: Any, n: Any) -> Any:
    k = 0
    while gr.checkpointed(k < n, slots=2):
        x = np.where(x > 0.5, np.sin(x), x * 1.1)
        k += 1
    return x


def in_a_range(x: Any, n: Any) -> Any:
    for _ in range(5):
        x = until(x, n)
    return x


def in_a_while(x: Any, n: Any) -> Any:
    t = x[0]
    while t < 2.0:
        x, t = until(x, n), t + 0.5
    return x


def in_a_branch(x: Any, n: Any) -> Any:
    return until(x, n) if x[0] < 5.0 else x * 2.0


def searches(x: Any, n: Any) -> Any:
    for _ in range(5):
        for _ in gr.checkpointed(range(4), slots=2):
            while x[0] < 1.0:
                x = np.where(x > 0.5, x + 0.3, x + 0.1)
            x = x * 0.5
    return x


def alone(x: Any, n: Any) -> Any:
    return until(x, n)


def of_known_turns(x: Any, n: Any) -> Any:
    for _ in range(5):
        for _ in gr.checkpointed(range(4), slots=2):
            x = np.where(x > 0.5, np.sin(x), x * 1.1)
    return x


def that_decides_nothing(x: Any, n: Any) -> Any:
    for _ in range(5):
        for _ in gr.checkpointed(range(n), slots=2):
            x = np.sin(x)
    return x


def in_a_marked_one(x: Any, n: Any) -> Any:
    for _ in gr.checkpointed(range(5), slots=3):
        x = until(x, n)
    return x


def not_marked(x: Any, n: Any) -> Any:
    for _ in range(5):
        while x[0] < 5.0:
            x = x + 1.0 if x[1] > 0.5 else x + 2.0
    return x


def marks(graph: Graph) -> list[tuple[str, int]]:
    """The loops of the outermost block, and their slots; -1 where there is no mark."""
    return [(n.op.name, n.attrs.get(MARK, -1)) for n in graph.block.nodes if is_loop(n)]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (in_a_range, [("for", 5)]),
        (in_a_while, [("while", 0)]),
        (in_a_branch, [("for", 1)]),
        (searches, [("for", 5)]),
    ],
)
def test_loops_around_are_marked(function: Callable[..., Any], expected: list[tuple[str, int]]) -> None:
    graph = gr.trace(function)(X, 3)
    made = with_outer_marks(graph)
    verify(made)
    assert marks(made) == expected
    np.testing.assert_allclose(interpret(made, X, 3)[0], function(X, 3), rtol=1e-14)
    assert with_outer_marks(made) is made


@pytest.mark.parametrize(
    "function", [alone, of_known_turns, that_decides_nothing, in_a_marked_one, not_marked]
)
def test_others_stay_as_they_are(function: Callable[..., Any]) -> None:
    graph = gr.trace(function)(X, 3)
    assert any(is_loop(node) for node in walk(graph.block))
    assert with_outer_marks(graph) is graph
