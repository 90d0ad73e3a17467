"""Nests over the same rows that take turns: which become a band, and what they compute."""

from __future__ import annotations

import re

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Span, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import DType
from gradir.lower import bands, parallel
from gradir.lower.llvm_program import emit
from gradir.lower.lower import lower
from gradir.runtime import host
from gradir.runtime.compile import compile_graph

from .build import array, branch, build, kernels_of, loop, nests
from .random_graphs import RandomGraph


@pytest.fixture(params=["alone", "shared"])
def eager(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Bands of small arrays too, of few rows at a time; and such that threads share."""
    if request.param == "shared":
        monkeypatch.setattr(parallel, "_LEAST_WORK", 0)
        monkeypatch.setattr(parallel, "_CHUNK_WORK", 100)
        monkeypatch.setattr(parallel, "_ROWS", 1)
    monkeypatch.setattr(bands, "_LEAST_SAVED", 0)
    monkeypatch.setattr(bands, "_LEAST_BLOCKS", 1)
    monkeypatch.setattr(bands, "_BLOCK", 20)


def _softmax(b: Builder, x: Value) -> Value:
    top = b.broadcast(b.max(x, axes=(1,)), shape=x.shape, axes=(0,))
    e = b.exp(b.subtract(x, top))
    return b.divide(e, b.broadcast(b.sum(e, axes=(1,)), shape=x.shape, axes=(0,)))


@pytest.mark.parametrize("rows", [400, 401, 397, 16 * 25 + 1])
def test_a_softmax_is_one_pass_over_memory(rows: int) -> None:
    text = kernels_of(build(_softmax, array(rows, 300)))
    assert "band " in text
    assert nests(text) == 3
    assert "  b" not in text.replace("  band", ""), "nothing but the output is stored"


def test_small_arrays_are_in_the_cache_anyway() -> None:
    assert "band " not in kernels_of(build(_softmax, array(40, 30)))


def test_rows_too_long_for_a_cache_are_left() -> None:
    assert "band " not in str(lower(build(_softmax, array(40, 30_000))))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("rows", [21, 24, 40, 61])
def test_sums_over_the_rows_go_on_from_block_to_block(rows: int) -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        p = _softmax(b, x)
        column = b.sum(b.sin(p), axes=(0,))
        all_ = b.sum(b.cos(p), axes=(0, 1))
        return [p, column, all_, b.max(p, axes=(0,)), b.prod(p, axes=(0, 1))]

    for width in (1, 6):
        assert "band " in kernels_of(build(make, array(rows, width)))


@pytest.mark.usefixtures("eager")
def test_sums_of_single_precision_keep_their_digits() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        p = _softmax(b, x)
        return [b.sum(p, axes=(0,)), b.sum(p, axes=(0, 1)), b.sum(p, axes=(1,))]

    assert "band " in kernels_of(build(make, array(30, 7, dtype=DType.F32)))


@pytest.mark.usefixtures("eager")
def test_sums_over_a_middle_axis_begin_anew_for_each_block() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        middle = b.sum(b.exp(x), axes=(1,))
        return [b.sum(b.sin(middle), axes=(1,)), middle, b.sum(b.square(x), axes=(1, 2))]

    text = kernels_of(build(make, array(30, 5, 6)))
    assert "band " in text


@pytest.mark.usefixtures("eager")
def test_what_is_complete_at_the_last_row_is_read_after_the_band() -> None:
    def make(b: Builder, x: Value) -> Value:
        mean = b.broadcast(b.sum(b.exp(x), axes=(0,)), shape=x.shape, axes=(1,))
        return b.divide(x, mean)

    assert "band " not in kernels_of(build(make, array(30, 6)))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("other", ["reversed", "transposed", "shifted", "flattened"])
def test_other_rows_are_read_after_the_band(other: str) -> None:
    def make(b: Builder, x: Value) -> Value:
        e = b.exp(x)
        s = b.sum(e, axes=(1,))
        if other == "reversed":
            moved = b.emit("index", e, at=(Span(11, 12, -1), Span(0, 12, 1)))[0]
        elif other == "transposed":
            moved = b.transpose(e, axes=(1, 0))
        elif other == "shifted":
            parts = [b.emit("index", e, at=(Span(k, n, 1), Span(0, 12, 1)))[0] for k, n in ((3, 9), (0, 3))]
            moved = b.concatenate(*parts, axis=0)
        else:
            moved = b.reshape(b.sin(b.reshape(e, shape=(8, 18))), shape=(12, 12))
        return b.multiply(moved, b.broadcast(b.sin(s), shape=(12, 12), axes=(0,)))

    kernels_of(build(make, array(12, 12)))


@pytest.mark.usefixtures("eager")
def test_what_stands_between_goes_before_or_after() -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        top = b.max(x, axes=(1,))
        product = b.matmul(y, y)
        total = b.sum(top, axes=(0,))
        scaled = b.multiply(b.sin(total), b.sum(product, axes=(0, 1)))
        e = b.exp(b.subtract(x, b.broadcast(top, shape=x.shape, axes=(0,))))
        s = b.sum(e, axes=(1,))
        p = b.divide(e, b.broadcast(s, shape=x.shape, axes=(0,)))
        return [p, b.multiply(p, b.broadcast(scaled, shape=x.shape, axes=())), product]

    assert "band " in kernels_of(build(make, array(30, 7), array(9, 9)))


@pytest.mark.usefixtures("eager")
def test_bands_in_loops_and_branches() -> None:
    def make(b: Builder, x: Value, k: Value) -> list[Value]:
        def body(inner: Builder, i: Value, c: Value) -> list[Value]:
            return [_softmax(inner, inner.add(c, x))]

        (found,) = loop(b, body, x)
        (chosen,) = branch(b, b.less(k, b.like(k, 0.7)), lambda s: [_softmax(s, x)], lambda s: [s.sin(found)])
        return [found, chosen]

    assert kernels_of(build(make, array(30, 7), array())).count("band ") == 2


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("dtype", [DType.F64, DType.F32])
@pytest.mark.parametrize("seed", range(8))
def test_random_graphs(seed: int, dtype: DType) -> None:
    made = RandomGraph(seed, dtype)
    graph = made.graph(size=40)
    args = made.arguments(graph)
    tolerance = 1e-9 if dtype is DType.F64 else 2e-3
    for got, want in zip(compile_graph(graph)(*args), interpret(graph, *args), strict=True):
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def test_long_bands_are_several() -> None:
    """Each is in one function, which is to be short enough for LLVM."""

    def make(b: Builder, x: Value) -> Value:
        for _ in range(20):
            x = b.sin(_softmax(b, x))
        return x

    program = lower(build(make, array(4000, 300)))
    assert str(program).count("band ") > 2
    functions = emit(program, "f", host.target()).split("\ndefine ")
    assert max(text.count("\n") for text in functions) < host.target().most_lines


@pytest.mark.parametrize("count", [2, 14])
def test_shared_bands_of_many_arrays_are_vectorised(count: int) -> None:
    """Of many arrays LLVM does not compare the addresses, so it must know that they are apart."""

    def make(b: Builder, *arrays: Value) -> list[Value]:
        total = arrays[0]
        for x in arrays[1:]:
            total = b.add(b.multiply(total, x), x)
        top = b.broadcast(b.max(total, axes=(1,)), shape=total.shape, axes=(0,))
        moved = b.subtract(total, top)
        return [b.multiply(moved, x) for x in arrays]

    compiled = compile_graph(build(make, *[array(4000, 300)] * count))
    assert re.search(r"band .* parallel", str(compiled.kernels))
    _, function = compiled.llvm.split("define internal void @chunks.")
    assert len(re.findall(r"store <\d+ x double>", function.partition("\n}")[0])) >= count


@pytest.mark.usefixtures("eager")
def test_an_array_that_is_written_to_later_has_all_its_rows() -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        p = _softmax(b, x)
        cos = b.cos(p)
        part = b.sum(b.sin(p), axes=(0,))
        return [b.emit("accumulate", cos, part, at=(1, Span(0, 7, 1)))[0], b.sum(p, axes=(0, 1))]

    assert "band " in kernels_of(build(make, array(30, 7), array()))


@pytest.mark.usefixtures("eager")
def test_what_waits_behind_a_barrier_does_not_go_before_the_band() -> None:
    def make(late: bool) -> Graph:
        def body(b: Builder, x: Value, w: Value) -> list[Value]:
            first = b.tanh(b.matmul(x, w))
            second = b.matmul(b.multiply(first, b.sin(first)), w)
            again = b.barrier(x, second) if late else x
            return [first, second, b.exp(b.matmul(again, w))]

        return build(body, array(40, 30), array(30, 30))

    at_once, late = kernels_of(make(late=False)), kernels_of(make(late=True))
    assert at_once.index("band") > at_once.index("matmul", at_once.index("matmul") + 1)
    assert late.index(" = tanh") < late.index("matmul", late.index("matmul") + 1)
    assert late.index(" = exp") > late.rindex("matmul")
