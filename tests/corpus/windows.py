"""What people do with slices of changing size: overlaps, products, reductions, pivots, exits."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, raises, right

X = np.array([0.7, 1.2, 0.3, 1.4, 0.6, 0.9])
Y = np.array([1.3, -0.7, 0.4, 2.1, -1.1, 0.6])
A = np.array([[4.0, 1.0, -0.5, 0.3], [1.0, 5.0, 0.8, -0.2], [-0.5, 0.8, 3.0, 0.6], [0.3, -0.2, 0.6, 2.5]])


def reversed_onto_itself(x):
    a = x.copy()
    for i in range(1, 6):
        a[:i] = a[:i][::-1] * a[i]
    return np.sum(a * a * np.arange(6.0))


def shifted_onto_itself(x):
    a = x.copy()
    for i in range(1, 6):
        a[1 : i + 1] = a[:i] * 1.1
        a[:i] += a[1 : i + 1] * 0.1
    return np.sum(a * a * np.arange(6.0))


def row_and_column_that_cross(m):
    a = m.copy()
    for i in range(1, 4):
        a[i, :i] = a[:i, i] * a[i, i]
        a[:i, i] = a[i, :i][::-1]
    return np.sum(a * a * np.arange(16.0).reshape(4, 4))


def products_of_blocks(m):
    s = 0.0
    for i in range(1, 5):
        b = m[:i, :i]
        s = s + np.sum(b @ b.T) + np.sum(np.outer(m[0, :i], m[1, :i])) + m[0, :i] @ b @ m[1, :i]
    return s


def outer_by_broadcasting(x, y):
    s = 0.0
    for i in range(1, 6):
        t = x[:i, None] * y[None, :i] + x[i]
        s = s + np.sum(t * t) + np.sum(np.where(t > 0.5, t, 0.0))
    return s


def reductions(x):
    s = 0.0
    for i in range(1, 7):
        v = x[:i]
        s = s + np.max(v) * np.min(v) + np.mean(v) ** 2 + np.prod(v) + np.linalg.norm(v)
        s = s + v.sum() * len(v) + v.shape[0] * v.size
    return s


def selection_sort(x):
    a = x.copy()
    s = 0.0
    for i in range(6):
        k = i + np.argmax(a[i:])
        a[i], a[k] = a[k], a[i]
        s = s + a[i] * i
    return s


def sizes_that_do_not_fit(x, n):
    a = x.copy()
    for i in range(n):
        a[:i] = x[: i + 1] * 2.0
    return np.sum(a)


def largest_of_nothing(x, n):
    s = x[0] * 1.0
    for i in range(n):
        s += np.max(x[:i])
    return s


def bounds_of_all_kinds(x, i, j):
    s = x[0] * 1.0
    for k in range(2):
        s = s + np.sum(x[i:j] ** 2) * x[k]
    return s


def in_a_while(x):
    s, k = 0.0, 1
    while k < 6 and s < 4.0:
        s = s + np.sum(x[:k] * x[k])
        k += 1 + (s > 1.0)
    return s * k


def with_break_and_continue(x, limit):
    a = x.copy()
    for i in range(1, 6):
        a[:i] *= a[i]
        if np.sum(a[:i]) > limit:
            a[i:] *= 0.5
            break
        if a[i] < 0.5:
            continue
        a[i:] += a[0]
    return np.sum(a * a)


def in_branches(x, y):
    a = x.copy()
    for i in range(1, 5):
        if y[i] > 0.0:
            a[:i] *= y[:i]
        else:
            a[i:] += y[i:]
    return np.sum(a * a)


def rotated(x):
    s = 0.0
    for i in range(6):
        b = np.concatenate([x[i:], x[:i]])
        s = s + np.sum(b * x * (i + 1))
    return s


def backward_windows(x):
    s = 0.0
    for i in range(1, 6):
        s = s + np.sum(x[:i][::-1] * x[:i]) + np.sum(x[i::-1] ** 2) + np.sum(x[i:0:-1] * x[0])
    return s


def loop_over_a_window(x):
    s = 0.0
    for i in range(6):
        w = x[i:]
        for j in range(w.shape[0]):
            s = s + w[j] * w[0] * (j + 1)
        for v in w:
            s = s + v * w[0]
    return s


def helper_over_a_window(x):
    s = 0.0
    for i in range(1, 5):
        s = s + mean_square(x[:i]) * mean_square(x[i:])
    return s


def mean_square(v):
    s = 0.0
    for k in range(len(v)):
        s = s + v[k] ** 2
    return s / len(v)


def copied_and_filled(x):
    a = x.copy()
    for i in range(1, 5):
        w = a[:i].copy()
        w *= w
        a[i:].fill(0.5)
        a[i] = np.sum(w)
    return np.sum(a * a)


def new_arrays_of_the_same_size(x):
    s = 0.0
    for i in range(1, 6):
        z = np.zeros(i)
        z[0] = x[i]
        z += x[:i] * np.arange(i)
        s = s + np.sum(z * z) + np.cumsum(x[:i])[-1] * x[:i][-1]
    return s


def gram_schmidt(a, b):
    q = a.copy()
    for i in range(4):
        q[i] -= (q[:i] @ q[i]) @ q[:i]
        q[i] /= np.sqrt(q[i] @ q[i])
    return np.sum((q @ b) ** 2 * np.arange(4.0))


def householder(a):
    r = a.copy()
    for k in range(3):
        v = r[k:, k].copy()
        v[0] += np.sign(v[0]) * np.sqrt(v @ v)
        v /= np.sqrt(v @ v)
        r[k:, k:] -= 2.0 * np.outer(v, v @ r[k:, k:])
    return np.sum(r * r * np.arange(16.0).reshape(4, 4))


def window_after_its_loop(x):
    for i in range(1, 5):
        v = x[:i] * 2.0
    return np.sum(v * v)


CASES: list[Case] = [
    *(right(f, (X,)) for f in (
        reversed_onto_itself, shifted_onto_itself, reductions, selection_sort, in_a_while, rotated,
        backward_windows, loop_over_a_window, helper_over_a_window, copied_and_filled,
        new_arrays_of_the_same_size,
    )),
    *(right(f, (A,)) for f in (row_and_column_that_cross, products_of_blocks, householder)),
    right(gram_schmidt, (A, X[:4])),
    right(outer_by_broadcasting, (X, Y)),
    right(with_break_and_continue, (X, 2.0), (X, 0.5), (X, 99.0)),
    right(in_branches, (X, Y), (X, -Y)),
    right(
        bounds_of_all_kinds,
        (X, 0, 3), (X, 2, 6), (X, 4, 4), (X, 5, 2), (X, -3, 6), (X, 2, 99), (X, -9, 4),
    ),
    raises(sizes_that_do_not_fit, ValueError, (X, 3), good=((X, 0),)),
    raises(largest_of_nothing, ValueError, (X, 3), good=((X, 0),)),
    right(window_after_its_loop, (X,)),
]  # fmt: skip
PENDING: list[Case] = []
