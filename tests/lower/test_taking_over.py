"""Which arrays the nests of a band may store where they read others, and which not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest

RNG = np.random.default_rng(0)


def softmax_of_a_matrix(x: Any, w: Any) -> Any:
    """The product is read for the last time where what is made of it is stored."""
    e = np.exp(np.sin(x @ w))
    return np.sin(e / np.sum(e, axis=1, keepdims=True)) @ w


def as_many_as_a_block(x: Any, y: Any) -> Any:
    """A vector of as many elements as the rows of an array that has memory for a block of them only."""
    a = np.sum(y, axis=0)
    s = np.max(x, axis=1) * a
    e = np.exp(np.sin(x - s[:, None]))
    return e / np.sum(e, axis=1, keepdims=True)


def half_of_a_vector(x: Any, y: Any) -> Any:
    """Half of a vector is read where the nest is, but its other elements lie where later rows are stored."""
    a = np.sum(y, axis=0)
    r = np.max(x, axis=1) * a[: len(x)]
    return np.exp(np.sin(x - r[:, None]))


def half_of_a_vector_twice(x: Any, y: Any) -> Any:
    q = half_of_a_vector(x, y)
    return q / np.sum(q, axis=1)[:, None]


def read_later(x: Any, w: Any) -> Any:
    z = x @ w
    e = np.exp(np.sin(z))
    p = e / np.sum(e, axis=1, keepdims=True)
    return p @ w, z @ w


def read_by_columns(x: Any, w: Any) -> Any:
    z = x @ w
    e = np.exp(np.sin(z)) + z[::-1]
    return (e / np.sum(e, axis=1, keepdims=True)) @ w


def returned(x: Any, w: Any) -> Any:
    z = x @ w
    e = np.exp(z)
    return z, e / np.sum(e, axis=1, keepdims=True)


_MATRICES = RNG.normal(size=(2048, 64)), RNG.normal(size=(64, 64)) * 0.1
_FUNCTIONS = [
    (softmax_of_a_matrix, _MATRICES),
    (as_many_as_a_block, (RNG.normal(size=(2048, 512)), RNG.normal(size=(5, 2048)))),
    (half_of_a_vector, (RNG.normal(size=(50_000, 2)), RNG.normal(size=(3, 100_000)))),
    (half_of_a_vector_twice, (RNG.normal(size=(50_000, 2)), RNG.normal(size=(3, 100_000)))),
    (read_later, _MATRICES),
    (read_by_columns, _MATRICES),
    (returned, _MATRICES),
]


@pytest.mark.parametrize(("function", "args"), _FUNCTIONS, ids=lambda x: getattr(x, "__name__", ""))
def test_nothing_is_overwritten_that_is_still_to_be_read(
    function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    found, expected = gr.jit(function)(*args), function(*args)
    for x, y in zip(*(v if isinstance(v, tuple) else (v,) for v in (found, expected)), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("function", "arrays"), [(softmax_of_a_matrix, 1), (read_later, 2), (read_by_columns, 2)]
)
def test_how_many_arrays_there_are_in_memory(function: Callable[..., Any], arrays: int) -> None:
    workspace = gr.jit(function).inspect(*_MATRICES).memory.workspace
    assert arrays <= workspace / _MATRICES[0].nbytes < arrays + 0.1
