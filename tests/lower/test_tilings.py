"""Sums of parts among zeros that make up an array are the parts joined; others stay sums."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.lower import tilings
from gradir.lower.tilings import join_tilings
from gradir.ops import OPS


def names(f: Any, x: Any) -> list[str]:
    graph = join_tilings(gr.grad(f).inspect(x).optimized, OPS)
    return [node.op.name for node in graph.block.nodes]


def halves(x: Any) -> Any:
    return np.sum(np.sin(x[:3])) + np.sum(np.cos(x[3:]))


def overlapping(x: Any) -> Any:
    return np.sum(np.sin(x[:4])) + np.sum(np.cos(x[2:]))


def with_a_gap(x: Any) -> Any:
    return np.sum(np.sin(x[:2])) + np.sum(np.cos(x[3:]))


def rolled(x: Any) -> Any:
    y = np.sin(x)
    return np.sum((y - np.roll(y, 2)) ** 2)


def test_parts_added_to_an_array_are_one_addition() -> None:
    text = str(gr.grad(rolled).inspect(np.ones(6)).kernels)
    assert "accumulate" not in text
    assert "concatenate" in text


def test_parts_side_by_side_are_joined() -> None:
    assert "concatenate" in names(halves, np.ones(6))
    assert "accumulate" not in str(gr.grad(halves).inspect(np.ones(6)).kernels)


@pytest.mark.parametrize("f", [overlapping, with_a_gap])
def test_others_stay_sums(f: Any) -> None:
    found = names(f, np.ones(6))
    assert "concatenate" not in found


@pytest.mark.parametrize("f", [halves, overlapping, with_a_gap, rolled])
def test_gradients(f: Any) -> None:
    x, h = np.linspace(-1.0, 1.0, 6), 1e-6
    differences = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(6)]
    np.testing.assert_allclose(gr.grad(f)(x), differences, rtol=1e-8)


def test_a_long_chain_takes_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = [0]
    places_of = tilings.places_of

    def counted(node: Any) -> Any:
        looked[0] += 1
        return places_of(node)

    def repeated(x: Any) -> Any:
        total = 0.0
        for k in [*range(8)] * 60:
            total = total * x[k] + 0.5
        return total

    graph = gr.grad(repeated).inspect(np.ones(8)).optimized
    monkeypatch.setattr(tilings, "places_of", counted)
    join_tilings(graph, OPS)
    assert looked[0] <= 10 * 480
