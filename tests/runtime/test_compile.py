"""Calling compiled graphs from Python: layouts, threads, errors, memory."""

from __future__ import annotations

import gc
import sys
import threading
import weakref

import numpy as np
import pytest
from gradir.errors import GradirError
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Loc, Value
from gradir.ir.types import BOOL, INDEX, ArrayType, DType
from gradir.ops import OPS
from gradir.runtime.compile import Compiled, compile_graph
from gradir.runtime.python_objects import is_known


def _graph(shape: tuple[int, ...] = (40, 30)) -> Graph:
    b, x, y = Builder(OPS), Value(ArrayType(DType.F64, shape)), Value(ArrayType(DType.F64))
    product = b.matmul(x, b.transpose(x, axes=(1, 0)))
    total = b.add(b.sum(product, axes=(0, 1)), y)
    return Graph("f", b.block([x, y], [b.sin(x), total]), ("x", "y"), ("a", "b"))


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return compile_graph(_graph())


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(40, 30))


def _expect(compiled: Compiled, given: object, x: np.ndarray, y: object = 2.0) -> None:
    sine, total = compiled(given, y)
    np.testing.assert_allclose(sine, np.sin(x), rtol=1e-13)
    np.testing.assert_allclose(total, (x @ x.T).sum() + 2.0, rtol=1e-10)
    assert type(sine) is type(total) is np.ndarray
    assert total.shape == ()


