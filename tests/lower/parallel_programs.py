"""Functions whose loop nests are of every kind that threads share, and those that they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
from gradir.lower import parallel


def elementwise(x, y, k):
    return np.sin(x) * np.exp(y)


def scalars(x, y, k):
    return np.where(x > y[0], x * y[1], y[k])


def total(x, y, k):
    return np.sum(np.exp(x) * y)


def columns(x, y, k):
    return np.sum(x * y, axis=0)


def rows(x, y, k):
    return np.sum(x * y, axis=1)


def both(x, y, k):
    z = x * y
    return z, z.sum(axis=0), z.sum(axis=1), z.sum()


def largest(x, y, k):
    return np.max(x, axis=0), np.max(x), np.prod(x, axis=1)


def softmax(x, y, k):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def middle(x, y, k):
    z = x.reshape((x.shape[0] // 2, 2, x.shape[1]))
    return (z * y).sum(axis=1)


def transposed(x, y, k):
    return x.T * y[:1].T + x[::-1].T


def pieces(x, y, k):
    return np.concatenate([x, y, x * y])[1:-1] * 2.0


def written(x, y, k):
    z = x.copy()
    z[::2] = y[::2] * 2.0
    z[k : k + 3] += y[k : k + 3]
    return z


def diffused(x, y, k):
    u = x.copy()
    for _ in range(7):
        u[1:-1, 1:-1] = u[1:-1, 1:-1] + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] - 2.0 * u[1:-1, 1:-1])
    return np.sum(u * y)


def chosen(x, y, k):
    if y[0, 0] > 0:
        z = np.tanh(x)
    else:
        z = x * y
    return np.sum(z**2)


def mean_square(x, y, k):
    return np.mean((x - x.mean(axis=0)) ** 2)


PROGRAMS: list[Callable[..., Any]] = [
    *(elementwise, scalars, total, columns, rows, both, largest, softmax, middle, transposed, pieces),
    *(written, diffused, chosen, mean_square),
]


def scalars_arguments(x: np.ndarray, y: np.ndarray) -> tuple[Any, ...]:
    return x, y.ravel(), 5


def arguments(f: Callable[..., Any], shape: tuple[int, int], dtype: type = np.float64) -> tuple[Any, ...]:
    """Arguments for one of the functions; the number of rows is even."""
    generator = np.random.default_rng(7)
    x, y = (generator.normal(size=shape).astype(dtype) for _ in range(2))
    if f is scalars:
        return scalars_arguments(x, y)
    return x, (y[:, None, :][: shape[0] // 2] if f is middle else y), 3


@contextmanager
def small_nests() -> Iterator[None]:
    """Cut small nests too, into as many chunks as there can be."""
    with ExitStack() as stack:
        for name, value in (("_LEAST_WORK", 0), ("_CHUNK_WORK", 1), ("_VECTORS", 1), ("_ROWS", 1)):
            stack.enter_context(patch.object(parallel, name, value))
        yield
