"""Large results lie in memory of results that are gone, and never in that of others."""

from __future__ import annotations

import threading
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.runtime.result_memory import LARGE, MOST_KEPT, ResultMemory

F64 = np.dtype(np.float64)
N = LARGE // 8


def address(x: Any) -> int:
    return int(x.ctypes.data)


@pytest.mark.parametrize("holder", [lambda x: x, lambda x: x[5:7], lambda x: memoryview(x), lambda x: [x.T]])
def test_memory_is_used_again_when_nothing_holds_it(holder: Any) -> None:
    memory = ResultMemory()
    array = memory.empty((N,), F64)
    first = address(array)
    held = holder(array)
    del array
    assert address(memory.empty((N,), F64)) != first
    del held
    others = [memory.empty((N,), F64) for _ in range(3)]
    assert first in map(address, others)


def test_arrays_are_aligned_and_begin_at_different_places_of_a_page() -> None:
    memory = ResultMemory()
    arrays = [memory.empty((N, 2), F64) for _ in range(4)]
    assert all(address(x) % 64 == 0 and x.shape == (N, 2) and x.flags.c_contiguous for x in arrays)
    assert len({address(x) % 4096 for x in arrays}) == 4
    for k, x in enumerate(arrays):
        x[...] = k
    assert [x[-1, -1] for x in arrays] == [0, 1, 2, 3]


def test_small_and_huge_results_are_numpys_own() -> None:
    memory = ResultMemory()
    assert memory.empty((N - 1,), F64).base is None
    assert memory.empty((0, 5), F64).shape == (0, 5)
    assert memory.empty((MOST_KEPT + 8,), np.dtype(np.bool_)).base is None


def test_a_block_serves_sizes_near_its_own() -> None:
    memory = ResultMemory()
    first = address(memory.empty((N + N // 40,), F64))
    assert address(memory.empty((N,), F64)) == first
    assert address(memory.empty((N // 1 * 2,), F64)) != first
    assert memory.empty((4 * N,), np.dtype(np.bool_)).nbytes == 4 * N


def test_results_that_stay_are_forgotten_but_not_touched() -> None:
    memory = ResultMemory()
    arrays = []
    for k in range(100):
        arrays.append(memory.empty((N,), F64))
        arrays[-1][...] = k
    assert len({address(x) for x in arrays}) == 100
    assert all(np.all(x == k) for k, x in enumerate(arrays))


def test_threads_never_get_the_same_memory() -> None:
    memory = ResultMemory()
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(300):
            a, b = memory.empty((N,), F64), memory.empty((N,), F64)
            a[::4096] = number
            b[::4096] = -number
            if np.any(a[::4096] != number) or np.any(b[::4096] != -number):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_results_of_calls() -> None:
    gradient = gr.grad(lambda x: np.sum(x * x))
    x = np.ones(N)
    kept = [gradient(x * k) for k in range(4)]  # by Python first, then by the entry
    assert [g[-1] for g in kept] == [0.0, 2.0, 4.0, 6.0]
    assert len({address(g) for g in kept}) == 4
    seen = set()
    for _ in range(8):
        seen.add(address(gradient(x)))
    assert len(seen) == 1
    assert [g[0] for g in kept] == [0.0, 2.0, 4.0, 6.0]
