"""Parts that make up an array, added to zeros or written, are joined; others stay what they are."""

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


def in_turns(x: Any) -> Any:
    y = np.empty(6)
    y[1::3], y[::3], y[2::3] = np.sin(x[:2]), x[2:4] * 2.0, x[4:]
    return np.sum(y * x)


def by_columns(x: Any) -> Any:
    y = np.empty((3, 2))
    y[:, 1], y[:, 0] = np.sin(x[:3]), x[3:]
    return np.sum(y**3)


def every_other(x: Any) -> Any:
    return np.sum(np.sin(x[::2]) * np.cos(x[1::2]))


def reading_what_it_fills(x: Any) -> Any:
    y = x * 1.0
    y[::2] = np.sin(y[::2])
    y[1::2] = y[1::2] + x[:3]
    return np.sum(y * y)


def written_over(x: Any) -> Any:
    y = np.zeros(6)
    y[:4], y[2:] = np.sin(x[:4]), x[:4]
    return np.sum(y * x)


def read_in_between(x: Any) -> Any:
    y = np.zeros(6)
    y[:3] = np.sin(x[:3])
    z = y * x
    y[3:] = x[3:]
    return np.sum(y * z) + np.sum(y)


@pytest.mark.parametrize("f", [in_turns, by_columns, reading_what_it_fills])
def test_an_array_filled_part_by_part_is_the_parts_joined(f: Any) -> None:
    graph = join_tilings(gr.jit(f).inspect(np.ones(6)).optimized, OPS)
    found = [node.op.name for node in graph.block.nodes]
    assert "concatenate" in found
    assert found.count("update") == (f is reading_what_it_fills)  # of which one part is read, and that is all


@pytest.mark.parametrize("f", [written_over, read_in_between])
def test_an_array_that_is_not_filled_so_is_written_to(f: Any) -> None:
    graph = gr.jit(f).inspect(np.ones(6)).optimized
    assert join_tilings(graph, OPS) is graph


def test_additions_to_every_other_element_are_joined() -> None:
    assert "concatenate" in names(every_other, np.ones(6))
    assert "accumulate" not in names(every_other, np.ones(6))


FILLED = [in_turns, by_columns, every_other, reading_what_it_fills, written_over, read_in_between]


@pytest.mark.parametrize("f", FILLED)
def test_values_and_gradients(f: Any) -> None:
    x = np.linspace(-1.0, 1.0, 6)
    np.testing.assert_allclose(gr.jit(f)(x), f(x), rtol=1e-14)
    gr.testing.check_grads(f, (x,), order=2, rtol=1e-4)


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
