"""The number of threads, and the pool: several users at once, forks, signals, and the end of the process."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradir as gr
import llvmlite.binding as llvm
import numpy as np
import pytest
from gradir.lower.outside import PARALLEL
from gradir.runtime.thread_pool import provide_threads
from gradir.runtime.threads import MOST, VARIABLE

PATIENCE = 400  # seconds until a process that hangs is ended
linux = pytest.mark.skipif(sys.platform != "linux", reason="there is a pool on Linux only")


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = gr.get_num_threads()
    yield
    gr.set_num_threads(before)


@pytest.mark.parametrize("n", [0, -1, MOST + 1, 10**30])
def test_numbers_of_threads_that_there_cannot_be(n: int) -> None:
    with pytest.raises(ValueError, match=f"the number of threads is from 1 to {MOST}, not {n}"):
        gr.set_num_threads(n)


@pytest.mark.parametrize("n", ["a", 2.0, None, True, [2]])
def test_what_is_no_number_of_threads(n: Any) -> None:
    with pytest.raises(TypeError, match="the number of threads is an int, not"):
        gr.set_num_threads(n)


def test_the_number_is_what_was_set() -> None:
    for n in (1, np.int32(3), MOST):
        gr.set_num_threads(n)
        assert gr.get_num_threads() == n
        assert type(gr.get_num_threads()) is int


def _in_python(program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, **variables}
    )


def test_the_number_is_that_of_the_environment() -> None:
    program = "import gradir as gr; print(gr.get_num_threads())"
    assert _in_python(program, **{VARIABLE: "3"}).stdout == "3\n"
    for wrong in ("0", "many"):
        message = f"ValueError: {VARIABLE} is a number from 1 to {MOST}, not '{wrong}'"
        assert message in _in_python(program, **{VARIABLE: wrong}).stderr


@linux
def test_the_number_is_that_of_the_processors() -> None:
    limit = "import os; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])"
    program = f"{limit}; import gradir as gr; print(gr.get_num_threads())"
    assert _in_python(program, **{VARIABLE: ""}).stdout == "1\n"


@linux
@pytest.mark.parametrize(
    "what", ["idle", "sleeping", "signals", "counts", "forked", "pooled", "prange", "exiting"]
)
def test_in_a_process_of_its_own(what: str) -> None:
    script = Path(__file__).with_name("threaded_script.py")
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(script), what]
    found = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert found.returncode == 0, found.stderr
    assert found.stderr == ""


PRODUCT = """
import os, gradir as gr, numpy as np
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.types import ArrayType, DType
from gradir.ops import OPS
from gradir.runtime.compile import compile_graph

b, x = Builder(OPS), Value(ArrayType(DType.F64, (20, 20)))
graph = Graph("f", b.block([x], [b.matmul(x, x)]), ("x",), ("y",))
compile_graph(graph)(np.eye(20))
print(os.environ.get("OPENBLAS_THREAD_TIMEOUT"))
"""


def test_loading_blas_leaves_the_environment_as_it_was() -> None:
    assert _in_python(PRODUCT).stdout == "None\n"
    assert _in_python(PRODUCT, OPENBLAS_THREAD_TIMEOUT="20").stdout == "20\n"


def loss(x, y):
    return np.sum(np.log(1.0 + np.exp(x) * y)) + np.sum(np.max(x * y, axis=1))


def test_several_python_threads_at_once() -> None:
    generator = np.random.default_rng(0)
    gradient = gr.value_and_grad(loss, argnums=(0, 1))
    cases = [tuple(generator.normal(size=(2, 500, 80)) ** 2) for _ in range(6)]
    gr.set_num_threads(1)
    alone = [gradient(*case) for case in cases]
    gr.set_num_threads(3)
    for _ in range(5):
        with ThreadPoolExecutor(6) as executor:
            found = list(executor.map(lambda case: gradient(*case), cases * 4))
        for got, want in zip(found, alone * 4, strict=True):
            assert got[0] == want[0]
            np.testing.assert_array_equal(got[1], want[1])


def test_the_number_may_change_while_others_run() -> None:
    x = np.random.default_rng(0).normal(size=(300, 200)) ** 2
    gradient = gr.grad(loss)
    wanted = gradient(x, x)
    stop = threading.Event()

    def change() -> None:
        k = 0
        while not stop.is_set():
            k += 1
            gr.set_num_threads(1 + k % 5)

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(200):
            np.testing.assert_array_equal(gradient(x, x), wanted)
    finally:
        stop.set()
        changer.join()


_TASK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


def _parallel() -> Any:
    provide_threads()
    address = llvm.address_of_symbol(PARALLEL)
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(address)


@pytest.mark.parametrize("chunks", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_every_chunk_is_done_once(count: int, chunks: int) -> None:
    parallel, done, contexts = _parallel(), list[int](), set[int]()

    def do(context: int, begin: int, end: int) -> None:
        contexts.add(context)
        done.extend(range(begin, end))

    gr.set_num_threads(count)
    for _ in range(30):
        done.clear()
        parallel(_TASK(do), 1234, chunks)
        assert sorted(done) == list(range(chunks))
    assert contexts == {1234}


@linux
def test_calls_from_within_a_call_run_alone() -> None:
    parallel, inner = _parallel(), list[tuple[int, int, int]]()

    def do_inner(context: int, begin: int, end: int) -> None:
        inner.append((threading.get_ident(), begin, end))

    callback = _TASK(do_inner)

    def do(context: int, begin: int, end: int) -> None:
        here = threading.get_ident()
        parallel(callback, 0, 10)
        assert (here, 0, 10) in inner

    gr.set_num_threads(3)
    parallel(_TASK(do), 0, 6)
    assert len(inner) == 6
