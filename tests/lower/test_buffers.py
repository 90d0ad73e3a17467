"""The buffer plan: writes in place, loop carries, copies where they are needed, reuse of memory."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Span, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import BOOL, INDEX
from gradir.lower.kernels import KernelProgram, Memory
from gradir.lower.lower import lower
from gradir.runtime.compile import compile_graph

from .build import array, branch, build, loop, turns


def _check(graph: Graph) -> KernelProgram:
    rng = np.random.default_rng(0)
    args = [
        rng.normal(size=v.shape) if v.dtype.is_float else v.dtype.numpy.type(3) for v in graph.block.params
    ]
    saved = [np.array(a) for a in args]
    for got, want in zip(compile_graph(graph)(*args), interpret(graph, *args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    for a, b in zip(args, saved, strict=True):
        np.testing.assert_array_equal(a, b)
    return lower(graph)


def _copies(program: KernelProgram) -> int:
    return sum("cop" in line for line in str(program).splitlines())


def test_a_loop_that_writes_element_by_element_works_in_the_output() -> None:
    def make(b: Builder, x: Value, n: Value) -> Value:
        def body(b: Builder, i: Value, a: Value) -> list[Value]:
            v = b.emit("index", a, i, at=(None,))[0]
            return [b.update(a, b.sin(v), i, at=(None,))]

        return loop(b, body, x, limits=(0, n, 1))[0]

    program = _check(build(make, array(5000), INDEX))
    assert program.arena == 0
    assert _copies(program) == 1, "only the input is copied, once"


def test_writes_to_a_fresh_array_need_no_copy() -> None:
    def make(b: Builder, x: Value) -> Value:
        zeros = b.zeros(x.array)
        return b.update(zeros, b.emit("index", x, at=(0,))[0], at=(3,))

    assert _copies(_check(build(make, array(5000)))) == 0


def test_an_array_that_is_read_later_is_copied_before_a_write() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        a = b.sin(x)
        return [b.update(a, b.literal(np.float64(2.0)), at=(3,)), a]

    assert _copies(_check(build(make, array(5000)))) == 1


def test_a_part_that_overlaps_what_it_is_read_from() -> None:
    def make(b: Builder, x: Value) -> Value:
        a = b.sin(x)
        return b.update(a, b.emit("index", a, at=(Span(0, 199),))[0], at=(Span(1, 199),))

    assert _copies(_check(build(make, array(200)))) == 0, "the part is put aside instead"


def test_a_part_computed_from_itself_is_written_in_place() -> None:
    def make(b: Builder, x: Value) -> Value:
        a, at = b.sin(x), (Span(1, 1000, 2),)
        return b.update(a, b.exp(b.emit("index", a, at=at)[0]), at=at)

    program = _check(build(make, array(3000)))
    assert program.arena == 0
    assert _copies(program) == 0


def test_carried_arrays_swap() -> None:
    def make(b: Builder, x: Value, y: Value) -> tuple[Value, ...]:
        return loop(b, lambda b, i, p, q: [q, p], x, y)

    _check(build(make, array(300), array(300)))


def test_carried_arrays_rotate() -> None:
    def make(b: Builder, x: Value, y: Value, z: Value) -> tuple[Value, ...]:
        return loop(b, lambda b, i, p, q, r: [q, b.add(r, p), p], x, y, z)

    _check(build(make, array(300), array(300), array(300)))


def test_carried_scalars_swap() -> None:
    def make(b: Builder, x: Value, y: Value) -> tuple[Value, ...]:
        return loop(b, lambda b, i, p, q: [q, p], x, y)

    _check(build(make, array(), array()))


def test_inits_of_an_inner_loop_cross() -> None:
    def make(b: Builder, x: Value, y: Value) -> tuple[Value, ...]:
        def outer(b: Builder, i: Value, p: Value, q: Value) -> tuple[Value, ...]:
            return loop(b, lambda b, j, s, t: [b.sin(s), b.cos(t)], q, p, limits=(0, 2, 1))

        return loop(b, outer, x, y)

    _check(build(make, array(300), array(300)))


def test_one_init_for_two_carries() -> None:
    def make(b: Builder, x: Value) -> tuple[Value, ...]:
        a = b.sin(x)
        return loop(b, lambda b, i, p, q: [b.cos(p), b.add(q, p)], a, a)

    _check(build(make, array(300)))


def test_an_elementwise_step_is_in_place() -> None:
    def make(b: Builder, x: Value, g: Value) -> Value:
        return loop(b, lambda b, i, p: [b.subtract(p, b.multiply(g, p))], x)[0]

    program = _check(build(make, array(5000), array(5000)))
    assert program.arena == 0
    assert _copies(program) == 1


def test_a_while_works_in_place() -> None:
    def make(b: Builder, x: Value, n: Value) -> list[Value]:
        def body(b: Builder, k: Value, a: Value, i: Value) -> tuple[Value, list[Value]]:
            v = b.emit("index", a, i, at=(None,))[0]
            following = b.add(i, b.int64(2))
            return b.less(following, n), [b.update(a, b.sin(v), i, at=(None,)), following]

        return list(turns(b, b.less(b.int64(0), n), body, x, b.int64(0))[1:])

    program = _check(build(make, array(5000), INDEX))
    assert program.arena == 0
    assert _copies(program) == 1, "only the input is copied, once"


def test_the_condition_of_a_while_is_that_of_its_own_turn() -> None:
    def make(b: Builder, x: Value, y: Value, p: Value) -> list[Value]:
        def body(b: Builder, k: Value, u: Value, v: Value, q: Value) -> tuple[Value, list[Value]]:
            first = b.emit("index", u, at=(0,))[0]
            smaller = b.update(v, b.multiply(first, b.literal(np.float64(0.5))), at=(0,))
            return q, [smaller, u, b.less(b.literal(np.float64(0.1)), first)]

        return list(turns(b, p, body, x, y, p))

    _check(build(make, array(300), array(300), BOOL))


def test_a_loop_that_does_not_run_gives_its_inits() -> None:
    def make(b: Builder, x: Value, n: Value) -> Value:
        return loop(b, lambda b, i, p: [b.sin(p)], x, limits=(3, n, 1))[0]

    _check(build(make, array(300), INDEX))


def test_a_value_from_outside_is_not_overwritten_in_a_loop() -> None:
    def make(b: Builder, x: Value) -> Value:
        a = b.sin(x)

        def body(b: Builder, i: Value, p: Value) -> list[Value]:
            changed = b.update(a, b.convert(i, dtype=a.dtype), at=(0,))
            return [b.add(p, changed)]

        return loop(b, body, b.zeros(x.array))[0]

    _check(build(make, array(300)))


def test_branches_write_into_the_result() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        p = b.less(b.emit("index", x, at=(0,))[0], b.emit("index", y, at=(0,))[0])
        (r,) = branch(b, p, lambda b: [b.sin(x)], lambda b: [b.add(x, y)])
        return b.exp(r)

    program = _check(build(make, array(300), array(300)))
    assert _copies(program) == 0


def test_the_arena_is_used_again() -> None:
    def make(b: Builder, x: Value) -> Value:
        v = x
        for _ in range(20):
            v = b.matmul(v, x)
        return v

    program = _check(build(make, array(20, 20)))
    assert program.arena == 2 * 20 * 20 * 8


def test_outputs_are_apart() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        a = b.sin(x)
        return [a, a, x, b.reshape(a, shape=(30, 10)), x]

    graph = build(make, array(300))
    _check(graph)
    x = np.ones(300)
    outputs = compile_graph(graph)(x)
    arrays = [*outputs, x]
    for k, a in enumerate(arrays):
        assert not any(np.shares_memory(a, b) for b in arrays[k + 1 :])


def test_large_arrays_begin_at_different_places_of_a_page() -> None:
    def make(b: Builder, x: Value) -> Value:
        first = b.matmul(x, x)
        second = b.matmul(first, x)
        third = b.matmul(second, first)
        return b.matmul(b.matmul(third, second), b.matmul(first, third))

    program = lower(build(make, array(32, 32)))
    places = [x.position % 4096 for x in program.buffers if x.memory is Memory.ARENA]
    apart = {min((p - q) % 4096, (q - p) % 4096) for p in places for q in places if p is not q}
    assert len(places) >= 3
    assert min(apart) >= 256
    _check(program.graph)


@pytest.mark.parametrize("shape", [(30, 40), (30, 1), (1, 40)])
def test_an_array_is_written_in_place_beside_sums_of_its_rows(shape: tuple[int, int]) -> None:
    def program(a: Any, x: Any) -> Any:
        total = np.zeros(len(a))
        for _ in range(9):
            total = total + np.sum(a * x, axis=1)
            a = a + 0.1 * x
        return total, a

    a, x = np.ones(shape), np.linspace(-1.0, 1.0, shape[0] * shape[1]).reshape(shape)
    for got, want in zip(gr.jit(program)(a, x), program(a, x), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    if 1 not in shape:
        assert "exchange" not in str(gr.jit(program).inspect(a, x).kernels)
