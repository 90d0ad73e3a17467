"""Loops stay small: memory is O(n + T), and what is compiled does not depend on the trip count."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import walk

N = 1000
_STACK = re.compile(r"stack<([^>]*)>")
_NUMBER = re.compile(r"\b-?\d+\b")


def sweeps(x, turns):
    u = x.copy()
    n = u.shape[0]
    for _ in range(turns):
        for i in range(1, n - 1):
            u[i] = u[i] + 0.1 * (u[i - 1] - 2.0 * u[i] * u[i] + u[i + 1])
    return np.sum(u**2)


def one_entry_a_turn(x, turns):
    a = x.copy()
    n = a.shape[0]
    for t in range(turns):
        i = (7 * t) % n
        a[i] = 0.5 * a[i] * a[i] + 0.25
    return np.sum(a)


def through_a_view(x, turns):
    a = x.copy()
    v = a[::-1][1:]
    for t in range(turns):
        v[t % 900] *= a[t % 50]
    return np.sum(a * a)


def in_a_branch(x, turns):
    a = x.copy()
    for t in range(turns):
        if a[t % 900] > 0.7:
            a[t % 900] = np.sin(a[t % 900]) * a[0]
        else:
            a[t % 900 + 1] += a[t % 900] ** 2
    return np.sum(a * a)


def with_break(x, turns):
    a = x.copy()
    for t in range(turns):
        a[t % 900] = a[t % 900] * a[t % 900 + 1] + 0.1
        if a[t % 900] > 100.0:
            break
    return np.sum(a * a)


def while_loop(x, turns):
    a = x.copy()
    t = 0
    while t < turns and a[t % 900] < 100.0:
        a[t % 900] = a[t % 900] * a[t % 900 + 1] + 0.1
        t += 1
    return np.sum(a * a)


def swapped(x, turns):
    a, b = x.copy(), np.zeros(x.shape[0])
    n = a.shape[0]
    for _ in range(turns):
        for i in range(1, n):
            b[i] = a[i] * a[i - 1] + b[i]
        a, b = b, a
    return np.sum(a * b)


def through_a_row(x, turns):
    a = x.copy().reshape(-1, 10)
    for t in range(turns):
        row = a[t % 90]
        row[t % 10] = row[0] * row[t % 7]
    return np.sum(a * a)


def through_a_reshape(x, turns):
    a = x.copy()
    m = a.reshape(-1, 10)
    for t in range(turns):
        m[t % 90, t % 10] *= a[t % 50]
    return np.sum(a * a)


UPDATES = [sweeps, one_entry_a_turn, in_a_branch, with_break, while_loop]
VIEWS = [through_a_view, through_a_row, through_a_reshape]


@pytest.mark.parametrize("fun", [*UPDATES, *VIEWS], ids=lambda f: f.__name__)
def test_only_scalars_are_saved_a_turn(fun: Callable[..., Any]) -> None:
    p = gr.value_and_grad(fun).inspect(np.linspace(0.5, 1.0, N), 10)
    pushed = set(_STACK.findall(str(p.optimized)))
    assert pushed
    assert pushed <= {"f64[]", "i64[]", "bool[]"}


@pytest.mark.parametrize("fun", [*UPDATES, *VIEWS], ids=lambda f: f.__name__)
def test_arrays_outside_of_the_stacks_are_a_few(fun: Callable[..., Any]) -> None:
    p = gr.value_and_grad(fun).inspect(np.linspace(0.5, 1.0, N), 10)
    assert p.kernels.arena <= 3 * 8 * N


def test_of_swapped_arrays_only_what_is_multiplied_is_saved() -> None:
    p = gr.value_and_grad(swapped).inspect(np.linspace(0.5, 1.0, N), 10)
    saved = [n.attrs["element"].shape for n in walk(p.optimized.block) if n.op.name == "stack_new"]
    assert saved == [(N,)]  # of which both factors are slices


@pytest.mark.parametrize("fun", [*UPDATES, *VIEWS], ids=lambda f: f.__name__)
def test_a_turn_touches_no_whole_array(fun: Callable[..., Any]) -> None:
    text = str(gr.value_and_grad(fun).inspect(np.linspace(0.5, 1.0, N), 10).kernels)
    inside = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    assert [line for line in inside if line.startswith(("nest [", "copy "))] == []


def test_a_gradient_that_needs_quadratic_memory_elsewhere() -> None:
    n = turns = 100_000  # an array a turn would be 80 GB
    x = np.linspace(0.5, 1.0, n)
    value, slope = gr.value_and_grad(one_entry_a_turn)(x, turns)
    assert value == pytest.approx(np.sum(0.5 * x * x + 0.25))
    np.testing.assert_allclose(slope, x, rtol=1e-12)


def with_fixed_turns(turns: int) -> Callable[..., Any]:
    def f(x):
        a = x.copy()
        s = 0.0
        for t in range(turns):
            a[t % 3] = np.sin(a[t % 3]) * a[0] + 0.1
            if a[1] > 0.9:
                a[1] *= 0.5
            s = s + a[2] * a[1]
        return s

    return f


def with_fixed_turns_and_break(turns: int) -> Callable[..., Any]:
    def f(x):
        s = x[0]
        for _ in range(turns):
            s = s + np.sin(s) * x[1]
            if s > 50.0:
                break
        return s

    return f


@pytest.mark.parametrize("make", [with_fixed_turns, with_fixed_turns_and_break], ids=lambda f: f.__name__)
def test_what_is_compiled_does_not_depend_on_the_trip_count(make: Callable[[int], Any]) -> None:
    x = np.array([0.5, 0.8, 1.1])
    few, many = (gr.value_and_grad(make(turns)).inspect(x) for turns in (10, 10_000_000))
    for stage in ("primal", "adjoint"):
        first, second = (str(getattr(p, stage)) for p in (few, many))
        assert first != second
        assert without_numbers(first) == without_numbers(second)
    lines = [len(str(p.kernels).splitlines()) for p in (few, many)]
    assert max(lines) <= 1.2 * min(lines)


def without_numbers(text: str) -> list[str]:
    """The lines of a text without the numbers in it."""
    return [re.sub(r"%\w+", "%", _NUMBER.sub("0", line.partition("#")[0])) for line in text.splitlines()]


@pytest.mark.parametrize("fun", UPDATES, ids=lambda f: f.__name__)
def test_a_traced_bound_is_compiled_once(fun: Callable[..., Any]) -> None:
    x = np.linspace(0.5, 1.0, N)
    g = gr.value_and_grad(fun)
    for turns in (0, 1, 10, 1000):
        value, _ = g(x, turns)
        assert value == pytest.approx(fun(x, turns)) if turns <= 10 else np.isfinite(value)
    assert g.cache_info().misses == 1
