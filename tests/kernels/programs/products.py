"""Products of matrices and vectors, added up by hand and by NumPy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tests.kernels.kernel import Arguments, Kernel, Rng


def gemm(alpha, beta, a, b, c):
    c = c.copy()
    ni, nk = a.shape
    nj = b.shape[1]
    for i in range(ni):
        for j in range(nj):
            c[i, j] *= beta
        for k in range(nk):
            for j in range(nj):
                c[i, j] += alpha * a[i, k] * b[k, j]
    return c


def gemm_slices(alpha, beta, a, b, c):
    return alpha * (a @ b) + beta * c


def atax(a, x):
    m, n = a.shape
    y = np.zeros(n)
    for i in range(m):
        t = 0.0
        for j in range(n):
            t += a[i, j] * x[j]
        for j in range(n):
            y[j] += a[i, j] * t
    return y


def atax_slices(a, x):
    return (a @ x) @ a


def bicg(a, p, r):
    m, n = a.shape
    s, q = np.zeros(n), np.zeros(m)
    for i in range(m):
        for j in range(n):
            s[j] += r[i] * a[i, j]
            q[i] += a[i, j] * p[j]
    return s, q


def bicg_slices(a, p, r):
    return r @ a, a @ p


def mvt(a, x1, x2, y1, y2):
    x1, x2 = x1.copy(), x2.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            x1[i] = x1[i] + a[i, j] * y1[j]
    for i in range(n):
        for j in range(n):
            x2[i] = x2[i] + a[j, i] * y2[j]
    return x1, x2


def mvt_slices(a, x1, x2, y1, y2):
    x1, x2 = x1.copy(), x2.copy()
    x1 += a @ y1
    x2 += a.T @ y2
    return x1, x2


def gesummv(alpha, beta, a, b, x):
    n = a.shape[0]
    y = np.zeros(n)
    for i in range(n):
        s = t = 0.0
        for j in range(n):
            s += a[i, j] * x[j]
            t += b[i, j] * x[j]
        y[i] = alpha * s + beta * t
    return y


def gesummv_slices(alpha, beta, a, b, x):
    return alpha * a @ x + beta * b @ x


def matrix_product(a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return c


def k2mm(alpha, beta, a, b, c, d):
    d = d.copy()
    t = matrix_product(a, b)
    for i in range(d.shape[0]):
        for j in range(d.shape[1]):
            d[i, j] *= beta
            for k in range(t.shape[1]):
                d[i, j] += alpha * t[i, k] * c[k, j]
    return d


def k2mm_slices(alpha, beta, a, b, c, d):
    d = d.copy()
    d[:] = alpha * a @ b @ c + beta * d
    return d


def k3mm(a, b, c, d):
    return matrix_product(matrix_product(a, b), matrix_product(c, d))


def k3mm_slices(a, b, c, d):
    return a @ b @ (c @ d)


def for_gemm(n: int, rng: Rng) -> Arguments:
    a, b, c = rng.normal(size=(n, n - 2)), rng.normal(size=(n - 2, n - 1)), rng.normal(size=(n, n - 1))
    return 1.5, 1.2, a, b, c


def for_atax(n: int, rng: Rng) -> Arguments:
    return rng.normal(size=(n, n - 2)), rng.normal(size=n - 2)


def for_bicg(n: int, rng: Rng) -> Arguments:
    return rng.normal(size=(n, n - 2)), rng.normal(size=n - 2), rng.normal(size=n)


def for_mvt(n: int, rng: Rng) -> Arguments:
    return rng.normal(size=(n, n)), *rng.normal(size=(4, n))


def for_gesummv(n: int, rng: Rng) -> Arguments:
    return 1.5, 1.2, *rng.normal(size=(2, n, n)), rng.normal(size=n)


def for_k2mm(n: int, rng: Rng) -> Arguments:
    a, b = rng.normal(size=(n, n - 1)), rng.normal(size=(n - 1, n - 2))
    return 1.5, 1.2, a, b, rng.normal(size=(n - 2, n - 3)), rng.normal(size=(n, n - 3))


def for_k3mm(n: int, rng: Rng) -> Arguments:
    sizes = [n, n - 1, n - 2, n - 1, n - 3]
    return tuple(0.5 * rng.normal(size=shape) for shape in pairwise(sizes))


KERNELS = [
    Kernel("gemm", gemm, gemm_slices, for_gemm, (4, 0)),
    Kernel("atax", atax, atax_slices, for_atax, (3, 0)),
    Kernel("bicg", bicg, bicg_slices, for_bicg, (2, 0)),
    Kernel("mvt", mvt, mvt_slices, for_mvt, (4, 0)),
    Kernel("gesummv", gesummv, gesummv_slices, for_gesummv, (2, 0)),
    Kernel("k2mm", k2mm, k2mm_slices, for_k2mm, (6, 0)),
    Kernel("k3mm", k3mm, k3mm_slices, for_k3mm, (9, 0)),
]
