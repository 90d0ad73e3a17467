"""The short way of a call with plain arguments and the long way of any other find the same compiled code."""

from __future__ import annotations

import gradir as gr
import numpy as np
import pytest

scale = 2.0


def product(x, y):  # type: ignore[no-untyped-def]
    return np.sum(x * y) * scale


def test_a_flat_call_finds_what_inspect_compiled() -> None:
    f = gr.grad(product)
    x = np.arange(3.0)
    f.inspect(x, 2.0)
    assert [f(x, 2.0).tolist() for _ in range(3)] == [[4.0, 4.0, 4.0]] * 3
    assert f.cache_info().misses == 1


def test_keyword_and_positional_calls_share_compiled_code() -> None:
    f = gr.value_and_grad(product)
    x = np.arange(3.0)
    for _ in range(2):
        assert f(x, 2.0)[0] == f(x, y=2.0)[0] == f(y=2.0, x=x)[0] == 12.0
    assert f.cache_info().misses == 1


def test_a_guard_holds_on_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    f = gr.jit(product)
    x = np.arange(3.0)
    assert [f(x, 1.0), f(x, 1.0)] == [6.0, 6.0]
    monkeypatch.setitem(globals(), "scale", 3.0)
    assert [f(x, 1.0), f(x, 1.0)] == [9.0, 9.0]
    monkeypatch.setitem(globals(), "scale", 2.0)
    assert f(x, 1.0) == 6.0
    assert f.cache_info().currsize == 2


def test_an_int_that_tracing_relied_on_is_looked_at_on_the_short_way() -> None:
    f = gr.grad(lambda x, n: np.sum(np.ones(n) * x))
    assert [f(1.0, 2), f(1.0, 2), f(1.0, 5), f(1.0, 2)] == [2.0, 2.0, 5.0, 2.0]
    assert f.cache_info()[:3] == (2, 2, 2)


def test_cleared_code_is_compiled_again() -> None:
    f = gr.grad(lambda x: x * x)
    assert [f(3.0), f(3.0)] == [6.0, 6.0]
    f.cache_clear()
    assert f.cache_info().currsize == 0
    assert f(3.0) == 6.0
    assert f.cache_info()[1:3] == (2, 1)


@pytest.mark.parametrize(
    "x", [np.arange(3.0), np.arange(3.0, dtype=np.float32), np.arange(6.0)[::2], np.arange(4.0)]
)
def test_arguments_of_another_kind_do_not_take_the_short_way_of_the_first(x: np.ndarray) -> None:
    f = gr.grad(lambda x: np.sum(x**2))
    f(np.ones(3))
    g = f(x)
    assert g.dtype == x.dtype
    assert g.tolist() == (2.0 * x).tolist()


def test_containers_come_back_with_what_is_no_float_as_it_is() -> None:
    f = gr.value_and_grad(lambda p, s: p["a"] * s * 2.0 if p["kind"] == "twice" else p["a"] * s)
    for _ in range(2):
        assert f({"a": 3.0, "kind": "twice"}, 1.0) == (6.0, {"a": 2.0, "kind": "twice"})
        assert f({"a": 3.0, "kind": "once"}, 1.0) == (3.0, {"a": 1.0, "kind": "once"})


def test_static_results_keep_their_places() -> None:
    assert gr.jit(lambda x: ("a", x, None, 2.0 * x, "b"))(3.0) == ("a", 3.0, None, 6.0, "b")
