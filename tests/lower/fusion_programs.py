"""Programs of array code whose passes over memory are counted; each with the shapes of its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

PLACES = np.random.default_rng(0).integers(0, 3000, 20_000)
ROWS = np.random.default_rng(0).integers(-20, 20, 40_000)


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return np.sum(p * p)


def log_sum_exp(x: Any) -> Any:
    top = np.max(x, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(x - top), axis=1)) + top[:, 0])


def layer_norm(x: Any, scale: Any, shift: Any) -> Any:
    mean = np.mean(x, axis=1, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=1, keepdims=True)
    y = (x - mean) / np.sqrt(variance + 1e-5) * scale + shift
    return np.sum(y * y * y)


def variance(x: Any) -> Any:
    return np.sum(np.var(x, axis=1) ** 2)


def variance_of_columns(x: Any) -> Any:
    return np.sum(np.var(x, axis=0) ** 2)


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def padded(x: Any) -> Any:
    return np.sum(np.sin(np.pad(x, 1)) ** 2)


def joined(x: Any, y: Any) -> Any:
    return np.sum(np.sin(np.concatenate([x, y])) ** 2)


def stacked(x: Any, y: Any) -> Any:
    return np.sum(np.sin(np.stack([x, y])) ** 2)


def rows_joined(x: Any, y: Any) -> Any:
    return np.sum(np.tanh(np.vstack([x, y])) ** 2)


def padded_convolution(x: Any, k: Any) -> Any:
    p = np.pad(x, 1)
    return np.sum((k[0] * p[:-2] + k[1] * p[1:-1] + k[2] * p[2:]) ** 2)


def padded_laplacian(x: Any) -> Any:
    p = np.pad(x, 1)
    return np.sum((p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * p[1:-1, 1:-1]) ** 2)


def tiled(x: Any, w: Any) -> Any:
    return np.sum(np.sin(np.tile(x, 4) * w.ravel()) ** 2)


def tiled_twice(x: Any) -> Any:
    return np.sum(np.sin(np.tile(x, (3, 2)) + np.linspace(0.0, 1.0, 2 * x.shape[1])) ** 2)


def repeated(x: Any, w: Any) -> Any:
    return np.sum(np.sin(np.repeat(x, 4) * w.ravel()) ** 2)


def upsampled(x: Any, w: Any) -> Any:
    return np.sum((np.repeat(np.repeat(x, 2, axis=0), 2, axis=1) - w) ** 2)


def alternating(x: Any, y: Any) -> Any:
    return np.sum(np.sin(np.stack([x, y], axis=1).ravel()) ** 2)


def computed_parts(x: Any, y: Any) -> Any:
    return np.sum(np.sin(np.concatenate([np.exp(x), np.cos(y)])) ** 2)


def computed_columns(x: Any, y: Any) -> Any:
    return np.sum(np.tanh(np.hstack([np.exp(x), np.cos(y)])) ** 2)


def interleaved(x: Any, y: Any) -> Any:
    out = np.empty(2 * x.size)
    out[::2] = np.exp(x)
    out[1::2] = np.cos(y)
    return np.sum(np.sin(out) ** 2)


def filled(x: Any, y: Any) -> Any:
    out = np.empty((x.size, 3))
    out[:, 0] = x
    out[:, 1] = x * y
    out[:, 2] = y
    return np.sum(out**3)


def haar(x: Any) -> Any:
    even, odd = x[:, ::2], x[:, 1::2]
    return np.sum(np.sin(even + odd) ** 2) + np.sum((even - odd) ** 4)


def red_black(x: Any) -> Any:
    u = x.copy()
    u[::2] = np.sin(u[::2])
    u[1::2] = u[1::2] * 0.5 + 1.0
    return np.sum(u**3)


def framed(x: Any) -> Any:
    y = np.sin(x) * x
    y[0], y[-1] = 0.0, 1.0
    y[:, 0], y[:, -1] = 1.0, 2.0
    return np.sum(y**2)


def inner(x: Any) -> Any:
    u = np.zeros_like(x)
    u[1:-1, 1:-1] = x[1:-1, 1:-1] ** 2
    return np.sum(np.sin(u) ** 2)


def extended(x: Any) -> Any:
    return np.sum(np.sin(np.pad(x, 2, mode="edge")) ** 2)


def extended_rows_and_columns(x: Any) -> Any:
    return np.sum(np.sin(np.pad(x, 1, mode="edge")) ** 2)


def extended_laplacian(x: Any) -> Any:
    p = np.pad(x, 1, mode="edge")
    return np.sum((p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * p[1:-1, 1:-1]) ** 2)


def reflected(x: Any) -> Any:
    return np.sum(np.sin(np.pad(x, 2, mode="reflect")) ** 2)


def periodic_laplacian(x: Any) -> Any:
    around = np.roll(x, 1, 0) + np.roll(x, -1, 0) + np.roll(x, 1, 1) + np.roll(x, -1, 1)
    return np.sum((around - 4 * x) ** 2)


def differences(x: Any) -> Any:
    return np.sum(np.sin(np.diff(x)) ** 2)


def roughness(x: Any) -> Any:
    return np.sum(np.diff(x, axis=0) ** 2) + np.sum(np.diff(x, axis=1) ** 2)


def gathered(x: Any) -> Any:
    return np.sum(np.sin(x[PLACES]) ** 2)


def gathered_rows(x: Any) -> Any:
    return np.sum(np.sqrt(1.0 + np.sum(x[ROWS] ** 2, axis=1)))


def rolled(x: Any) -> Any:
    return np.sum((x - np.roll(x, 1)) ** 2)


def sum_with_a_transpose(x: Any, y: Any) -> Any:
    return np.sum((x + y.T) ** 2)


def sum_with_transposes(x: Any, y: Any) -> Any:
    return np.sum((x + np.swapaxes(y, 1, 2)) ** 2)


def several_results(x: Any) -> Any:
    e = np.exp(x)
    return e * 2, np.sin(e), np.sum(e)


def least_squares(x: Any, a: Any, b: Any) -> Any:
    r = a @ x - b
    return np.sum(r * r)


def mixture(weights: Any, means: Any, scales: Any, x: Any) -> Any:
    d = (x[:, None, :] - means) * np.exp(scales)
    q = weights + np.sum(scales, axis=1) - 0.5 * np.sum(d * d, axis=2)
    top = np.max(q, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(q - top), axis=1)) + top[:, 0])


def clusters(centres: Any, x: Any) -> Any:
    return np.sum(np.min(np.sum((x[:, None, :] - centres) ** 2, axis=2), axis=1))


# What the gradient is by, then the shapes: large ones to count with, small ones to check the gradient with.
PROGRAMS: dict[Callable[..., Any], tuple[tuple[int, ...], list[tuple[int, ...]], list[tuple[int, ...]]]] = {
    softmax: ((0,), [(1000, 300)], [(5, 4)]),
    log_sum_exp: ((0,), [(1000, 300)], [(5, 4)]),
    layer_norm: ((0, 1, 2), [(1000, 300), (300,), (300,)], [(5, 4), (4,), (4,)]),
    variance: ((0,), [(1000, 300)], [(5, 4)]),
    variance_of_columns: ((0,), [(1000, 300)], [(5, 4)]),
    rosenbrock: ((0,), [(100_000,)], [(7,)]),
    padded: ((0,), [(500, 300)], [(5, 4)]),
    joined: ((0, 1), [(50_000,), (30_000,)], [(5,), (4,)]),
    stacked: ((0, 1), [(50_000,), (50_000,)], [(5,), (5,)]),
    rows_joined: ((0, 1), [(300, 200), (200, 200)], [(3, 4), (2, 4)]),
    padded_convolution: ((0, 1), [(100_000,), (3,)], [(6,), (3,)]),
    padded_laplacian: ((0,), [(500, 300)], [(5, 4)]),
    tiled: ((0, 1), [(20_000,), (4, 20_000)], [(3,), (4, 3)]),
    tiled_twice: ((0,), [(300, 200)], [(3, 2)]),
    repeated: ((0, 1), [(20_000,), (20_000, 4)], [(3,), (3, 4)]),
    upsampled: ((0, 1), [(300, 200), (600, 400)], [(3, 2), (6, 4)]),
    alternating: ((0, 1), [(50_000,), (50_000,)], [(5,), (5,)]),
    computed_parts: ((0, 1), [(200_000,), (150_000,)], [(5,), (4,)]),
    computed_columns: ((0, 1), [(500, 400), (500, 300)], [(3, 4), (3, 2)]),
    interleaved: ((0, 1), [(200_000,), (200_000,)], [(5,), (5,)]),
    filled: ((0, 1), [(100_000,), (100_000,)], [(5,), (5,)]),
    haar: ((0,), [(500, 800)], [(3, 4)]),
    red_black: ((0,), [(400_000,)], [(6,)]),
    framed: ((0,), [(500, 300)], [(5, 4)]),
    inner: ((0,), [(500, 400)], [(5, 4)]),
    extended_rows_and_columns: ((0,), [(500, 300)], [(5, 4)]),
    extended_laplacian: ((0,), [(500, 300)], [(5, 4)]),
    extended: ((0,), [(100_000,)], [(6,)]),
    reflected: ((0,), [(500, 300)], [(5, 4)]),
    periodic_laplacian: ((0,), [(500, 300)], [(5, 4)]),
    differences: ((0,), [(100_000,)], [(6,)]),
    roughness: ((0,), [(500, 300)], [(5, 4)]),
    gathered: ((0,), [(3000,)], [(3000,)]),
    gathered_rows: ((0,), [(20, 3)], [(20, 3)]),
    rolled: ((0,), [(100_000,)], [(6,)]),
    sum_with_a_transpose: ((0, 1), [(500, 400), (400, 500)], [(5, 4), (4, 5)]),
    sum_with_transposes: ((0, 1), [(4, 300, 350), (4, 350, 300)], [(2, 5, 4), (2, 4, 5)]),
    least_squares: ((0,), [(100,), (5000, 100), (5000,)], [(3,), (5, 3), (5,)]),
    mixture: ((0, 1, 2), [(25,), (25, 10), (25, 10), (2000, 10)], [(3,), (3, 2), (3, 2), (5, 2)]),
    clusters: ((0,), [(25, 10), (2000, 10)], [(3, 2), (5, 2)]),
}
