"""What is pushed is brought into the cache, by the loop that makes the element before it; nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import DType
from gradir.lower.llvm_program import emit
from gradir.lower.lower import lower
from gradir.runtime.compile import compile_graph

from .build import array, build, loop


def _halved(b: Builder, x: Value) -> Sequence[Value]:
    """Halve an array five times and save all of them; return the last two."""
    (stack,) = b.emit("stack_new", b.int64(0), element=x.array)

    def turn(b: Builder, i: Value, v: Value, s: Value) -> Sequence[Value]:
        half = b.multiply(v, b.like(v, 0.5))
        return [half, *b.emit("push", s, half)]

    _, full = loop(b, turn, x, stack)
    rest, top = b.emit("pop", full)
    return [top, b.emit("pop", rest)[1]]


def _halved_and_summed(b: Builder, x: Value) -> Sequence[Value]:
    """The same with the sum of all of them; return that and the last one."""
    (stack,) = b.emit("stack_new", b.int64(0), element=x.array)

    def turn(b: Builder, i: Value, v: Value, s: Value, total: Value) -> Sequence[Value]:
        half = b.multiply(v, b.like(v, 0.5))
        return [half, *b.emit("push", s, half), b.add(total, b.sum(half, axes=(0,)))]

    _, full, total = loop(b, turn, x, stack, b.sum(x, axes=(0,)))
    return [b.emit("pop", full)[1], total]


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32])
@pytest.mark.parametrize("size", [100, 500, 1000, 1024, 1100, 1087, 5003])
def test_lines_are_fetched_a_stretch_at_a_time(size: int, dtype: DType) -> None:
    graph = build(_halved, array(size, dtype=dtype))
    fetched = emit(lower(graph), "f").count("call void @llvm.prefetch")
    bytes_ = -(-size * dtype.numpy.itemsize // 64) * 64
    stretch = 64 * dtype.numpy.itemsize
    rest = bytes_ - size // 64 * stretch
    assert fetched == (0 if bytes_ < 4096 else (stretch + rest) // 64)
    x = np.linspace(0.1, 1.0, size).astype(dtype.numpy)
    for got, want in zip(compile_graph(graph)(x), interpret(graph, x), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_nest_with_a_sum_fetches_before_it() -> None:
    graph = build(_halved_and_summed, array(1000))
    assert emit(lower(graph), "f").count("call void @llvm.prefetch") == 1
    x = np.linspace(0.1, 1.0, 1000)
    for got, want in zip(compile_graph(graph)(x), interpret(graph, x), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


def _heat(rate: Any, start: Any) -> Any:
    u = start.copy()
    for _ in range(200):
        u[1:-1] += rate * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def test_what_is_popped_is_not_fetched_and_what_is_pushed_is_apart() -> None:
    program = gr.value_and_grad(_heat, (0, 1)).inspect(0.2, np.linspace(0.0, 1.0, 1000))
    assert "i32 0, i32 3, i32 1)" not in program.llvm, "a line that is only read"
    assert "memcheck" not in program.llvm, "LLVM had to compare addresses"
