"""What checkpointed regions keep of what their loops and branches decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import Graph, Node, walk
from gradir.ir.verifier import verify
from gradir.passes.decisions import with_decisions_kept

X = np.linspace(0.5, 1.0, 7)


def regions(graph: Graph) -> list[Node]:
    return [node for node in walk(graph.block) if node.op.name == "checkpoint"]


def recorded(function: Callable[[Any], Any]) -> list[list[str]]:
    """Return what each region keeps, once its loops do."""
    graph = with_decisions_kept(gr.trace(lambda x: gr.checkpoint(function)(x))(X))
    verify(graph)
    assert gr.interpret(graph, X)[0] == pytest.approx(function(X), rel=1e-14)
    found = regions(graph)
    return [[str(v.type) for v in n.results[len(n.results) - n.attrs["kept"] :]] for n in found]


def straight(x: Any) -> Any:
    return x[np.argmax(x)] * 2.0


def turns(x: Any) -> Any:
    s = 0.0
    for k in range(9, 0, -2):
        s = s + x[np.argmax(x * k)]
    return s


def masks(x: Any) -> Any:
    s = x * 0.0
    for _ in range(4):
        for j in range(3):
            if j % 2:
                s = np.where(s + x > 0.6, x, s)
    return np.sum(s)


def wider_masks(x: Any) -> Any:
    return masks(np.concatenate((x, x[1:4])))


def no_turns(x: Any) -> Any:
    s = 0.0
    for _ in range(0):
        s = s + x[np.argmax(x)]
    return s + np.sum(x)


def unknown(x: Any) -> Any:
    y = np.sin(x)
    y = y[np.argmax(y)] * x
    while np.sum(y) > 1.0:
        y = y * 0.5
    return np.sum(np.cos(y))


def unknown_and_choosing(x: Any) -> Any:
    y = np.sin(x)
    y = y[np.argmax(y)] * x
    while np.sum(y) > 1.0:
        y = np.where(y > 0.5, y * 0.5, y * 0.9)
    return np.sum(np.cos(y))


def unknown_in_turns(x: Any) -> Any:
    s = 0.0
    for k in range(3):
        y = x * (1.0 + k)
        while np.sum(y) > 1.0:
            y = y * 0.5
        s = s + np.sum(np.cos(y))
    return s


def integers(x: Any) -> Any:
    s = np.sin(x)
    for k in range(50):
        s = s * 0.9 + x[k % 7]
    return np.sum(s)


@pytest.mark.parametrize(
    ("function", "kept"),
    [
        (straight, [["i64[]"]]),
        (turns, [["i64[5]"]]),
        (masks, [["bool[12, 7]"]]),
        (wider_masks, [["u8[12, 2]"]]),
        (no_turns, [[]]),
        (unknown, [["i64[]", "bool[]", "i64[1]"]]),
        (unknown_and_choosing, [["i64[]", "bool[]"], []]),
        (unknown_in_turns, [["bool[3]", "i64[3]"]]),
        (integers, [[]]),
    ],
)
def test_what_regions_keep(function: Callable[[Any], Any], kept: list[list[str]]) -> None:
    assert recorded(function) == kept


def test_what_is_kept_is_not_computed_again() -> None:
    graph = gr.grad(lambda x: gr.checkpoint(turns)(np.exp(x))).inspect(X).optimized
    assert sum(node.op.name == "argmax" for node in walk(graph.block)) == 1


def test_graphs_without_such_regions_stay_as_they_are() -> None:
    graph = gr.trace(lambda x: gr.checkpoint(integers)(x))(X)
    assert with_decisions_kept(graph) is graph
    plain = gr.trace(integers)(X)
    assert with_decisions_kept(plain) is plain
