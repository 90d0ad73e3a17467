"""Stencils that are swept over a grid again and again, in place or between two grids."""

from __future__ import annotations

import numpy as np

from tests.kernels.kernel import Arguments, Kernel, Rng


def jacobi_1d(steps, a, b):
    a, b = a.copy(), b.copy()
    n = a.shape[0]
    for _ in range(steps):
        for i in range(1, n - 1):
            b[i] = (a[i - 1] + a[i] + a[i + 1]) / 3.0
        for i in range(1, n - 1):
            a[i] = (b[i - 1] + b[i] + b[i + 1]) / 3.0
    return a, b


def jacobi_1d_slices(steps, a, b):
    a, b = a.copy(), b.copy()
    for _ in range(steps):
        b[1:-1] = (a[:-2] + a[1:-1] + a[2:]) / 3.0
        a[1:-1] = (b[:-2] + b[1:-1] + b[2:]) / 3.0
    return a, b


def jacobi_2d(steps, a, b):
    a, b = a.copy(), b.copy()
    n = a.shape[0]
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                b[i, j] = 0.2 * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i - 1, j] + a[i + 1, j])
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                a[i, j] = 0.2 * (b[i, j] + b[i, j - 1] + b[i, j + 1] + b[i - 1, j] + b[i + 1, j])
    return a, b


def jacobi_2d_slices(steps, a, b):
    a, b = a.copy(), b.copy()
    for _ in range(steps):
        b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[:-2, 1:-1] + a[2:, 1:-1])
        a[1:-1, 1:-1] = 0.2 * (b[1:-1, 1:-1] + b[1:-1, :-2] + b[1:-1, 2:] + b[:-2, 1:-1] + b[2:, 1:-1])
    return a, b


def seidel_2d(steps, a):
    a = a.copy()
    n = a.shape[0]
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                above = a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1]
                here = a[i, j - 1] + a[i, j] + a[i, j + 1]
                below = a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1]
                a[i, j] = (above + here + below) / 9.0
    return a


def seidel_2d_slices(steps, a):
    a = a.copy()
    n = a.shape[0]
    for _ in range(steps):
        for i in range(1, n - 1):
            above = a[i - 1, :-2] + a[i - 1, 1:-1] + a[i - 1, 2:]
            a[i, 1:-1] += above + a[i, 2:] + a[i + 1, :-2] + a[i + 1, 1:-1] + a[i + 1, 2:]
            for j in range(1, n - 1):
                a[i, j] += a[i, j - 1]
                a[i, j] /= 9.0
    return a


def heat_3d(steps, a, b):
    a, b = a.copy(), b.copy()
    for _ in range(steps):
        heated(a, b)
        heated(b, a)
    return a, b


def heated(u, out):
    n = u.shape[0]
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            for k in range(1, n - 1):
                x = u[i + 1, j, k] - 2.0 * u[i, j, k] + u[i - 1, j, k]
                y = u[i, j + 1, k] - 2.0 * u[i, j, k] + u[i, j - 1, k]
                z = u[i, j, k + 1] - 2.0 * u[i, j, k] + u[i, j, k - 1]
                out[i, j, k] = u[i, j, k] + 0.125 * (x + y + z)


def heat_3d_slices(steps, a, b):
    a, b = a.copy(), b.copy()
    for _ in range(steps):
        heated_slices(a, b)
        heated_slices(b, a)
    return a, b


def heated_slices(u, out):
    c = u[1:-1, 1:-1, 1:-1]
    x = u[2:, 1:-1, 1:-1] - 2.0 * c + u[:-2, 1:-1, 1:-1]
    y = u[1:-1, 2:, 1:-1] - 2.0 * c + u[1:-1, :-2, 1:-1]
    z = u[1:-1, 1:-1, 2:] - 2.0 * c + u[1:-1, 1:-1, :-2]
    out[1:-1, 1:-1, 1:-1] = c + 0.125 * (x + y + z)


def hdiff(field, coefficient):
    ni, nj, nk = coefficient.shape
    lap = np.zeros((ni + 2, nj + 2, nk))
    for i in range(ni + 2):
        for j in range(nj + 2):
            for k in range(nk):
                around = field[i + 2, j + 1, k] + field[i, j + 1, k]
                around += field[i + 1, j + 2, k] + field[i + 1, j, k]
                lap[i, j, k] = 4.0 * field[i + 1, j + 1, k] - around
    out = np.zeros((ni, nj, nk))
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                here = field[i + 2, j + 2, k]
                right = limited(lap[i + 2, j + 1, k] - lap[i + 1, j + 1, k], field[i + 3, j + 2, k] - here)
                left = limited(lap[i + 1, j + 1, k] - lap[i, j + 1, k], here - field[i + 1, j + 2, k])
                up = limited(lap[i + 1, j + 2, k] - lap[i + 1, j + 1, k], field[i + 2, j + 3, k] - here)
                down = limited(lap[i + 1, j + 1, k] - lap[i + 1, j, k], here - field[i + 2, j + 1, k])
                out[i, j, k] = here - coefficient[i, j, k] * (right - left + up - down)
    return out


def limited(flux, slope):
    """A flux that goes up the slope is none."""
    if flux * slope > 0.0:
        return 0.0
    return flux


def hdiff_slices(field, coefficient):
    lap = 4.0 * field[1:-1, 1:-1] - (field[2:, 1:-1] + field[:-2, 1:-1] + field[1:-1, 2:] + field[1:-1, :-2])
    by_x = lap[1:, 1:-1] - lap[:-1, 1:-1]
    by_x = np.where(by_x * (field[2:-1, 2:-2] - field[1:-2, 2:-2]) > 0.0, 0.0, by_x)
    by_y = lap[1:-1, 1:] - lap[1:-1, :-1]
    by_y = np.where(by_y * (field[2:-2, 2:-1] - field[2:-2, 1:-2]) > 0.0, 0.0, by_y)
    return field[2:-2, 2:-2] - coefficient * (by_x[1:] - by_x[:-1] + by_y[:, 1:] - by_y[:, :-1])


def line(n: int, rng: Rng) -> Arguments:
    return 3, rng.normal(size=n), rng.normal(size=n)


def grids(n: int, rng: Rng) -> Arguments:
    return 3, rng.normal(size=(n, n)), rng.normal(size=(n, n))


def grid(n: int, rng: Rng) -> Arguments:
    return 3, rng.normal(size=(n, n))


def cubes(n: int, rng: Rng) -> Arguments:
    n = 3 + n // 3
    return 2, rng.normal(size=(n, n, n)), rng.normal(size=(n, n, n))


def weather(n: int, rng: Rng) -> Arguments:
    ni, nj = n // 2, 1 + n // 4
    return rng.normal(size=(ni + 4, nj + 4, 2)), rng.normal(size=(ni, nj, 2))


KERNELS = [
    Kernel("jacobi_1d", jacobi_1d, jacobi_1d_slices, line, (3, 1)),
    Kernel("jacobi_2d", jacobi_2d, jacobi_2d_slices, grids, (5, 1)),
    Kernel("seidel_2d", seidel_2d, seidel_2d_slices, grid, (3, 3)),
    Kernel("heat_3d", heat_3d, heat_3d_slices, cubes, (7, 1)),
    Kernel("hdiff", hdiff, hdiff_slices, weather, (6, 0)),
]
