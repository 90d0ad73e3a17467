"""Recurrences along an array or a table, as people write them with loops."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, right

X = np.array([0.7, -1.2, 2.3, 0.4, -0.6, 1.1])
ZEROS = np.array([0.7, 0.0, 2.3, 0.0, -0.6, 1.1])
ONE_ZERO = np.array([0.7, 1.3, 0.0, 0.4, -0.6, 1.1])
Y = np.array([0.5, 0.1, 1.9, -0.8])
A = np.array([[4.0, 1.0, -0.5, 0.3], [1.0, 5.0, 0.8, -0.2], [-0.5, 0.8, 3.0, 0.6], [0.3, -0.2, 0.6, 2.5]])
LSTM = {
    "wf": np.array([0.5, -0.3]), "wi": np.array([0.2, 0.4]), "wo": np.array([-0.1, 0.6]),
    "wc": np.array([0.7, 0.1]), "b": np.array([0.1, -0.2, 0.05, 0.3]),
}  # fmt: skip


def prefix_products(x):
    s = np.zeros(6)
    s[0] = x[0]
    for i in range(1, 6):
        s[i] = s[i - 1] * x[i]
    return np.sum(s * s)


def prefix_products_in_place(x):
    s = x.copy()
    for i in range(1, 6):
        s[i] *= s[i - 1]
    return np.sum(s * np.arange(6.0))


def cumulative_products(x):
    return np.sum(np.cumprod(x) * np.arange(1.0, 7.0))


def product_of_all(x):
    return np.prod(x) * 3.0 + np.prod(x[2:])


def scalar_products(x):
    p, total = 1.0, 0.0
    for i in range(6):
        p *= x[i]
        total += p * p + p
    return total


def suffix_sums(x):
    s = x * x
    for i in range(4, -1, -1):
        s[i] += s[i + 1] * x[i]
    return s[0] * s[3]


def second_order(x):
    f = np.zeros(8)
    f[0], f[1] = 1.0, x[0]
    for i in range(2, 8):
        f[i] = f[i - 1] * x[i - 2] + f[i - 2]
    return f[7]


def windowed(x):
    y = x.copy()
    for i in range(2, 6):
        y[i] = 0.5 * y[i] + 0.3 * y[i - 1] * y[i - 2]
    return np.sum(y**2)


def dynamic_time_warping(x, y):
    d = np.full((7, 5), 1e10)
    d[0, 0] = 0.0
    for i in range(1, 7):
        for j in range(1, 5):
            cost = (x[i - 1] - y[j - 1]) ** 2
            d[i, j] = cost + min(d[i - 1, j], d[i, j - 1], d[i - 1, j - 1])
    return d[6, 4]


def edit_distance_two_rows(x, y):
    before = np.arange(5.0)
    for i in range(6):
        row = np.zeros(5)
        row[0] = i + 1.0
        for j in range(1, 5):
            change = before[j - 1] + abs(x[i] - y[j - 1])
            row[j] = min(min(before[j] + 0.9, row[j - 1] + 0.8), change)
        before = row
    return before[4]


def floyd_warshall(a):
    d = a * a + 0.5
    for k in range(4):
        for i in range(4):
            for j in range(4):
                d[i, j] = min(d[i, j], d[i, k] + d[k, j])
    return np.sum(d * d * np.arange(1.0, 17.0).reshape(4, 4))


def cholesky(a):
    low = np.zeros((4, 4))
    for i in range(4):
        for j in range(i + 1):
            s = a[i, j]
            for k in range(j):
                s -= low[i, k] * low[j, k]
            if i == j:
                low[i, i] = np.sqrt(s)
            else:
                low[i, j] = s / low[j, j]
    return np.sum(low * np.arange(16.0).reshape(4, 4))


def cholesky_in_place(a):
    c = a.copy()
    for j in range(4):
        for k in range(j):
            for i in range(j, 4):
                c[i, j] -= c[i, k] * c[j, k]
        c[j, j] = np.sqrt(c[j, j])
        for i in range(j + 1, 4):
            c[i, j] /= c[j, j]
    return np.sum(np.log(c.diagonal())) + c[3, 0] * c[2, 1]


def lu_in_place(a):
    u = a.copy()
    for k in range(4):
        for i in range(k + 1, 4):
            u[i, k] /= u[k, k]
            for j in range(k + 1, 4):
                u[i, j] -= u[i, k] * u[k, j]
    return np.sum(u * u)


def lu_with_pivots(a):
    u = a.copy()
    for k in range(3):
        pivot = k
        for i in range(k + 1, 4):
            if abs(u[i, k]) > abs(u[pivot, k]):
                pivot = i
        for j in range(4):
            u[k, j], u[pivot, j] = u[pivot, j], u[k, j]
        for i in range(k + 1, 4):
            u[i, k] /= u[k, k]
            for j in range(k + 1, 4):
                u[i, j] -= u[i, k] * u[k, j]
    return u[0, 0] * u[1, 1] * u[2, 2] * u[3, 3] + u[3, 1]


def thomas(lower, diagonal, upper, rhs):
    n = rhs.shape[0]
    c, d = np.zeros(n), np.zeros(n)
    c[0] = upper[0] / diagonal[0]
    d[0] = rhs[0] / diagonal[0]
    for i in range(1, n):
        m = diagonal[i] - lower[i] * c[i - 1]
        c[i] = upper[i] / m
        d[i] = (rhs[i] - lower[i] * d[i - 1]) / m
    x = d
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1]
    return np.sum(x * x * rhs)


def gauss_seidel(a, b):
    x = np.zeros(4)
    for _ in range(5):
        for i in range(4):
            s = b[i]
            for j in range(4):
                if j != i:
                    s -= a[i, j] * x[j]
            x[i] = s / a[i, i]
    return np.sum(x * x)


def relaxation_sweeps(k, u0):
    u = u0.copy()
    n = u.shape[0]
    for _ in range(10):
        for i in range(1, n - 1):
            u[i] = u[i] + k * (u[i - 1] - 2 * u[i] + u[i + 1])
        if u[0] > 1.0:
            u[0] *= 0.5
    return np.sum(u**2)


def lstm(p, x):
    h = c = 0.0
    for t in range(6):
        z = np.array([x[t], h])
        f = 1.0 / (1.0 + np.exp(-(p["wf"] @ z + p["b"][0])))
        i = 1.0 / (1.0 + np.exp(-(p["wi"] @ z + p["b"][1])))
        o = 1.0 / (1.0 + np.exp(-(p["wo"] @ z + p["b"][2])))
        c = f * c + i * np.tanh(p["wc"] @ z + p["b"][3])
        h = o * np.tanh(c)
    return h * h + c


def runge_kutta(rates, start):
    y = start.copy()
    h = 0.05
    for _ in range(12):
        k1 = lotka_volterra(rates, y)
        k2 = lotka_volterra(rates, y + 0.5 * h * k1)
        k3 = lotka_volterra(rates, y + 0.5 * h * k2)
        k4 = lotka_volterra(rates, y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y[0] * y[1]


def lotka_volterra(rates, y):
    return np.array([rates[0] * y[0] - rates[1] * y[0] * y[1], rates[2] * y[0] * y[1] - rates[3] * y[1]])


def viterbi(scores):
    best = scores[0].copy()
    for t in range(1, 4):
        new = np.zeros(4)
        for j in range(4):
            top = best[0] + scores[t, j] * best[0]
            for i in range(1, 4):
                top = max(top, best[i] + scores[t, j] * best[i])
            new[j] = top
        best = new
    return np.max(best)


def pascal(x):
    row = np.zeros(6)
    row[0] = 1.0
    for _ in range(5):
        for j in range(5, 0, -1):
            row[j] = row[j] * x[j] + row[j - 1]
    return np.sum(row * x)


def matrix_power(a, n):
    result = np.eye(4)
    base = 0.3 * a
    for _ in range(n):
        result = result @ base
    return np.sum(result * result)


def running_statistics(x):
    mean = variance = 0.0
    for i in range(6):
        delta = x[i] - mean
        mean += delta / (i + 1)
        variance += delta * (x[i] - mean)
    return variance / 5.0 + mean * mean


def bubble_sort(x):
    a = x.copy()
    for i in range(5):
        for j in range(5 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]
    return np.sum(a * a * np.arange(6.0))


CASES: list[Case] = [
    *(right(f, (X,), (ZEROS,), (ONE_ZERO,), loops=1) for f in (
        prefix_products, prefix_products_in_place, scalar_products, suffix_sums, second_order, windowed,
        running_statistics,
    )),
    *(right(f, (X,), (ZEROS,), (ONE_ZERO,)) for f in (cumulative_products, product_of_all)),
    right(dynamic_time_warping, (X, Y), loops=2),
    right(edit_distance_two_rows, (X, Y), loops=2),
    right(floyd_warshall, (A,), loops=3),
    right(cholesky, (A,), loops=3),
    right(cholesky_in_place, (A,), loops=4),
    right(lu_in_place, (A,), loops=3),
    right(lu_with_pivots, (A,), (A[::-1].copy(),), loops=5),
    right(thomas, (A[0], A.diagonal().copy(), A[1] * 0.5, Y), loops=2),
    right(gauss_seidel, (A, Y), loops=3),
    right(relaxation_sweeps, (0.2, X), (0.2, X + 0.7), loops=2),
    right(lstm, (LSTM, X), loops=1),
    right(runge_kutta, (np.array([1.1, 0.4, 0.1, 0.4]), np.array([2.0, 1.5])), loops=1),
    right(viterbi, (A,), loops=3),
    right(pascal, (X,), loops=2),
    right(matrix_power, (A, 3), (A, 0), loops=1),
    right(bubble_sort, (X,), (ONE_ZERO,), loops=2),
]  # fmt: skip
PENDING: list[Case] = []