def test_layouts(compiled: Compiled, x: np.ndarray) -> None:
    wide = np.zeros((80, 90))
    wide[::2, ::-3] = x
    raw = np.zeros(x.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(np.float64).reshape(x.shape)
    unaligned[...] = x
    frozen = x.copy()
    frozen.setflags(write=False)
    for given in (
        x,
        np.asfortranarray(x),
        wide[::2, ::-3],
        unaligned,
        frozen,
        x.astype(">f8"),
        x[::-1][::-1],
    ):
        _expect(compiled, given, x)


def test_subclasses_and_lists(compiled: Compiled, x: np.ndarray) -> None:
    _expect(compiled, x.view(np.recarray), x)
    _expect(compiled, x.tolist(), x)


@pytest.mark.parametrize("y", [2.0, np.float64(2), np.array(2.0), np.array(2.0)[...], np.array(2.0, ">f8")])
def test_numbers(compiled: Compiled, x: np.ndarray, y: object) -> None:
    _expect(compiled, x, x, y)


def test_integers_and_booleans() -> None:
    b, i, p = Builder(OPS), Value(INDEX), Value(BOOL)
    block = b.block([i, p], [b.add(i, b.int64(1)), b.logical_not(p)])
    compiled = compile_graph(Graph("g", block, ("i", "p"), ("a", "b")))
    for i_given in (5, np.int64(5), np.array(5), True + 4):
        for p_given in (True, np.True_, np.array(True)):
            a, c = compiled(i_given, p_given)
            assert (a, c) == (6, False)
            assert (a.dtype, c.dtype) == (np.int64, bool)
    assert compiled(-(2**63), False)[0] == -(2**63) + 1
    with pytest.raises((ValueError, OverflowError)):
        compiled(2**63, False)


def test_wrong_arguments(compiled: Compiled, x: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"x is float64\[30, 40\]; this code is for float64\[40, 30\]"):
        compiled(x.T, 2.0)
    with pytest.raises(ValueError, match="x is float32"):
        compiled(x.astype(np.float32), 2.0)
    with pytest.raises(ValueError, match="takes 2 arrays, not 1"):
        compiled(x)


def test_threads_do_not_disturb_each_other(compiled: Compiled) -> None:
    failures: list[str] = []

    def run(seed: int) -> None:
        x = np.random.default_rng(seed).normal(size=(40, 30))
        want = (x @ x.T).sum() + 2.0
        for _ in range(100):
            sine, total = compiled(x, 2.0)
            if not np.allclose(total, want) or not np.allclose(sine, np.sin(x)):
                failures.append(f"{seed}: {total} is not {want}")

    threads = [threading.Thread(target=run, args=(k,)) for k in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures


def test_the_gil_is_released() -> None:
    from ..lower.build import array, build, loop

    body = lambda b, i, v: [b.sin(b.add(v, v))]  # noqa: E731
    slow = compile_graph(build(lambda b, v, n: loop(b, body, v, limits=(0, n, 1))[0], array(), INDEX))
    thread = threading.Thread(target=slow, args=(0.5, 20_000_000))
    thread.start()
    ticks = 0
    while thread.is_alive():
        ticks += 1
        thread.join(0.001)
    assert ticks > 10


def _checked() -> Graph:
    b, i, x = Builder(OPS), Value(INDEX), Value(ArrayType(DType.F64, (5,)))
    b.loc = Loc(__file__, 10, "user")
    stack = b.emit("stack_new", b.int64(4), element=x.array)[0]
    b.emit("push", stack, x)
    b.emit("check", b.not_equal(i, b.int64(3)), exception="ZeroDivisionError", message="division by {zero}")
    found = b.emit("index", x, b.check_index(i, size=5, axis=0), at=(None,))[0]
    return Graph("f", b.block([i, x], [found]), ("i", "x"), ("a",))


def test_errors_are_builtin_exceptions_at_the_users_line() -> None:
    compiled, x = compile_graph(_checked()), np.arange(5.0)
    assert compiled(-1, x)[0] == 4
    for given in (x, x[::-1][::-1].astype(">f8")):  # by the direct entry, and by the slow way
        with pytest.raises(IndexError, match="index 7 is out of bounds for axis 0 with size 5") as caught:
            compiled(7, given)
        assert isinstance(caught.value, GradirError)
        assert f"{__file__}:10 in user" in str(caught.value)
        with pytest.raises(ZeroDivisionError, match=r"division by \{zero\}"):
            compiled(3, given)
    assert compiled(2, x)[0] == 2


def test_the_direct_entry_is_in_use(x: np.ndarray, compiled: Compiled) -> None:
    assert is_known()
    for _ in range(2):  # it is made for the second call
        compiled(x, 2.0)
    assert type(compiled._direct(x, 2.0)) is tuple
    assert compiled._direct(x.T, 2.0) is None


def test_references_are_balanced(compiled: Compiled, x: np.ndarray) -> None:
    dtype = np.dtype(np.float64)
    before = sys.getrefcount(dtype), sys.getrefcount(x)
    for _ in range(200):
        compiled(x, 2.0)
        compiled(np.asfortranarray(x), 2.0)
    after = sys.getrefcount(dtype), sys.getrefcount(x)
    assert abs(after[0] - before[0]) < 20
    assert after[1] == before[1]
    result = compiled(x, 2.0)
    count = sys.getrefcount(result[0])
    assert count == 2


def test_outputs_are_new_every_time(compiled: Compiled, x: np.ndarray) -> None:
    first, second = compiled(x, 2.0), compiled(x, 2.0)
    assert not np.shares_memory(first[0], second[0])
    assert first[0].flags.writeable
    assert first[0].flags.owndata


def test_code_is_freed_with_its_function() -> None:
    made = compile_graph(_graph((3, 3)))
    made(np.ones((3, 3)), 1.0)
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None


def test_zero_sizes() -> None:
    b, x = Builder(OPS), Value(ArrayType(DType.F64, (0, 3)))
    results = [
        b.sin(x),
        b.sum(x, axes=(0,)),
        b.matmul(b.transpose(x, axes=(1, 0)), x),
        b.prod(x, axes=(0, 1)),
    ]
    compiled = compile_graph(Graph("f", b.block([x], results), ("x",), tuple("abcd")))
    a, s, p, one = compiled(np.zeros((0, 3)))
    assert a.shape == (0, 3)
    np.testing.assert_array_equal(s, np.zeros(3))
    np.testing.assert_array_equal(p, np.zeros((3, 3)))
    assert one == 1
