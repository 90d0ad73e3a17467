"""Which bodies of loops take the same path when they are run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import walk
from gradir.ir.loops import is_loop
from gradir.passes.recompute import decided, may_run_again


def arithmetic(s: Any, k: Any) -> Any:
    return np.sin(s) * k


def chosen(s: Any, k: Any) -> Any:
    return np.where(~(s > 0.5) | (s < 0.1), np.sin(s), s)


def by_the_index(s: Any, k: Any) -> Any:
    return s * s[k % 3]


def index_of_floats(s: Any, k: Any) -> Any:
    return s * s[np.argmax(s)]


def index_chosen_by_floats(s: Any, k: Any) -> Any:
    return s * s[np.where(s[0] > 0.5, 1, 2)]


def count(s: Any, k: Any) -> Any:
    return s * np.sum(s > 0.5)


def mask_as_number(s: Any, k: Any) -> Any:
    return s * (s > 0.5)


def branch(s: Any, k: Any) -> Any:
    return np.sin(s) if s[0] > 0.5 else s


def inner_while(s: Any, k: Any) -> Any:
    while np.sum(s) > 1.0:
        s = s * 0.5
    return s


def inner_turns_of_floats(s: Any, k: Any) -> Any:
    for _ in range(int(np.argmax(s))):
        s = s * 0.5
    return s


def inner_turns(s: Any, k: Any) -> Any:
    for j in range(k):
        s = np.sin(s) * j
    return s


@pytest.mark.parametrize(
    ("turn", "again"),
    [
        (arithmetic, True),
        (chosen, False),
        (by_the_index, True),
        (inner_turns, True),
        (index_of_floats, False),
        (index_chosen_by_floats, False),
        (count, False),
        (mask_as_number, False),
        (branch, False),
        (inner_while, False),
        (inner_turns_of_floats, False),
    ],
)
def test_bodies(turn: Callable[[Any, Any], Any], again: bool) -> None:
    def loop(s: Any) -> Any:
        for k in range(50):
            s = turn(s, k)
        return s

    graph = gr.trace(loop)(np.array([0.3, 0.2, 0.7]))
    outer = next(node for node in walk(graph.block) if is_loop(node))
    assert may_run_again(outer) is again


def nested_whiles(x: Any) -> Any:
    s, a, b, c, d, e = x[0] * 0.0, 0, 0, 0, 0, 0
    for _ in range(10):
        while a < 2 and s < 3.0:
            a, b = a + 1, 0
            while b < 2 and s < 4.0:
                b, c = b + 1, 0
                while c < 2 and s < 5.0:
                    c, d = c + 1, 0
                    while d < 2 and s < 6.0:
                        d, e = d + 1, 0
                        while e < 2 and s < 7.0:
                            e, s = e + 1, s + x[1]
    return s


def test_each_of_nested_loops_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = gr.trace(nested_whiles)(np.ones(3) * 0.1)
    (loop,) = (node for node in graph.block.nodes if node.op.name == "for")
    walked: list[Any] = []

    def counted(block: Any) -> Any:
        walked.append(block)
        return walk(block)

    monkeypatch.setattr("gradir.passes.recompute.walk", counted)
    assert decided(loop)
    assert len(walked) == 3 * 6  # walks over the body of the loop, and of each of five inside


def test_what_a_turn_hands_on() -> None:
    def found(s: Any) -> Any:
        any_large = False
        for _ in range(50):
            s = np.sin(s)
            any_large = any_large | (s[0] > 0.5)
        return s, any_large

    graph = gr.trace(found)(np.array([0.3, 0.2, 0.7]))
    loop = next(node for node in walk(graph.block) if is_loop(node))
    assert not may_run_again(loop)
