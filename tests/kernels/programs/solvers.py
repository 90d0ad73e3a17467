"""Triangular systems, factorisations and shortest paths: what is written is read in the next turn."""

from __future__ import annotations

import numpy as np

from tests.kernels.kernel import Arguments, Kernel, Rng


def trisolv(low, b):
    n = b.shape[0]
    x = np.zeros(n)
    for i in range(n):
        x[i] = b[i]
        for j in range(i):
            x[i] -= low[i, j] * x[j]
        x[i] = x[i] / low[i, i]
    return x


def trisolv_slices(low, b):
    x = np.zeros(b.shape[0])
    for i in range(b.shape[0]):
        x[i] = (b[i] - low[i, :i] @ x[:i]) / low[i, i]
    return x


def cholesky(a):
    a = a.copy()  # what is above the diagonal stays
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k]
            a[i, j] /= a[j, j]
        for k in range(i):
            a[i, i] -= a[i, k] * a[i, k]
        a[i, i] = np.sqrt(a[i, i])
    return a


def cholesky_slices(a):
    a = a.copy()  # what is above the diagonal stays
    for i in range(a.shape[0]):
        for j in range(i):
            a[i, j] = (a[i, j] - a[i, :j] @ a[j, :j]) / a[j, j]
        a[i, i] = np.sqrt(a[i, i] - a[i, :i] @ a[i, :i])
    return a


def lu(a):
    a = a.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                a[i, j] -= a[i, k] * a[k, j]
            a[i, j] /= a[j, j]
        for j in range(i, n):
            for k in range(i):
                a[i, j] -= a[i, k] * a[k, j]
    return a


def lu_slices(a):
    a = a.copy()
    n = a.shape[0]
    for k in range(n - 1):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= a[k + 1 :, k : k + 1] * a[k, k + 1 :]
    return a


def durbin(r):
    n = r.shape[0]
    y, z = np.zeros(n), np.zeros(n)
    alpha, beta = -r[0], 1.0
    y[0] = alpha
    for k in range(1, n):
        beta = (1.0 - alpha * alpha) * beta
        s = 0.0
        for i in range(k):
            s += r[k - i - 1] * y[i]
        alpha = -(r[k] + s) / beta
        for i in range(k):
            z[i] = y[i] + alpha * y[k - i - 1]
        for i in range(k):
            y[i] = z[i]
        y[k] = alpha
    return y


def durbin_slices(r):
    y = np.zeros(r.shape[0])
    alpha, beta = -r[0], 1.0
    y[0] = alpha
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return y


def floyd_warshall(paths):
    d = paths.copy()
    n = d.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                through = d[i, k] + d[k, j]
                if through < d[i, j]:
                    d[i, j] = through
    return d


def floyd_warshall_slices(paths):
    d = paths.copy()
    for k in range(d.shape[0]):
        d[:] = np.minimum(d, d[:, k : k + 1] + d[k])
    return d


def for_trisolv(n: int, rng: Rng) -> Arguments:
    return np.tril(rng.normal(size=(n, n)), -1) / n + np.diag(1.0 + rng.random(n)), rng.normal(size=n)


def for_cholesky(n: int, rng: Rng) -> Arguments:
    a = rng.normal(size=(n, n))
    return (a @ a.T / n + np.eye(n),)


def for_lu(n: int, rng: Rng) -> Arguments:
    return (rng.normal(size=(n, n)) / n + np.diag(2.0 + rng.random(n)),)


def for_durbin(n: int, rng: Rng) -> Arguments:
    return (0.5 * rng.normal(size=n) / n,)


def for_floyd_warshall(n: int, rng: Rng) -> Arguments:
    return (rng.uniform(0.5, 10.0, size=(n, n)),)


KERNELS = [
    Kernel("trisolv", trisolv, trisolv_slices, for_trisolv, (2, 1)),
    Kernel("cholesky", cholesky, cholesky_slices, for_cholesky, (4, 2)),
    Kernel("lu", lu, lu_slices, for_lu, (5, 1)),
    Kernel("durbin", durbin, durbin_slices, for_durbin, (4, 1)),
    Kernel("floyd_warshall", floyd_warshall, floyd_warshall_slices, for_floyd_warshall, (3, 1)),
]
