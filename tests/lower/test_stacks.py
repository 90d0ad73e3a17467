"""Stacks in machine code: strips that loops walk without counting, memory that is kept between calls."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import INDEX
from gradir.lower.llvm_program import emit
from gradir.lower.llvm_stack_memory import stride
from gradir.lower.lower import lower
from gradir.runtime.compile import compile_graph

from .build import array, branch, build, loop


def pushed_and_popped(element: tuple[int, ...], hint: int = 0) -> Graph:
    """Push `x * i` in two nested loops of run-time lengths; fold what is popped, last first."""

    def make(b: Builder, x: Value, n: Value, m: Value) -> Sequence[Value]:
        (stack,) = b.emit("stack_new", b.int64(hint), element=x.array)

        def push(b: Builder, j: Value, s: Value) -> Sequence[Value]:
            scaled = b.multiply(x, b.spread(b.convert(j, dtype=x.dtype), x.array))
            return b.emit("push", s, scaled)

        def pop(b: Builder, j: Value, s: Value, total: Value) -> Sequence[Value]:
            s, top = b.emit("pop", s)
            return s, b.add(b.multiply(total, b.like(total, 0.5)), top)

        (full,) = loop(b, lambda b, i, s: loop(b, push, s, limits=(0, m, 1)), stack, limits=(0, n, 1))
        _, total = loop(
            b, lambda b, i, *c: loop(b, pop, *c, limits=(0, m, 1)), full, b.like(x, 0.0), limits=(0, n, 1)
        )
        return [total]

    return build(make, array(*element), INDEX, INDEX)


@pytest.mark.parametrize("element", [(), (3,), (700,)])
def test_loops_push_and_pop_as_many_as_they_have_turns(element: tuple[int, ...]) -> None:
    graph = pushed_and_popped(element)
    compiled, x = compile_graph(graph), np.random.default_rng(0).normal(size=element)
    for n, m in ((0, 0), (1, 0), (0, 1), (1, 1), (3, 40), (40, 3), (2, 1)):
        np.testing.assert_allclose(compiled(x, n, m)[0], interpret(graph, x, n, m)[0], rtol=1e-12)


def test_a_loop_that_pushes_each_turn_has_neither_count_nor_check() -> None:
    text = emit(lower(pushed_and_popped(())), "f")
    loops = re.findall(r"\nloop\d+:((?:(?!\nloop).)*?)\nlatch\d+:", text, re.DOTALL)
    pushes = [body for body in loops if "store double" in body and "fmul double %" in body]
    assert len(pushes) == 2, "the innermost loops: one pushes, one pops"
    assert not any("stack.grow" in body or "store i64" in body for body in pushes)


def test_a_loop_of_pushes_is_vectorised() -> None:
    graph = pushed_and_popped(())
    assert re.search(r"store <\d+ x double>", compile_graph(graph).llvm)


def test_pushes_under_a_branch_are_counted() -> None:
    def make(b: Builder, x: Value, n: Value) -> Sequence[Value]:
        (stack,) = b.emit("stack_new", b.int64(0), element=x.array)

        def push(b: Builder, i: Value, s: Value, c: Value) -> Sequence[Value]:
            odd = b.equal(b.remainder(i, b.int64(2)), b.int64(1))
            on = lambda b: [*b.emit("push", s, b.convert(i, dtype=x.dtype)), b.add(c, b.int64(1))]  # noqa: E731
            return branch(b, odd, on, lambda b: [s, c])

        def pop(b: Builder, i: Value, s: Value, total: Value) -> Sequence[Value]:
            s, top = b.emit("pop", s)
            return s, b.add(b.multiply(total, x), top)

        full, count = loop(b, push, stack, b.int64(0), limits=(0, n, 1))
        return [loop(b, pop, full, b.like(x, 0.0), limits=(0, count, 1))[1]]

    graph = build(make, array(), INDEX)
    compiled = compile_graph(graph)
    for n in (0, 1, 2, 9, 30):
        np.testing.assert_allclose(compiled(0.5, n), interpret(graph, 0.5, n), rtol=1e-12)


@pytest.mark.parametrize("element", [(), (3,)])
def test_a_branch_may_leave_one_of_two_stacks(element: tuple[int, ...]) -> None:
    def filled(b: Builder, x: Value, n: Value) -> tuple[Value, ...]:
        (stack,) = b.emit("stack_new", b.int64(0), element=x.array)
        return loop(b, lambda b, i, s: b.emit("push", s, x), stack, limits=(0, n, 1))

    def make(b: Builder, x: Value, n: Value, m: Value) -> Sequence[Value]:
        doubled = b.add(x, x)
        (stack,) = branch(
            b, b.less(n, m), lambda b: filled(b, x, n), lambda b: filled(b, doubled, b.add(n, b.int64(1)))
        )
        _, top = b.emit("pop", stack)
        return [top]

    graph = build(make, array(*element), INDEX, INDEX)
    compiled, x = compile_graph(graph), np.full(element, 0.5)
    for n, m in ((1, 5), (3, 2), (40, 50), (40, 3)):
        np.testing.assert_allclose(compiled(x, n, m)[0], interpret(graph, x, n, m)[0], rtol=1e-12)


def loops_in_nested_branches(x: Any) -> Any:
    y = x * 1.0
    if x > 0:
        if x > 1:
            for _ in range(3):
                y = np.sin(y) * x
        else:
            for _ in range(4):
                y = np.cos(y) * x
    else:
        for _ in range(2):
            y = y * y + x
    return y


@pytest.mark.parametrize("x", [2.0, 0.5, -0.7])
def test_a_stack_of_a_branch_in_a_branch(x: float) -> None:
    first = gr.grad(loops_in_nested_branches)
    second, h = gr.grad(first), 1e-5
    assert second(x) == pytest.approx((first(x + h) - first(x - h)) / (2 * h), rel=1e-6)
    assert gr.grad(second)(x) == pytest.approx((second(x + h) - second(x - h)) / (2 * h), rel=1e-6)


def test_a_loop_may_carry_another_stack_in_each_turn() -> None:
    def make(b: Builder, x: Value, n: Value) -> Sequence[Value]:
        (stack,) = b.emit("stack_new", b.int64(4), element=x.array)
        (stack,) = b.emit("push", stack, x)

        def again(b: Builder, i: Value, s: Value) -> Sequence[Value]:
            _, top = b.emit("pop", s)
            (new,) = b.emit("stack_new", b.int64(2), element=x.array)
            return b.emit("push", new, b.add(b.multiply(top, x), b.convert(i, dtype=x.dtype)))

        (left,) = loop(b, again, stack, limits=(0, n, 1))
        return [b.emit("pop", left)[1]]

    graph = build(make, array(), INDEX)
    compiled = compile_graph(graph)
    for n in (0, 1, 2, 9):
        np.testing.assert_allclose(compiled(0.5, n), interpret(graph, 0.5, n), rtol=1e-12)


def test_more_turns_than_memory_end_the_run() -> None:
    compiled = compile_graph(pushed_and_popped(()))
    for n in (2**61, 2**62 + 1, 2**45):
        with pytest.raises(MemoryError):
            compiled(1.0, 1, n)
    assert compiled(1.0, 2, 2)[0] == interpret(pushed_and_popped(()), 1.0, 2, 2)[0]


def test_a_run_that_ends_early_leaves_the_stacks_usable() -> None:
    def make(b: Builder, x: Value, n: Value, bad: Value) -> Sequence[Value]:
        (stack,) = b.emit("stack_new", b.int64(0), element=x.array)

        def push(b: Builder, i: Value, s: Value) -> Sequence[Value]:
            b.emit("check", b.not_equal(i, bad), exception="ValueError", message="bad")
            return b.emit("push", s, x)

        (full,) = loop(b, push, stack, limits=(0, n, 1))
        _, top = b.emit("pop", full)
        return [top]

    compiled = compile_graph(build(make, array(100), INDEX, INDEX))
    for k in range(5):
        x = np.full(100, float(k))
        with pytest.raises(ValueError, match="bad"):
            compiled(x, 50, 20)
        np.testing.assert_array_equal(compiled(x, 50, -1)[0], x)


def test_calls_at_the_same_time_have_stacks_of_their_own() -> None:
    graph = pushed_and_popped((50,))
    compiled = compile_graph(graph)
    wanted = {k: interpret(graph, np.full(50, float(k)), 3, 30)[0] for k in range(8)}

    def run(k: int) -> None:
        for _ in range(50):
            np.testing.assert_allclose(compiled(np.full(50, float(k)), 3, 30)[0], wanted[k], rtol=1e-12)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(8)))


def test_large_elements_begin_on_cache_lines() -> None:
    assert [stride(n) for n in (0, 1, 8, 24, 512, 520, 7984)] == [1, 1, 8, 24, 512, 576, 8000]


def test_a_pushed_value_is_computed_where_it_lies() -> None:
    def make(b: Builder, x: Value) -> Sequence[Value]:
        (stack,) = b.emit("stack_new", b.int64(0), element=x.array)

        def push(b: Builder, i: Value, v: Value, s: Value) -> Sequence[Value]:
            w = b.sin(b.exp(v))
            return [b.multiply(w, v), *b.emit("push", s, w)]

        last, full = loop(b, push, x, stack)
        return [last, b.emit("pop", full)[1]]

    graph = build(make, array(1000))
    x = np.linspace(0.1, 1.0, 1000)
    for got, want in zip(compile_graph(graph)(x), interpret(graph, x), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    text = str(lower(graph))
    assert text.count("nest [") == 1, text
    assert text.count("store") == 1, text


def test_a_value_read_before_a_push_in_the_same_nest_is_written_in_place() -> None:
    def make(b: Builder, x: Value) -> Sequence[Value]:
        (stack,) = b.emit("stack_new", b.int64(0), element=x.array)
        step = lambda b, i, v, s: [b.multiply(v, b.like(v, 0.5)), *b.emit("push", s, v)]  # noqa: E731
        last, full = loop(b, step, x, stack)
        rest, top = b.emit("pop", full)
        return [last, top, b.emit("pop", rest)[1]]

    graph = build(make, array(1000))
    text = str(lower(graph))
    assert "copy" not in text[text.index("for") : text.index("pop")], text
    x = np.linspace(0.1, 1.0, 1000)
    for got, want in zip(compile_graph(graph)(x), interpret(graph, x), strict=True):
        np.testing.assert_array_equal(got, want)


def test_what_is_popped_is_apart_from_what_is_written() -> None:
    def descend(rate, start):
        w, m = start.copy(), np.zeros_like(start)
        for _ in range(20):
            m = 0.9 * m + 0.1 * (w * w * w - w)
            w = w - rate * m
        return np.sum(w * w)

    text = gr.grad(descend, argnums=(0, 1)).inspect(0.1, np.linspace(0.0, 1.0, 3000)).llvm
    backward = text[text.rindex("@llvm.prefetch.p0(ptr %") :]
    assert " load <" in backward
    assert " load double" not in backward  # LLVM had to compare no addresses, so there is no slow way round
