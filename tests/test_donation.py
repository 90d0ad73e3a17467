"""Arguments given away: which results take their memory, and which arrays are left alone."""

from __future__ import annotations

import warnings
from typing import Any

import gradir as gr
import numpy as np
import pytest


def step(w: Any, g: Any) -> Any:
    return w - 0.5 * g


def rotate(a: Any, b: Any) -> Any:
    return b, a


def shift(a: Any) -> Any:
    return np.concatenate([a[1:], a[:1]])


def smooth(a: Any) -> Any:
    a = a.copy()
    for _ in range(3):
        a[1:-1] = 0.5 * (a[2:] + a[:-2])
    return a


def momentum(state: Any, x: Any) -> Any:
    def loss(p: Any) -> Any:
        return np.sum((x @ p["W"] + p["b"]) ** 2)

    g = gr.grad(loss)(state["p"])
    m = {k: 0.9 * state["m"][k] + 0.1 * g[k] for k in g}
    return {"p": {k: state["p"][k] - 0.01 * m[k] for k in g}, "m": m}


def leaves_of(state: Any) -> list[Any]:
    return [state[a][b] for a in "pm" for b in "Wb"]


def test_a_result_is_the_array_that_was_given() -> None:
    compiled = gr.jit(step, donate="w")
    w, g = np.arange(4.0), np.ones(4)
    for turn in range(1, 5):  # by Python first, then by the entry
        assert compiled(w, g) is w
        np.testing.assert_array_equal(w, np.arange(4.0) - 0.5 * turn)
    np.testing.assert_array_equal(g, np.ones(4))
    assert compiled.cache_info().hits == 3


def test_every_leaf_of_a_container_is_updated_in_place() -> None:
    compiled = gr.jit(momentum, donate=0)
    rng = np.random.default_rng(0)
    state = {k: {"W": rng.normal(size=(5, 4)), "b": rng.normal(size=4)} for k in "pm"}
    x = rng.normal(size=(3, 5))
    for _ in range(4):
        wanted = gr.jit(momentum)({k: dict(v) for k, v in state.items()}, x)
        before = leaves_of(state)
        state = compiled(state, x)
        assert all(a is b for a, b in zip(leaves_of(state), before, strict=True))
        for a, b in zip(leaves_of(state), leaves_of(wanted), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13)
    kernels = compiled.inspect(state, x).kernels
    assert kernels.donated == {0: 0, 1: 1, 2: 2, 3: 3}
    assert not kernels.outputs  # nothing is copied


def test_a_gradient_takes_the_memory_of_what_it_is_by() -> None:
    compiled = gr.value_and_grad(lambda a, b: (np.sum(a * a * b), a + b), (0, 1), has_aux=True, donate=(0, 1))
    for _ in range(3):
        a, b = np.arange(3.0), np.full(3, 2.0)
        (_, aux), (by_a, by_b) = compiled(a, b)
        assert by_a is a
        assert by_b is b
        np.testing.assert_array_equal(a, [0.0, 4.0, 8.0])
        np.testing.assert_array_equal(b, [0.0, 1.0, 4.0])
        np.testing.assert_array_equal(aux, [2.0, 3.0, 4.0])


@pytest.mark.parametrize("f", [shift, smooth])
def test_what_cannot_be_done_in_place_is_copied_there_at_the_end(f: Any) -> None:
    compiled = gr.jit(f, donate=0)
    for _ in range(3):
        a = np.arange(10.0) ** 2
        wanted = f(a.copy())
        assert compiled(a) is a
        np.testing.assert_array_equal(a, wanted)


def test_arguments_that_are_returned_are_not_overwritten() -> None:
    compiled = gr.jit(rotate, donate=(0, 1))
    for _ in range(3):
        a, b = np.zeros(3), np.ones(3)
        first, second = compiled(a, b)
        np.testing.assert_array_equal(first, [1.0, 1.0, 1.0])
        np.testing.assert_array_equal(second, [0.0, 0.0, 0.0])


CAPTURED = np.arange(6.0)


@pytest.mark.parametrize("how", ["read-only", "the same array", "overlap", "view", "captured", "transposed"])
def test_arrays_that_cannot_be_overwritten_are_left_alone(how: str) -> None:
    f = gr.jit((lambda w, g: w - 0.5 * CAPTURED + g) if how == "captured" else step, donate=0)
    memory = np.arange(12.0)
    w, g = memory[:6], memory[6:].copy()
    match how:
        case "read-only":
            w.flags.writeable = False
        case "the same array":
            g = w
        case "overlap":
            g = memory[3:9]
        case "view":
            w = memory[:11:2]
        case "captured":
            w = CAPTURED
        case "transposed":
            w = memory.reshape(3, 4).T
            g = w.copy()
    before = memory.copy(), CAPTURED.copy()
    for _ in range(4):
        found = f(w, g)
        np.testing.assert_array_equal(found, f.fun(w, g))
        assert not np.may_share_memory(found, w)
    np.testing.assert_array_equal(memory, before[0])
    np.testing.assert_array_equal(CAPTURED, before[1])


def test_inside_another_transform_nothing_is_given_away() -> None:
    inner = gr.jit(step, donate=0)
    outer = gr.grad(lambda w: np.sum(inner(w, w) * w))
    w = np.arange(3.0)
    np.testing.assert_allclose(outer(w), w)
    np.testing.assert_array_equal(w, np.arange(3.0))


def test_numba_code_gets_new_arrays() -> None:
    import numba

    run = gr.jit(step, donate=0).njit(np.ones(3), np.ones(3))
    w = np.arange(3.0)
    found = numba.njit(lambda w: run(w, w))(w)
    np.testing.assert_array_equal(found, 0.5 * w)
    np.testing.assert_array_equal(w, np.arange(3.0))


def test_an_argument_that_serves_nothing_is_named() -> None:
    total = gr.jit(lambda data: np.sum(data), donate="data")
    with pytest.warns(UserWarning, match="'data' is donated, but no result has its shape and dtype") as found:
        assert total(np.ones(3)) == 3.0
    assert found[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert total(np.ones(3)) == 3.0
        assert gr.jit(lambda x: x + 1.0, donate=0)(2.0) == 3.0  # a number has no memory to give


@pytest.mark.parametrize(
    ("donate", "message"),
    [
        (2, r"donate=2, but 'step' was called with 2 positional argument\(s\)"),
        ("v", "donate='v', but 'step' has the parameters w, g"),
        (0.5, "donate is the position or name of an argument, or several of them, not 0.5"),
        (None, "not None"),
        (True, "not True"),
    ],
)
def test_what_is_no_argument_is_refused(donate: Any, message: str) -> None:
    with pytest.raises(gr.GradientError, match=message):
        gr.jit(step, donate=donate)(np.ones(2), np.ones(2))
