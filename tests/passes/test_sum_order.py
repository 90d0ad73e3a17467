"""Sums of cotangents begin with what goes to the part that was overwritten."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Origin, Span, Value, walk
from gradir.ir.interpreter import interpret
from gradir.ir.types import ArrayType, DType
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.adjoint import adjoint
from gradir.passes.pipeline import optimize
from gradir.passes.sum_order import sum_order

from .programs import graph_of


def names(graph: Graph) -> list[str]:
    return [node.op.name for node in walk(graph.block)]


@pytest.mark.parametrize(
    ("zeros", "place", "left"),
    [
        (0.0, 3, ["index", "update"]),
        (-0.0, 3, ["index", "update"]),
        (1.0, 3, ["index", "constant", "broadcast", "update", "accumulate"]),
        (0.0, 4, ["index", "constant", "broadcast", "update", "accumulate"]),
    ],
)
def test_a_sum_of_cotangents_that_begins_with_zeros(zeros: float, place: int, left: list[str]) -> None:
    b, x, y = Builder(OPS), Value(ArrayType(DType.F64, (8,))), Value(ArrayType(DType.F64, (8,)))
    (part,) = b.emit("index", y, at=(Span(place, 2, 1),))
    (written,) = b.emit("update", x, b.full(part.array, zeros), at=(Span(3, 2, 1),))
    b.origin = Origin.SUM
    (total,) = b.emit("accumulate", written, part, at=(Span(place, 2, 1),))
    graph = Graph("f", b.block([x, y], [total]), ("x", "y"), ("r",))
    after = optimize(graph)
    assert names(after) == left
    args = np.arange(8.0), np.arange(8.0) ** 2
    np.testing.assert_array_equal(interpret(graph, *args), interpret(after, *args))


def test_the_cotangent_of_an_update_from_the_same_place_is_kept_as_it_is() -> None:
    """`u[1:7] += f(u)` passes the cotangent of `u[1:7]` on, and adds to it."""
    text = """
    graph f(%u: f64[8] "u") {
      %p: f64[6] = index %u[1:+6]
      %q: f64[6] = index %u[0:+6]
      %s: f64[6] = add %p, %q
      %w: f64[8] = update %u[1:+6], %s
      %t: f64[8] = square %w
      %r: f64[] = sum %t {axes=[0]}
      return %r "y"
    }"""
    joint = optimize(adjoint(graph_of(text), [0]))
    assert names(joint).count("update") == 1, "that of the primal"
    assert names(joint).count("accumulate") == 1


def test_the_sums_of_the_user_keep_their_order() -> None:
    b, x, y = Builder(OPS), Value(ArrayType(DType.F64, (8,))), Value(ArrayType(DType.F64, (2,)))
    at = (Span(3, 2, 1),)
    (written,) = b.emit("update", x, b.full(y.array, 0.0), at=at)
    (total,) = b.emit("accumulate", written, y, at=at)
    graph = Graph("f", b.block([x, y], [total]), ("x", "y"), ("r",))
    assert sum_order(graph) is graph


@pytest.mark.parametrize("read", [True, False])
def test_additions_to_other_places_follow(read: bool) -> None:
    b, x, y = Builder(OPS), Value(ArrayType(DType.F64, (8,))), Value(ArrayType(DType.F64, (2,)))
    (total,) = b.emit("update", x, b.full(y.array, 0.0), at=(Span(3, 2, 1),))
    b.origin = Origin.SUM
    sums = []
    for start in (2, 4, 3):
        (total,) = b.emit("accumulate", total, y, at=(Span(start, 2, 1),))
        sums.append(total)
    results = [total, sums[0]] if read else [total]
    graph = Graph("f", b.block([x, y], results), ("x", "y"), ("r", "s")[: len(results)])
    after = sum_order(graph)
    verify(after)
    assert (after is graph) == read, "a sum that something else reads stays"
    args = np.arange(8.0), np.array([0.5, 0.25])
    for before, now in zip(interpret(graph, *args), interpret(after, *args), strict=True):
        np.testing.assert_array_equal(before, now)
