"""Checks of many indices: computed in the pass that uses them, and the first bad one ends the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.lower import index_checks

from .build import nests


@pytest.fixture(params=[1, 1 << 12])
def least(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Few indices like many, and as they are."""
    monkeypatch.setattr(index_checks, "_LEAST", request.param)


def squares(x: Any, i: Any, j: Any) -> Any:
    return np.sum(x[i] ** 2 * x[j])


def matrix(x: Any, i: Any, j: Any) -> Any:
    return np.sum(np.sin(np.outer(x, x)[i, j]) * x[j])


def computed(x: Any, i: Any, j: Any) -> Any:
    return np.sum(np.cos(x[(i + j) // 2]) * x[i])


def in_a_loop(x: Any, i: Any, j: Any) -> Any:
    total = np.zeros_like(x)
    for k in range(3):
        total[i] += x[j] * k
        total = total * 0.5 + x[i].sum()
    return np.sum(total * total)


PROGRAMS = [squares, matrix, computed, in_a_loop]


@pytest.mark.usefixtures("least")
@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_values_and_gradients(f: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=9)
    i, j = rng.integers(-9, 9, (2, 40))
    np.testing.assert_allclose(gr.jit(f)(x, i, j), f(x, i, j), rtol=1e-12)
    gr.testing.check_grads(lambda x: f(x, i, j), (x,), order=1, rtol=1e-5)


@pytest.mark.usefixtures("least")
@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_the_first_bad_index_is_named(f: Callable[..., Any]) -> None:
    x, i, j = np.ones(9), np.arange(40) % 9, -1 - np.arange(40) % 9
    i[[11, 12, 30]] = -10, 99, -50
    if f is computed:
        j[[11, 12, 30]] = i[[11, 12, 30]]
    for transformed in (gr.jit(f), gr.grad(f)):
        with pytest.raises(IndexError, match="index -10 is out of bounds for axis 0 with size 9"):
            transformed(x, i, j)


@pytest.mark.usefixtures("least")
def test_of_two_bad_arrays_of_indices_the_first_is_named() -> None:
    x, i, j = np.ones(9), np.arange(40) % 9, np.arange(40) % 9
    i[30], j[3] = 40, 50
    with pytest.raises(IndexError, match="index 40 "):
        gr.jit(squares)(x, i, j)


def distances(x: Any, i: Any, j: Any) -> Any:
    return np.sum(np.sqrt(1.0 + np.sum((x[i] - x[j]) ** 2, axis=1)))


def test_of_many_rows_the_first_bad_one_is_named() -> None:
    x, i, j = np.ones((9, 3)), np.arange(40_000) % 9, np.arange(40_000) % 9
    assert str(gr.jit(distances).inspect(x, i, j).kernels).count("band") == 1
    j[7], message = 50, "index {} is out of bounds for axis 0 with size 9"
    for transformed in (gr.jit(distances), gr.grad(distances)):
        with pytest.raises(IndexError, match=message.format(50)):
            transformed(x, i, j)
        with pytest.raises(IndexError, match=message.format(-10)):
            transformed(x, np.where(i == 8, -10, i), j)


@pytest.mark.usefixtures("least")
def test_nothing_can_be_read_of_an_empty_array() -> None:
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 0 with size 0"):
        gr.jit(lambda x, i: np.sum(x[i]))(np.ones(0), np.full(40, 3))


def test_many_indices_are_checked_in_the_pass_that_uses_them() -> None:
    x, i = np.ones(9), np.arange(index_checks._LEAST) % 9
    kernels = str(gr.jit(squares).inspect(x, i, i).kernels)
    used, _, checks = kernels.partition("if %")
    assert nests(used) == 1
    assert "gather" in used
    assert "any " in used
    assert "gather" not in checks
    few = str(gr.jit(squares).inspect(x, i[1:], i[1:]).kernels)
    assert few.index("check_index") < few.index("gather")
    assert "if %" not in few
