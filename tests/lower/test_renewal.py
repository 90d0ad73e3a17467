"""Arrays renewed from their own elements: written beside the old ones, only the edges copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.lower.arena import ALIGNMENT
from gradir.lower.kernels import Memory
from gradir.lower.lower import lower
from gradir.passes.pipeline import optimize

X = np.sin(np.arange(120.0))


def in_a_line(x):
    u = x.copy()
    u[1:-1] = u[2:] - 2.0 * u[1:-1] + u[:-2]
    return u


def over_most(x):
    u = x.copy()
    u[:-3] = u[3:] * u[:-3]
    return u


def in_a_plane(x):
    u = x.copy().reshape(10, 12)
    u[1:-1, 2:-1] = u[2:, 2:-1] + u[:-2, 2:-1] * u[1:-1, 1:-2] - u[1:-1, 3:]
    return u


def whole_rows(x):
    u = x.copy().reshape(10, 12)
    u[1:, :] = u[:-1, ::-1]
    return u


def in_space(x):
    u = x.copy().reshape(4, 5, 6)
    u[:, 1:, 1:-1] = u[:, :-1, 2:] - u[::-1, 1:, :-2]
    return u


def one_of_two(x):
    u = x.copy().reshape(2, 60)
    u[1, 1:] = u[0, :-1] * u[1, :-1]
    return u


def twice(x):
    u = x.copy()
    u[1:-1] = u[2:] - u[:-2]
    u[2:] = u[:-2] * 0.5
    return u


def old_and_new(x):
    u = x.copy()
    v = u * 1.0
    u[1:] = u[:-1] - u[1:]
    return u * v + x


def in_turns(x):
    u = x.copy()
    for _ in range(7):
        u[1:-1] += 0.1 * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u[0] = u[1] * 0.5
    return u


def in_an_arm(x):
    u = x.copy()
    for t in range(4):
        if u[t] > 0.0:
            u[1:] = u[:-1] * 0.5
    return u


def in_single(x):
    u = x.astype(np.float32)
    u[1:] = u[:-1] - u[1:]
    return u


def whole_numbers(x):
    u = (x * 100.0).astype(np.int64)
    u[1:] = u[:-1] - u[1:]
    return u


EVERY = [
    in_a_line,
    over_most,
    in_a_plane,
    whole_rows,
    in_space,
    one_of_two,
    twice,
    old_and_new,
    in_turns,
    in_an_arm,
    in_single,
    whole_numbers,
]


def kernels(fun: Callable[..., Any], *args: Any) -> str:
    return str(lower(optimize(gr.trace(fun)(*args))))


@pytest.mark.parametrize("fun", EVERY)
def test_results_are_numpys(fun: Callable[..., Any]) -> None:
    np.testing.assert_allclose(gr.jit(fun)(X), fun(X), rtol=1e-6 if fun is in_single else 1e-13)


@pytest.mark.parametrize("fun", [in_a_line, over_most, in_a_plane, whole_rows, in_space, twice, in_turns])
def test_they_are_written_beside(fun: Callable[..., Any]) -> None:
    text = kernels(fun, X)
    assert "renew " in text
    assert "after copying" not in text


def test_a_loop_exchanges_the_arrays() -> None:
    loop = kernels(in_turns, X).partition(" = for ")[2]
    assert "exchange " in loop
    assert "copy " not in loop.partition("yield")[0]


@pytest.mark.parametrize("shape", [(1000,), (40, 64)])
def test_what_a_turn_writes_begins_where_a_vector_does(shape: tuple[int, ...]) -> None:
    def program(u):
        u = u.copy()
        for _ in range(5):
            u[..., 1:-1] = 0.5 * (u[..., 2:] + u[..., :-2])
        return u

    kernels = gr.jit(program).inspect(np.ones(shape)).kernels
    buffers = [b for b in kernels.buffers if b.memory is Memory.ARENA]
    assert len(buffers) == 2
    for each in buffers:
        assert (each.position + 8) % ALIGNMENT == 0


def test_one_update_of_a_turn_and_what_is_saved_share_a_nest() -> None:
    def energy(rate, x):
        u = x.copy()
        for _ in range(9):
            u[1:-1] += rate * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        return np.sum(u * u)

    text = str(gr.grad(energy).inspect(0.1, X).kernels)
    turn = text.partition(" = for ")[2].partition("yield")[0]
    assert turn.count("nest ") == 1
    assert turn.index("push ") < turn.index("renew ")


def small(x):
    u = x[:9].copy()
    u[1:] = u[:-1] - u[1:]
    return u


def narrow(x):
    u = x.copy()
    u[40:60] = u[41:61] - u[40:60]
    return u


def own_place(x):
    u = x.copy()
    u[1:] = np.sin(u[1:])
    return u


@pytest.mark.parametrize("fun", [small, narrow, own_place, in_an_arm, one_of_two])
def test_others_are_written_in_place(fun: Callable[..., Any]) -> None:
    assert "renew " not in kernels(fun, X)
    np.testing.assert_allclose(gr.jit(fun)(X), fun(X), rtol=1e-14)
