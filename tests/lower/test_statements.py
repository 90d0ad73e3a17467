"""Single operations as machine code, where shapes, dtypes or layouts make a difference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import BOOL, INDEX, ArrayType, DType
from gradir.passes.adjoint import adjoint
from gradir.passes.pipeline import optimize
from gradir.runtime.compile import compile_graph

from tests.passes.programs import PROGRAMS, Program

from .build import array, build, loop, turns

SHAPES = [(7,), (1,), (0,), (5, 3), (3, 5, 2), (1, 4), (4, 1), (2, 0, 3), (33, 17)]


def _arguments(graph: Graph) -> list[Any]:
    rng = np.random.default_rng(1)
    found = []
    for v in graph.block.params:
        if v.dtype.is_float:
            found.append(rng.normal(size=v.shape).astype(v.dtype.numpy))
        else:
            found.append(rng.integers(0, 2 if v.dtype is DType.BOOL else 5, v.shape).astype(v.dtype.numpy))
    return found


def _check(graph: Graph, rtol: float = 1e-12) -> None:
    args = _arguments(graph)
    for got, want in zip(compile_graph(graph)(*args), interpret(graph, *args), strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol)


def _subsets(rank: int) -> list[tuple[int, ...]]:
    return [tuple(k for k in range(rank) if mask >> k & 1) for mask in range(1, 1 << rank)]


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32, DType.I64, DType.I32, DType.U8])
def test_sums_and_products_over_any_axes(dtype: DType) -> None:
    def make(b: Builder, *xs: Value) -> list[Value]:
        return [
            b.emit(op, x, axes=a)[0] for x in xs for a in _subsets(len(x.shape)) for op in ("sum", "prod")
        ]

    _check(build(make, *(array(*s, dtype=dtype) for s in SHAPES)), 1e-5 if dtype is DType.F32 else 1e-12)


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32, DType.I32])
def test_extremes_over_any_axes(dtype: DType) -> None:
    def make(b: Builder, *xs: Value) -> list[Value]:
        return [b.emit(op, x, axes=a)[0] for x in xs for a in _subsets(len(x.shape)) for op in ("max", "min")]

    _check(build(make, *(array(*s, dtype=dtype) for s in SHAPES if 0 not in s)))


def test_any_and_all() -> None:
    def make(b: Builder, *xs: Value) -> list[Value]:
        return [b.emit(op, x, axes=a)[0] for x in xs for a in _subsets(len(x.shape)) for op in ("any", "all")]

    _check(build(make, *(array(*s, dtype=DType.BOOL) for s in SHAPES)))


def test_extremes_pass_nan_on() -> None:
    for size in (5, 1000):
        graph = build(
            lambda b, x: [b.max(x, axes=(0,)), b.min(x, axes=(0,)), b.argmax(x, axis=0)], array(size)
        )
        compiled = compile_graph(graph)
        for at in (0, 3, size - 1):
            x = np.random.default_rng(0).normal(size=size)
            x[at] = np.nan
            high, low, where = compiled(x)
            assert np.isnan(high)
            assert np.isnan(low)
            assert where == at


def test_arg_reductions_and_scans_along_any_axis() -> None:
    def make(b: Builder, *xs: Value) -> list[Value]:
        found = []
        for x in xs:
            for k in range(len(x.shape)):
                found += [b.argmax(x, axis=k), b.argmin(b.sin(x), axis=k)]
                found += [b.cumsum(x, axis=k, reverse=r) for r in (False, True)]
                found += [b.cumprod(b.cos(x), axis=k, reverse=r) for r in (False, True)]
                found += [b.recurrence(x, b.sin(x), axis=k, reverse=r) for r in (False, True)]
        return found

    _check(build(make, *(array(*s) for s in SHAPES if 0 not in s)))


def test_float32_sums_keep_their_digits() -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        return [b.sum(x, axes=(0,)), b.sum(y, axes=(0,)), b.sum(y, axes=(1,))]

    x, y = np.full(1_000_000, 0.1, np.float32), np.full((20_000, 50), 0.1, np.float32)
    types = array(1_000_000, dtype=DType.F32), array(20_000, 50, dtype=DType.F32)
    whole, rows, columns = compile_graph(build(make, *types))(x, y)
    exact = float(np.float32(0.1))
    np.testing.assert_allclose(whole, exact * 1e6, rtol=1e-7)
    np.testing.assert_allclose(rows, exact * 2e4, rtol=1e-7)
    np.testing.assert_allclose(columns, exact * 50, rtol=1e-7)


@pytest.mark.parametrize("size", [8191, 8192, 8193, 100_001])
def test_long_sums_keep_their_digits(size: int) -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        return [b.sum(x, axes=(0,)), b.sum(y, axes=(1,)), b.max(x, axes=(0,)), b.sin(x)]

    x = np.random.default_rng(0).uniform(size=size)
    whole, rows, top, sine = compile_graph(build(make, array(size), array(3, size)))(
        x, np.stack([x, 2 * x, -x])
    )
    exact = math.fsum(x)
    assert abs(whole - exact) <= 2e-15 * exact
    assert (abs(rows - exact * np.array([1, 2, -1])) <= 4e-15 * exact).all()
    assert top == x.max()
    np.testing.assert_allclose(sine, np.sin(x), rtol=1e-14)


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32])
@pytest.mark.parametrize(
    "sizes", [(2, 3, 4), (20, 30, 40), (1, 40, 50), (50, 40, 1), (1, 900, 1), (3, 0, 4), (0, 3, 4)]
)
def test_products_with_transposes_and_parts(dtype: DType, sizes: tuple[int, int, int]) -> None:
    m, k, n = sizes

    def make(b: Builder, a: Value, at: Value, c: Value, ct: Value) -> list[Value]:
        lefts = [a, b.transpose(at, axes=(1, 0)), b.sin(a)]
        rights = [c, b.transpose(ct, axes=(1, 0))]
        return [b.matmul(x, y) for x in lefts for y in rights]

    shapes = ((m, k), (k, m), (k, n), (n, k))
    _check(build(make, *(array(*s, dtype=dtype) for s in shapes)), 1e-3 if dtype is DType.F32 else 1e-10)


def test_products_of_views() -> None:
    from gradir.ir.graph import Span

    def make(b: Builder, x: Value, y: Value, i: Value) -> list[Value]:
        part = b.emit("index", x, i, at=(None, Span(2, 20), Span(3, 30)))[0]
        back = b.emit("index", x, i, at=(None, Span(22, 20, -1), Span(3, 30)))[0]
        skip = b.emit("index", x, i, at=(None, Span(0, 12, 2), Span(0, 17, 2)))[0]
        same = b.broadcast(part, shape=(4, 20, 30), axes=(1, 2))
        flat = b.emit("index", y, at=(Span(0, 15, 2), Span(0, 20)))[0]
        return [
            b.matmul(b.transpose(part, axes=(1, 0)), back),
            b.matmul(skip, b.transpose(skip, axes=(1, 0))),
            b.matmul(same, b.transpose(same, axes=(0, 2, 1))),
            b.matmul(flat, part),
        ]

    _check(build(make, array(5, 25, 35), array(30, 20), INDEX), 1e-10)


@pytest.mark.parametrize("dtype", [DType.F64, DType.I64, DType.U8])
def test_stacks_of_products(dtype: DType) -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        return [b.matmul(x, y), b.matmul(b.transpose(y, axes=(0, 2, 1)), b.transpose(x, axes=(0, 2, 1)))]

    _check(build(make, array(3, 12, 13, dtype=dtype), array(3, 13, 14, dtype=dtype)), 1e-10)


def test_loops_over_any_range() -> None:
    ranges = [
        (0, 5, 1),
        (5, 0, -1),
        (7, -4, -3),
        (0, 0, 1),
        (3, 1, 1),
        (-5, 20, 7),
        (2, 3, 100),
        (3, 2, -100),
    ]

    def make(b: Builder, low: Value, high: Value, step: Value) -> list[Value]:
        limits = [*ranges, (low, high, step)]
        body = lambda b, i, s, c: [b.add(b.multiply(s, b.int64(3)), i), b.add(c, b.int64(1))]  # noqa: E731
        return [v for r in limits for v in loop(b, body, b.int64(1), b.int64(0), limits=r)]

    compiled = compile_graph(build(make, INDEX, INDEX, INDEX))
    for dynamic in ranges:
        want = []
        for r in (*ranges, dynamic):
            total, count = 1, 0
            for i in range(*r):
                total, count = total * 3 + i, count + 1
            want += [total, count]
        assert [int(v) for v in compiled(*dynamic)] == want


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
def test_gradients_through_loops_and_branches(program: Program) -> None:
    graph = optimize(adjoint(program.graph, program.wrt))
    expected = interpret(graph, *program.args)
    given = [np.asarray(a, v.dtype.numpy) for a, v in zip(program.args, graph.block.params, strict=True)]
    for got, want in zip(compile_graph(graph)(*given), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_a_while_counts_its_turns() -> None:
    def make(b: Builder, n: Value) -> list[Value]:
        def body(b: Builder, k: Value, s: Value) -> tuple[Value, list[Value]]:
            return b.less(b.add(k, b.int64(1)), n), [b.add(s, b.multiply(k, k))]

        return list(turns(b, b.less(b.int64(0), n), body, b.int64(5)))

    compiled = compile_graph(build(make, INDEX))
    for n in (-1, 0, 1, 2, 100_000):
        assert [int(v) for v in compiled(n)] == [max(n, 0), 5 + sum(k * k for k in range(n))]


def test_the_kernels_of_a_while_as_text() -> None:
    def make(b: Builder, x: Value, p: Value) -> list[Value]:
        def body(b: Builder, k: Value, v: Value) -> tuple[Value, list[Value]]:
            w = b.sin(v)
            return b.less(b.emit("index", w, at=(0,))[0], b.convert(k, dtype=v.dtype)), [w]

        return list(turns(b, p, body, x))

    text = str(compile_graph(build(make, array(300), BOOL)).kernels)
    assert "%2, out1 = while %0 count %1 carry (out1 = in0) {" in text
    assert "yield %6, out1" in text


def test_stacks_grow_and_come_back_in_order() -> None:
    def make(b: Builder, x: Value, n: Value) -> list[Value]:
        found = []
        for value in (x, b.emit("index", x, at=(0,))[0]):
            stack = b.emit("stack_new", b.int64(0), element=value.array)[0]
            scale = lambda b, i, v: b.multiply(v, b.spread(b.convert(i, dtype=v.dtype), v.array))  # noqa: E731
            push = lambda b, i, s, v=value, f=scale: [b.emit("push", s, f(b, i, v))[0]]  # noqa: E731
            (full,) = loop(b, push, stack, limits=(0, n, 1))

            def pop(b: Builder, i: Value, s: Value, total: Value, scale: Any = scale) -> list[Value]:
                rest, top = b.emit("pop", s)
                return [rest, b.add(total, scale(b, i, top))]

            found.append(loop(b, pop, full, b.zeros(value.array), limits=(0, n, 1))[1])
        return found

    graph = build(make, array(40), INDEX)
    x = np.random.default_rng(0).normal(size=40)
    for n in (0, 1, 1000):
        want = x * sum((n - 1 - i) * i for i in range(n))
        got = compile_graph(graph)(x, n)
        np.testing.assert_allclose(got[0], want)
        np.testing.assert_allclose(got[1], want[0])


@pytest.mark.parametrize("hint", [-5, 0, 2**61, 2**63 - 1])
def test_any_hint_of_capacity_will_do(hint: int) -> None:
    def make(b: Builder, x: Value, n: Value) -> Value:
        stack = b.emit("stack_new", n, element=x.array)[0]
        (stack,) = b.emit("push", stack, x)
        return b.emit("pop", stack)[1]

    assert compile_graph(build(make, array(), INDEX))(1.5, hint)[0] == 1.5


def test_writes_of_every_dtype() -> None:
    def make(b: Builder, *xs: Value) -> list[Value]:
        i = b.int64(1)
        parts = [b.emit("index", x, at=(0,))[0] for x in xs]
        return [b.update(x, part, i, at=(None,)) for x, part in zip(xs, parts, strict=True)]

    _check(build(make, *(array(3, dtype=d) for d in DType)))


def test_single_writes_of_scalars_and_empty_arrays() -> None:
    def make(b: Builder, x: Value, y: Value, z: Value) -> list[Value]:
        found = [b.update(x, y, at=()), b.accumulate(x, y, at=())]
        found += [b.emit("index", x, at=())[0], b.sum(x, axes=()), b.sum(z, axes=())]
        return [
            *found,
            b.reshape(x, shape=(1, 1)),
            b.transpose(x, axes=()),
            b.broadcast(x, shape=(), axes=()),
        ]

    _check(build(make, array(), array(), array(3, 4)))


def test_array_constants() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        ramp, flags = b.literal(np.arange(12.0).reshape(3, 4)), b.literal(np.array([True, False, True]))
        empty = b.literal(np.zeros((0, 3), np.float32))
        picked = b.where(b.broadcast(flags, shape=(3, 4), axes=(0,)), x, ramp)
        return [b.add(x, ramp), picked, empty, ramp, b.update(ramp, b.literal(np.float64(7)), at=(0, 0))]

    _check(build(make, array(3, 4)))


def test_exact_constants() -> None:
    odd = np.array([0x7FF8000000000123, 0xFFF0000000000000, 0x8000000000000000, 1], np.uint64).view(
        np.float64
    )
    single = np.array([0x7FC00123, 0xFF800000, 0x80000000, 1, 0x3DCCCCCD], np.uint32).view(np.float32)

    def make(b: Builder, x: Value) -> list[Value]:
        return [b.literal(v) for v in odd] + [b.literal(v) for v in single] + [b.literal(single)]

    out = compile_graph(build(make, array()))(0.0)
    assert [v.tobytes() for v in out[:4]] == [v.tobytes() for v in odd]
    assert [v.tobytes() for v in out[4:9]] == [v.tobytes() for v in single]
    assert out[9].tobytes() == single.tobytes()


def test_index_checks_on_arrays() -> None:
    graph = build(lambda b, i: b.check_index(i, size=5, axis=2), ArrayType(DType.I64, (4,)))
    compiled = compile_graph(graph)
    np.testing.assert_array_equal(compiled(np.array([0, -1, 4, -5]))[0], [0, 4, 4, 0])
    with pytest.raises(IndexError, match="index -6 is out of bounds for axis 2 with size 5"):
        compiled(np.array([0, 1, -6, 9]))


def test_branches_on_data() -> None:
    from .build import branch

    def make(b: Builder, p: Value, x: Value) -> list[Value]:
        return list(branch(b, p, lambda b: [b.sin(x), b.int64(1)], lambda b: [x, b.int64(2)]))

    compiled = compile_graph(build(make, BOOL, array(3)))
    x = np.array([1.0, 2.0, 3.0])
    for p in (True, False, np.True_):
        got, number = compiled(p, x)
        np.testing.assert_allclose(got, np.sin(x) if p else x)
        assert number == (1 if p else 2)
