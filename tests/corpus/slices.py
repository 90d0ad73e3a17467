"""Slices whose size depends on a loop index or an argument."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, right

X = np.array([0.7, -1.2, 2.3, 0.4, -0.6, 1.1])
A = np.array([[4.0, 1.0, -0.5, 0.3], [1.0, 5.0, 0.8, -0.2], [-0.5, 0.8, 3.0, 0.6], [0.3, -0.2, 0.6, 2.5]])
B = np.array([1.5, -0.7, 0.9, 2.2])


def sums_of_prefixes(x):
    total = 0.0
    for i in range(6):
        total = total + np.sum(x[:i]) * x[i]
    return total


def products_of_suffixes(x):
    total = 0.0
    for i in range(6):
        total = total + np.sum(x[i:] * x[i]) ** 2
    return total


def cholesky_rows(a):
    low = np.zeros((4, 4))
    for i in range(4):
        for j in range(i):
            low[i, j] = (a[i, j] - low[i, :j] @ low[j, :j]) / low[j, j]
        low[i, i] = np.sqrt(a[i, i] - low[i, :i] @ low[i, :i])
    return np.sum(low * np.arange(16.0).reshape(4, 4))


def elimination_rows(a):
    u = a.copy()
    for k in range(3):
        for i in range(k + 1, 4):
            f = u[i, k] / u[k, k]
            u[i, k:] -= f * u[k, k:]
    return np.sum(u * u)


def elimination_blocks(a):
    u = a.copy()
    for k in range(3):
        u[k + 1 :, k] /= u[k, k]
        u[k + 1 :, k + 1 :] -= np.outer(u[k + 1 :, k], u[k, k + 1 :])
    return np.sum(u * u)


def forward_substitution(a, b):
    x = np.zeros(4)
    for i in range(4):
        x[i] = (b[i] - a[i, :i] @ x[:i]) / a[i, i]
    return np.sum(x * x)


def back_substitution(a, b):
    x = b.copy()
    for i in range(3, -1, -1):
        x[i] = (x[i] - np.dot(a[i, i + 1 :], x[i + 1 :])) / a[i, i]
    return np.sum(x * x)


def levinson_durbin(r):
    y = np.zeros(4)
    y[0] = -r[0]
    alpha, beta = -r[0], 1.0
    for k in range(1, 4):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(r[:k][::-1], y[:k])) / beta
        y[:k] += alpha * y[:k][::-1]
        y[k] = alpha
    return np.sum(y * y)


def growing_window_written(x):
    a = x.copy()
    for i in range(1, 6):
        a[:i] *= 0.5
        a[:i] += a[i] * x[:i]
    return np.sum(a * a)


def both_ends_move(x):
    a = x.copy()
    for i in range(3):
        a[i : 6 - i] = np.sin(a[i : 6 - i]) * a[i]
    return np.sum(a)


def means_of_windows(x):
    total = 0.0
    for i in range(6):
        low, high = max(0, i - 1), min(6, i + 2)
        total = total + np.mean(x[low:high]) ** 2
    return total


def bound_is_an_argument(x, n):
    return np.sum(x[:n] ** 2) * x[0]


def bounds_from_the_end(x):
    total = 0.0
    for i in range(1, 5):
        total = total + np.sum(x[-i:]) * np.sum(x[:-i])
    return total


def strided(x):
    total = 0.0
    for i in range(1, 6):
        total = total + np.sum(x[:i:2] ** 2) * x[i]
    return total


def empty_slices(x, n):
    total = x[0]
    for i in range(n):
        total = total + np.sum(x[i:i] * 2.0) + np.sum(x[3:i] ** 2)
    return total


def past_the_end(x):
    total = 0.0
    for i in range(6):
        total = total + np.sum(x[i : i + 3]) * x[i]
    return total


def triangular_products(a):
    total = 0.0
    for i in range(1, 4):
        block = a[:i, :i]
        total = total + np.sum(block @ block[0]) + np.max(a[i, :i])
    return total


def view_of_a_window(x):
    a = x.copy()
    for i in range(1, 6):
        w = a[:i]
        w[0] = w[i - 1] * a[i]
        w *= 0.9
    return np.sum(a * a)


CASES: list[Case] = [
    *(right(f, (X,), loops=1) for f in (
        sums_of_prefixes, products_of_suffixes, growing_window_written, both_ends_move,
        bounds_from_the_end, view_of_a_window,
    )),
    *(right(f, (X,)) for f in (means_of_windows, strided, past_the_end)),
    *(right(f, (A,), loops=2) for f in (cholesky_rows, elimination_rows)),
    *(right(f, (A,), loops=1) for f in (elimination_blocks, triangular_products)),
    *(right(f, (A, B), loops=1) for f in (forward_substitution, back_substitution)),
    right(levinson_durbin, (0.1 * B,), loops=1),
    right(empty_slices, (X, 5), (X, 1), loops=1),
    right(bound_is_an_argument, (X, 3), (X, 0), (X, -2), (X, 9)),
]  # fmt: skip
PENDING: list[Case] = []
