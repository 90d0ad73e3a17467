"""Index checks go where loops show that they cannot fail, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value, walk
from gradir.ir.interpreter import interpret
from gradir.ir.types import INDEX
from gradir.ir.verifier import verify
from gradir.passes.pipeline import optimize
from gradir.passes.ranges import ranges
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lower.build import build, loop, turns

SIZE = 10
Limits = tuple[int | Value, int | Value, int | Value]


def checked(b: Builder, index: Value) -> Value:
    return b.emit("check_index", index, size=SIZE, axis=0)[0]


def summed(of: Callable[[Builder, Value], Value], limits: tuple[int, int, int]) -> Graph:
    """The sum of the checked indices that `of` makes of a loop's index."""

    def make(b: Builder, n: Value) -> Sequence[Value]:
        return loop(b, lambda b, i, s: [b.add(s, checked(b, of(b, i)))], n, limits=limits)

    return build(make, INDEX)


def names(graph: Graph) -> list[str]:
    return [node.op.name for node in walk(graph.block)]


@pytest.mark.parametrize(
    ("of", "limits"),
    [
        (lambda b, i: i, (0, SIZE, 1)),
        (lambda b, i: i, (SIZE - 1, -1, -1)),
        (lambda b, i: b.add(i, b.int64(1)), (0, SIZE - 1, 1)),
        (lambda b, i: b.subtract(i, b.int64(1)), (1, SIZE + 1, 1)),
        (lambda b, i: b.subtract(b.int64(9), i), (0, SIZE, 1)),
        (lambda b, i: b.add(b.multiply(b.int64(2), i), b.int64(1)), (0, 5, 1)),
        (lambda b, i: b.neg(i), (-9, 1, 3)),
    ],
)
def test_checks_of_affine_indices_in_range_go(
    of: Callable[[Builder, Value], Value], limits: tuple[int, int, int]
) -> None:
    graph = summed(of, limits)
    after = ranges(graph)
    verify(after)
    assert "check_index" not in names(after)
    assert interpret(after, 0) == interpret(graph, 0)


@pytest.mark.parametrize(
    ("of", "limits"),
    [
        (lambda b, i: i, (0, SIZE + 1, 1)),
        (lambda b, i: i, (-1, SIZE, 1)),
        (lambda b, i: b.add(i, b.int64(1)), (0, SIZE, 1)),
        (lambda b, i: b.multiply(i, i), (0, 3, 1)),
        (lambda b, i: b.multiply(b.multiply(i, b.int64(2**40)), b.int64(2**30)), (0, 3, 1)),  # wraps
        (lambda b, i: b.add(i, b.int64(2**63 - 1)), (2, 5, 1)),  # wraps
    ],
)
def test_other_checks_stay(of: Callable[[Builder, Value], Value], limits: tuple[int, int, int]) -> None:
    graph = summed(of, limits)
    assert ranges(graph) is graph


def test_an_index_that_is_always_negative_is_wrapped() -> None:
    graph = summed(lambda b, i: b.subtract(i, b.int64(5)), (0, 5, 1))
    after = ranges(graph)
    assert "check_index" not in names(after)
    assert interpret(after, 0) == interpret(graph, 0) == (5 + 6 + 7 + 8 + 9,)


def test_bounds_of_inner_loops_are_forms_of_outer_indices() -> None:
    def make(b: Builder, n: Value) -> Sequence[Value]:
        def outer(b: Builder, k: Value, s: Value) -> Sequence[Value]:
            def inner(b: Builder, i: Value, s: Value) -> Sequence[Value]:
                mirrored = b.subtract(b.subtract(k, i), b.int64(1))
                return [b.add(s, b.add(checked(b, mirrored), checked(b, i)))]

            return loop(b, inner, s, limits=(0, k, 1))

        return loop(b, outer, n, limits=(1, SIZE + 1, 1))

    graph = build(make, INDEX)
    after = ranges(graph)
    assert "check_index" not in names(after)
    assert interpret(after, 0) == interpret(graph, 0)


