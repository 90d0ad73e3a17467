"""The entries of a function: their order, references, errors, threads and end."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from types import SimpleNamespace
from typing import Any

import gradir as gr
import numpy as np
import pytest

from tests.calls.warm import taken, warm

X = np.arange(1.0, 4.0)
BOX = SimpleNamespace(k=3.0)


def test_several_kinds_take_turns() -> None:
    f = gr.grad(lambda x: np.sum(x**2))
    arguments = [np.ones(n) for n in range(1, 6)]
    for x in arguments:
        warm(f, x)
    before = taken(f)
    for _ in range(3):
        for x in arguments:
            assert f(x).shape == x.shape
    assert taken(f) == before + 15


def test_more_kinds_than_are_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradir.entries._MOST_LINKED", 2)
    f = gr.grad(lambda x: np.sum(x**2))
    for _ in range(4):
        for n in range(1, 6):
            assert f(np.ones(n)).tolist() == [2.0] * n
    assert f.cache_info()[:3] == (15, 5, 5)


def test_cleared_entries_are_not_called() -> None:
    f = gr.grad(lambda x: np.sum(x**2))
    warm(f, X)
    f.cache_clear()
    before = taken(f)
    f(X)
    assert taken(f) == before
    assert f.cache_info()[:3] == (2, 2, 1)


def test_a_failing_run_raises_at_its_line_and_leaves_nothing_behind() -> None:
    def pick(x: Any, i: int) -> Any:
        return x[i] ** 2

    f = gr.grad(pick)
    warm(f, X, 1)
    before = sys.getrefcount(X)
    for _ in range(50):
        with pytest.raises(IndexError, match="index 7 is out of bounds for axis 0 with size 3") as caught:
            f(X, 7)
    assert "x[i] ** 2" in str(caught.value)
    del caught
    gc.collect()
    assert sys.getrefcount(X) == before
    assert f(X, 1).tolist() == [0.0, 4.0, 0.0]
    assert taken(f) >= 50


def test_references_are_balanced() -> None:
    box, array, text = SimpleNamespace(k=1.5), np.ones(2), "".join(["te", "xt"])
    f = gr.value_and_grad(
        lambda p, x, *, kind=None: (np.sum(x * p["w"][0]) * box.k + array.sum(), [x, kind]), has_aux=True
    )
    w, x = np.ones(2), np.arange(6.0).reshape(2, 3)[:, 0]
    given = {"w": [w, 3.0], "t": (text,)}
    watched = (box, array, text, w, x, given, given["w"], np.dtype(np.float64), box.k)
    warm(f, given, np.ones(2), kind="k")
    warm(f, given, x, kind="k")
    before = list(map(sys.getrefcount, watched))
    for _ in range(1000):
        f(given, x, kind="k")
        f(given, np.array([1.0, 1.0]), kind="k")  # the first that is asked does not take it
        with pytest.raises(TypeError):
            f(given)
    gc.collect()
    after = list(map(sys.getrefcount, watched))
    assert [a - b for a, b in zip(after, before, strict=True) if not -20 < a - b < 20] == []


def test_references_to_defaults_and_to_the_other_entries_are_balanced() -> None:
    default = SimpleNamespace(k=2.0)

    def times(x: Any, held: Any = default) -> Any:
        return x * held.k

    f = gr.jit(times)
    warm(f, 1.0, held=default)
    watched = default, f._entries._in_python
    before = list(map(sys.getrefcount, watched))
    for _ in range(1000):
        f(1.0, held=default)
        f(1.0)
        f(np.ones(2).T[::-1].astype(">f8"))  # of no entry
    gc.collect()
    assert [a - b for a, b in zip(map(sys.getrefcount, watched), before, strict=True) if a - b > 20] == []


def test_results_hold_one_reference_of_their_own() -> None:
    f = gr.value_and_grad(lambda x: np.sum(x**2))
    warm(f, X)
    value, gradient = f(X)
    assert sys.getrefcount(gradient) == 2
    assert sys.getrefcount(value) == 2
    pair = f(X)
    assert sys.getrefcount(pair) == 2


def test_a_function_that_is_dropped_goes() -> None:
    def f(x: Any) -> Any:
        return x * 2.0

    made = gr.jit(f)
    assert warm(made, 1.0) == 2.0
    gone = weakref.ref(made)
    del made
    assert gone() is None


def test_the_call_of_a_function_that_is_gone() -> None:
    call = gr.jit(lambda x: x * 2.0).__call__
    assert [call(1.0) for _ in range(3)] == [2.0] * 3
    f = gr.jit(lambda x: x * 2.0)
    warm(f, 1.0)
    call = f.__call__
    del f
    gc.collect()
    assert call(1.0) == 2.0
    assert call(X).tolist() == [2.0, 4.0, 6.0]


def test_threads_with_several_kinds_and_a_global_that_changes() -> None:
    f = gr.grad(lambda x: np.sum(x * x) * BOX.k)
    failures: list[Any] = []

    def work(n: int) -> None:
        x = np.ones(n)
        for _ in range(300):
            found = f(x)
            if found.shape != (n,) or found[0] not in (6.0, 8.0):
                failures.append(found)

    threads = [threading.Thread(target=work, args=(1 + k % 3,)) for k in range(6)]
    for t in threads:
        t.start()
    for k in range(200):
        BOX.k = 3.0 + k % 2
    for t in threads:
        t.join()
    BOX.k = 3.0
    assert failures == []


def test_arguments_are_kept_while_the_code_runs() -> None:
    x, done = [np.ones(200_000)], threading.Event()
    f = gr.jit(lambda p: np.sum(np.sin(p[0]) * np.exp(p[0])))
    expected = warm(f, x)

    def replace() -> None:
        while not done.is_set():
            x[0] = np.ones(200_000)

    other = threading.Thread(target=replace)
    other.start()
    try:
        assert {float(f(x)) for _ in range(200)} == {float(expected)}
    finally:
        done.set()
        other.join()


def test_inside_of_a_traced_function() -> None:
    inner = gr.grad(lambda x: x**3)
    warm(inner, 2.0)
    assert gr.grad(lambda x: inner(x))(2.0) == 12.0
    assert inner(2.0) == 12.0


def test_without_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradir.runtime.call_entry.is_known", lambda: False)
    monkeypatch.setattr("gradir.runtime.compile.is_known", lambda: False)
    f = gr.value_and_grad(lambda p, x: np.sum(p["w"] * x))
    assert [f({"w": X}, X)[0] for _ in range(3)] == [14.0] * 3
    assert taken(f) == 0
