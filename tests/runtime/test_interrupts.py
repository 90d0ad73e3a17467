"""A loop that never ends can be interrupted, by Ctrl-C and by the handler of any other signal."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import numba
import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Value
from gradir.runtime.compile import Compiled, compile_graph
from gradir.runtime.njit import njit_function

from ..lower.build import array, build, turns

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no signals to test with")


@pytest.fixture(scope="module")
def endless() -> Compiled:
    def make(b: Builder, x: Value) -> Value:
        def body(b: Builder, k: Value, v: Value) -> tuple[Value, list[Value]]:
            return b.isfinite(v), [b.sin(v)]

        return turns(b, b.isfinite(x), body, x)[1]

    return compile_graph(build(make, array()))


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGALRM, before[1])


def interrupted_after(seconds: float) -> None:
    def send() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=send).start()


@pytest.mark.parametrize("x", [0.5, np.array(0.5, ">f8")], ids=["direct", "converted"])
def test_ctrl_c(endless: Compiled, x: object) -> None:
    interrupted_after(0.1)
    with pytest.raises(KeyboardInterrupt):
        endless(x)
    assert np.isnan(endless(np.nan)[0])


def test_the_exception_is_the_handlers(endless: Compiled) -> None:
    def handle(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("too late")

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(TimeoutError, match="too late"):
        endless(0.5)


def test_in_njit_code(endless: Compiled) -> None:
    function: Callable[[float], float] = njit_function(endless)
    outer = numba.njit(lambda x: function(x))
    assert np.isnan(outer(np.nan))
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1)  # not by a thread: it would need the GIL, which is held
    with pytest.raises(KeyboardInterrupt):
        outer(0.5)
    assert np.isnan(outer(np.nan))


def test_a_handler_that_returns_lets_the_run_go_on() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        def body(b: Builder, k: Value, v: Value) -> tuple[Value, list[Value]]:
            return b.less(k, b.int64(50_000_000)), [b.sin(v)]

        return list(turns(b, b.isfinite(x), body, x))

    found: list[int] = []
    signal.signal(signal.SIGALRM, lambda number, frame: found.append(number))
    compiled = compile_graph(build(make, array()))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    assert int(compiled(0.5)[0]) == 50_000_001
    assert found == [signal.SIGALRM]
