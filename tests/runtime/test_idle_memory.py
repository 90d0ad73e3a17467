"""Memory between calls: several threads at once find some each, no more is kept than said, all is freed."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.lower import llvm_idle
from gradir.lower.llvm_idle import PLACES, places_for
from gradir.lower.llvm_text import FunctionText, ModuleText
from gradir.runtime import memory_count
from gradir.runtime.compile import ENTRY, Compiled
from gradir.runtime.machine_code import generate, link

_THREADS, _CALLS = 6, 40


def with_a_workspace(w: Any) -> Any:
    h = np.tanh(w @ w)
    return np.mean(h * np.sin(h))


def with_stacks(u: Any) -> Any:
    for _ in range(20):
        u = u - 0.01 * u * u
    return np.sum(u)


def with_large_stacks(u: Any) -> Any:
    for _ in range(50):
        u = u - 0.01 * u * u
    return np.sum(u)


@contextmanager
def counted(compiled: Compiled) -> Iterator[tuple[Any, Any]]:
    """The entry of a copy of the code, and the heap that it allocates from."""
    heap = memory_count._Heap()
    linked = link(compiled.machine_code()[0], compiled.provide, instead=heap.functions)
    yield ENTRY(linked.address(compiled.name)), heap
    ctypes.CFUNCTYPE(None)(linked.address(compiled.name + ".release"))()


def at_once(work: Callable[[], object]) -> None:
    """Run the same in several threads, which change as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=work) for _ in range(_THREADS)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("f", [with_a_workspace, with_stacks, with_large_stacks], ids=lambda f: f.__name__)
def test_calls_at_once_do_not_allocate_each_time(f: Callable[..., Any]) -> None:
    x = np.linspace(-1.0, 1.0, 120 * 120).reshape(120, 120)
    compiled = gr.value_and_grad(f).inspect(x).compiled
    want = compiled(x)
    with counted(compiled) as (entry, heap):
        wrong = []

        def work() -> None:
            for _ in range(_CALLS):
                got = compiled.run(entry, [x])
                wrong.extend(k for k, (a, b) in enumerate(zip(got, want, strict=True)) if (a != b).any())

        compiled.run(entry, [x])
        once, kept = heap.allocations, heap.now
        at_once(work)
        assert not wrong
        if f is not with_large_stacks:
            assert heap.allocations <= once * (PLACES + _THREADS)
        assert heap.now <= PLACES * kept
    assert heap.now == 0, "nothing is left when the code is given up"


def test_one_thread_allocates_once() -> None:
    x = np.ones((120, 120))
    compiled = gr.value_and_grad(with_a_workspace).inspect(x).compiled
    with counted(compiled) as (entry, heap):
        for _ in range(50):
            compiled.run(entry, [x])
        assert heap.allocations == 1


@pytest.mark.parametrize(
    ("size", "count"),
    [(1, PLACES), (1 << 24, PLACES), (1 << 26, 4), (90 << 20, 2), (1 << 28, 1), (1 << 40, 1)],
)
def test_large_workspaces_are_few(size: int, count: int) -> None:
    assert places_for(size) == count


@pytest.mark.parametrize("count", [1, 4, PLACES])
def test_what_finds_no_place_is_given_back(count: int) -> None:
    module = ModuleText()
    places = llvm_idle.new_places(module, "places")
    take, leave = FunctionText("define ptr @take()"), FunctionText("define ptr @leave(ptr %memory)")
    take.line(f"ret ptr {llvm_idle.take(take, places, count)}")
    leave.line(f"ret ptr {llvm_idle.leave(leave, places, count, '%memory')}")
    module.functions += [take, leave]
    code = link(generate(str(module)), lambda _: None)
    pointer = ctypes.c_void_p
    taken = ctypes.CFUNCTYPE(pointer)(code.address("take"))
    left = ctypes.CFUNCTYPE(pointer, pointer)(code.address("leave"))
    assert taken() is None
    assert [left(k + 1) for k in range(count + 1)] == [None] * count + [count + 1]
    assert sorted(taken() for _ in range(count)) == list(range(1, count + 1))
    assert taken() is None
