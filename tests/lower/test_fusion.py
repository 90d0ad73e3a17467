"""Which operations share a loop nest, seen in the printed kernels."""

from __future__ import annotations

import numpy as np
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Span, Value
from gradir.ir.interpreter import interpret
from gradir.lower.lower import lower
from gradir.runtime.compile import compile_graph

from .build import array, build, nests


def _check(graph: Graph, count: int) -> str:
    """Compare a graph's compiled and interpreted results; return its kernels, which have `count` nests."""
    rng = np.random.default_rng(0)
    args = [rng.uniform(0.5, 1.5, v.shape) for v in graph.block.params]
    for got, want in zip(compile_graph(graph)(*args), interpret(graph, *args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    text = str(lower(graph))
    assert nests(text) == count, text
    return text


def test_elementwise_chain_with_broadcasts_is_one_nest() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        row = b.broadcast(y, shape=(40, 30), axes=(1,))
        return b.sin(b.add(b.exp(x), b.multiply(row, b.like(x, 2.0))))

    text = _check(build(make, array(40, 30), array(30)), 1)
    assert "  b" not in text, "nothing but the output is stored"


def test_a_value_used_twice_in_a_nest_is_not_stored() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        e = b.exp(x)
        return [b.sin(e), b.cos(e), b.sum(e, axes=(0,))]

    text = _check(build(make, array(5000)), 1)
    assert text.count("exp") == 1
    assert text.count("store") == 2


def test_a_reduction_takes_its_producers_in() -> None:
    _check(
        build(lambda b, x, y: b.sum(b.square(b.subtract(x, y)), axes=(0, 1)), array(40, 30), array(40, 30)), 1
    )


def test_five_greeks_are_one_nest() -> None:
    def make(b: Builder, s: Value, t: Value) -> list[Value]:
        root = b.sqrt(t)
        d1 = b.divide(b.log(s), root)
        d2 = b.subtract(d1, root)
        n1, n2 = b.erf(d1), b.erf(d2)
        density = b.exp(b.neg(b.square(d1)))
        price = b.subtract(b.multiply(s, n1), n2)
        return [
            price,
            n1,
            b.divide(density, b.multiply(s, root)),
            b.multiply(density, root),
            b.multiply(t, n2),
        ]

    text = _check(build(make, array(10_000), array(10_000)), 1)
    assert text.count("log") == text.count("exp") == 1


def test_softmax_is_three_nests() -> None:
    def make(b: Builder, x: Value) -> Value:
        top = b.broadcast(b.max(x, axes=(1,)), shape=x.shape, axes=(0,))
        e = b.exp(b.subtract(x, top))
        return b.divide(e, b.broadcast(b.sum(e, axes=(1,)), shape=x.shape, axes=(0,)))

    text = _check(build(make, array(40, 30)), 3)
    assert text.count("exp") == 1


def test_an_expensive_value_is_not_computed_again_for_each_row() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        return b.add(x, b.broadcast(b.exp(y), shape=(40, 30), axes=(1,)))

    _check(build(make, array(40, 30), array(30)), 2)


def test_a_cheap_value_is() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        return b.add(x, b.broadcast(b.neg(y), shape=(40, 30), axes=(1,)))

    _check(build(make, array(40, 30), array(30)), 1)


def test_what_one_later_nest_needs_is_computed_there() -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        e = b.exp(x)
        product = b.matmul(y, y)
        return [b.add(e, product), b.multiply(e, product)]

    text = _check(build(make, array(30, 30), array(30, 30)), 1)
    assert text.count("exp") == 1


def test_a_reshape_of_an_array_in_memory_is_the_array() -> None:
    text = _check(build(lambda b, x: b.sin(b.reshape(b.matmul(x, x), shape=(900,))), array(30, 30)), 1)
    assert "reshape" not in text


def test_a_reshape_of_a_fused_value_needs_no_buffer() -> None:
    def make(b: Builder, x: Value) -> Value:
        return b.cos(b.reshape(b.exp(b.broadcast(x, shape=(20, 30), axes=(1,))), shape=(30, 20)))

    _check(build(make, array(30)), 1)


def test_long_chains_are_cut() -> None:
    def make(b: Builder, x: Value) -> Value:
        v = x
        for _ in range(1500):
            v = b.sin(b.add(v, x))
        return v

    assert 3 <= nests(str(lower(build(make, array(50))))) <= 6


def _windows(b: Builder, base: Value, *at: tuple[int, Value]) -> Value:
    for start, part in at:
        base = b.emit("accumulate", base, part, at=tuple(Span(start, d, 1) for d in part.shape))[0]
    return base


def test_additions_to_windows_of_an_array_are_one_pass_over_it() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        return _windows(b, b.matmul(x, x), (0, y), (2, y), (1, b.neg(y)))

    text = _check(build(make, array(30, 30), array(28, 28)), 1)
    assert "accumulate" not in text


def test_one_window_is_added_in_place() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        return _windows(b, b.matmul(x, x), (1, y))

    assert "accumulate" in _check(build(make, array(30, 30), array(28, 28)), 1)


def test_windows_whose_sum_is_read_in_between_are_added_in_place() -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        first = _windows(b, b.matmul(x, x), (0, y))
        return [first, _windows(b, first, (2, y))]

    assert str(lower(build(make, array(30, 30), array(28, 28)))).count("accumulate") == 2


def test_windows_that_would_split_the_loops_too_often_are_added_in_place() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        return _windows(b, b.matmul(x, x), *((k, y) for k in range(8)))

    assert "accumulate" in str(lower(build(make, array(30, 30), array(22, 22))))
