"""Products of matrices: what BLAS is called with, and what becomes loops that others share."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Span, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import DType
from gradir.lower.llvm_program import emit
from gradir.lower.lower import lower
from gradir.runtime.compile import compile_graph

from .build import array, build, loop, nests


def _check(graph: Graph) -> str:
    rng = np.random.default_rng(0)
    args = [rng.uniform(0.5, 1.5, v.shape).astype(v.dtype.numpy) for v in graph.block.params]
    exact = all(v.dtype is DType.F64 for v in graph.block.params)
    for got, want in zip(compile_graph(graph)(*args), interpret(graph, *args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12 if exact else 1e-5, atol=1e-13)
    return str(lower(graph))


def _part(b: Builder, x: Value, *spans: Span) -> Value:
    return b.emit("index", x, at=spans)[0]


VIEWS = {
    "transposed": lambda b, x: b.transpose(_part(b, x, Span(0, 30, 1), Span(0, 20, 1)), axes=(1, 0)),
    "rows": lambda b, x: _part(b, x, Span(5, 20, 1), Span(0, 30, 1)),
    "columns": lambda b, x: _part(b, x, Span(0, 20, 1), Span(3, 30, 1)),
    "every other row": lambda b, x: _part(b, x, Span(1, 20, 2), Span(3, 30, 1)),
    "columns, transposed": lambda b, x: b.transpose(_part(b, x, Span(2, 30, 1), Span(7, 20, 1)), axes=(1, 0)),
}


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32])
@pytest.mark.parametrize("view", VIEWS)
def test_parts_of_larger_matrices_are_not_copied(view: str, dtype: DType) -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        a = VIEWS[view](b, x)
        return [
            b.matmul(a, _part(b, y, Span(4, 30, 1), Span(1, 12, 1))),
            b.matmul(b.transpose(a, axes=(1, 0)), a),
        ]

    text = _check(build(make, array(50, 40, dtype=dtype), array(40, 40, dtype=dtype)))
    assert nests(text) == 0
    assert "copy" not in text


def test_stacks_of_matrices_are_not_copied() -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        one = b.broadcast(y, shape=(6, 12, 11), axes=(1, 2))
        middle = b.transpose(_part(b, x, *(Span(1, n, 1) for n in (10, 6, 12))), axes=(1, 0, 2))
        return [b.matmul(middle, one), b.matmul(b.transpose(middle, axes=(0, 2, 1)), middle)]

    assert nests(_check(build(make, array(12, 8, 14), array(12, 11)))) == 0


def test_the_bias_and_the_activation_are_one_pass_over_the_product() -> None:
    def make(b: Builder, x: Value, w: Value, bias: Value, ct: Value) -> list[Value]:
        product = b.matmul(x, w)
        product = b.multiply(b.like(product, 0.1), product)
        h = b.tanh(b.add(product, b.broadcast(bias, shape=product.shape, axes=(1,))))
        back = b.multiply(ct, b.subtract(b.like(h, 1.0), b.square(h)))
        return [h, b.sum(back, axes=(0,)), back]

    text = _check(build(make, array(40, 30), array(30, 50), array(50), array(40, 50)))
    assert nests(text) == 1


def test_products_with_vectors_are_loops_that_others_share() -> None:
    """The residual of least squares, its square and its gradient, read the matrix once."""

    def make(b: Builder, a: Value, x: Value, y: Value) -> list[Value]:
        r = b.subtract(b.reshape(b.matmul(a, b.reshape(x, shape=(100, 1))), shape=(4000,)), y)
        g = b.matmul(b.transpose(a, axes=(1, 0)), b.reshape(r, shape=(4000, 1)))
        return [b.sum(b.square(r), axes=(0,)), b.reshape(g, shape=(100,))]

    text = _check(build(make, array(4000, 100), array(100), array(4000)))
    assert "matmul" not in text
    assert text.count("band ") == 1
    assert "  b0" not in text, "the residual is never in memory as a whole"


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32])
def test_vectors_on_either_side(dtype: DType) -> None:
    def make(b: Builder, a: Value, c: Value, row: Value, column: Value) -> list[Value]:
        turned = b.transpose(a, axes=(1, 0))
        stack = b.transpose(c, axes=(0, 2, 1))
        three = b.broadcast(row, shape=(3, 1, 20), axes=(1, 2))
        return [
            b.matmul(row, a),
            b.matmul(turned, column),
            b.matmul(a, b.transpose(row2(b, row), axes=(1, 0))),
            b.matmul(three, c),
            b.matmul(stack, b.transpose(three, axes=(0, 2, 1))),
            b.matmul(column, row),
            b.matmul(row, column),
        ]

    def row2(b: Builder, row: Value) -> Value:
        return b.emit("index", row, at=(Span(0, 1, 1), Span(2, 15, 1)))[0]

    types = [array(*s, dtype=dtype) for s in ((20, 15), (3, 20, 9), (1, 20), (20, 1))]
    assert "matmul" not in _check(build(make, *types))


def test_an_outer_product_is_added_where_it_is_formed() -> None:
    def make(b: Builder, x: Value, y: Value, total: Value) -> Value:
        def body(inner: Builder, i: Value, t: Value) -> list[Value]:
            return [inner.add(t, inner.matmul(x, inner.sin(y)))]

        return loop(b, body, total)[0]

    text = _check(build(make, array(30, 1), array(1, 20), array(30, 20)))
    assert "matmul" not in text


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32, DType.I64])
def test_many_small_products_that_are_alike_are_one_function(dtype: DType) -> None:
    def make(count: int) -> Graph:
        def body(b: Builder, x: Value, y: Value) -> list[Value]:
            whole, a = b.transpose(_part(b, x, *[Span(1, 4, 1)] * 2), axes=(1, 0)), y
            for _ in range(count):
                a = b.matmul(whole, b.matmul(a, whole))
            stack = b.broadcast(a, shape=(3, 4, 4), axes=(1, 2))
            return [b.matmul(stack, b.transpose(stack, axes=(0, 2, 1)))]

        return build(body, array(6, 6, dtype=dtype), array(4, 4, dtype=dtype))

    def functions(graph: Graph) -> int:
        return emit(lower(graph), "f").count("define internal void @product.")

    assert functions(make(3)) == 0
    assert functions(make(20)) == 3
    _check(make(3))
    _check(make(20))