def test_a_bound_at_run_time_keeps_the_check_of_its_own_side() -> None:
    def make(b: Builder, n: Value) -> Sequence[Value]:
        def body(b: Builder, i: Value, s: Value) -> Sequence[Value]:
            return [b.add(s, checked(b, b.subtract(b.subtract(n, i), b.int64(1))))]

        return loop(b, body, b.int64(0), limits=(0, n, 1))

    graph = build(make, INDEX)
    assert ranges(graph) is graph, "n can be large"


def test_an_index_that_has_passed_is_in_range() -> None:
    def make(b: Builder, n: Value) -> Value:
        return checked(b, b.subtract(b.int64(SIZE - 1), checked(b, n)))

    assert names(ranges(build(make, INDEX))).count("check_index") == 1


def test_the_number_of_a_turn_is_not_negative() -> None:
    def make(b: Builder, n: Value) -> Sequence[Value]:
        def body(b: Builder, k: Value, s: Value) -> tuple[Value, Sequence[Value]]:
            negative = b.less(k, b.int64(0))
            return b.less(k, n), [b.where(negative, n, b.add(s, k))]

        return turns(b, b.less(b.int64(0), n), body, n)

    assert "where" not in names(optimize(build(make, INDEX)))


@pytest.mark.parametrize(
    ("name", "bound", "known"),
    [
        ("less", 10, True),
        ("less", 9, None),
        ("less", 0, False),
        ("less_equal", 9, True),
        ("greater", 9, False),
        ("greater_equal", 0, True),
        ("equal", 10, False),
        ("equal", 4, None),
        ("not_equal", -1, True),
    ],
)
def test_comparisons_with_one_outcome_become_it(name: str, bound: int, known: bool | None) -> None:
    def make(b: Builder, n: Value) -> Sequence[Value]:
        def body(b: Builder, i: Value, s: Value) -> Sequence[Value]:
            return [b.where(b.emit(name, i, b.int64(bound))[0], s, i)]

        return loop(b, body, n, limits=(0, 10, 1))

    after = ranges(build(make, INDEX))
    assert (name in names(after)) == (known is None)
    found = [n.attrs["value"].array.item() for n in walk(after.block) if n.op.name == "constant"]
    assert known is None or any(value is known for value in found)


small = st.integers(-12, 12)
form = st.tuples(st.integers(-2, 2), st.integers(-2, 2), small)


@st.composite
def nests(draw: st.DrawFn) -> Graph:
    """Two nested loops, the inner one's range a form of the outer index, with checks of forms of both."""
    limits = draw(st.tuples(small, small, st.sampled_from([-3, -1, 1, 2])))
    low, high = draw(form), draw(form)
    step, indices = draw(st.sampled_from([-2, -1, 1, 3])), draw(st.lists(form, min_size=1, max_size=3))

    def affine(b: Builder, f: tuple[int, int, int], i: Value, j: Value) -> Value:
        terms = b.add(b.multiply(b.int64(f[0]), i), b.multiply(j, b.int64(f[1])))
        return b.subtract(terms, b.int64(f[2]))

    def make(b: Builder, n: Value) -> Sequence[Value]:
        def outer(b: Builder, i: Value, s: Value) -> Sequence[Value]:
            def inner(b: Builder, j: Value, s: Value) -> Sequence[Value]:
                for f in indices:
                    s = b.add(b.multiply(s, b.int64(3)), checked(b, affine(b, f, i, j)))
                return [b.where(b.less(affine(b, low, i, j), j), s, b.neg(s))]

            ends = (affine(b, low, i, n), affine(b, high, i, n), b.int64(step))
            return loop(b, inner, s, limits=ends)

        return loop(b, outer, n, limits=limits)

    return build(make, INDEX)


@settings(max_examples=150)
@given(graph=nests(), n=small)
def test_the_same_runs_end_in_the_same_way(graph: Graph, n: int) -> None:
    after = ranges(graph)
    verify(after)
    assert outcome(after, n) == outcome(graph, n)


def outcome(graph: Graph, n: int) -> int | str:
    try:
        with np.errstate(over="ignore"):
            return int(interpret(graph, n)[0])
    except IndexError as error:
        return str(error).splitlines()[0]
