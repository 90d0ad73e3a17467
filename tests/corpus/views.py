"""Views share memory with their base: both ways, across branches and turns of loops."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, right

X = np.linspace(0.5, 2.0, 6)
Y = np.array([1.3, -0.7, 0.4, 2.1, -1.1, 0.6])
M = np.sin(np.arange(12.0)).reshape(3, 4) + 1.5


def through_a_view_of_a_view(x):
    a = x.copy()
    v = a[1:]
    w = v[::2]
    w[1] = w[0] * w[2]
    before = a[3] * v[0]
    a[5] = before
    return np.sum(a * a) + w[2] * v[2]


def overlapping_forwards(x):
    a = x.copy()
    a[1:] = a[:-1] * a[1:]
    a[1:] += a[:-1]
    return np.sum(a * a)


def overlapping_backwards(x):
    a = x.copy()
    a[:-1] = a[1:] * 2.0
    a[:-1] *= a[1:]
    return np.sum(a * a)


def reversed_onto_itself(x):
    a = x.copy()
    a[::-1] = a * a
    a[:] = a[::-1] + a
    a[:3] = a[::-2]
    return np.sum(a * a * np.arange(6.0))


def overlapping_in_a_loop(x):
    a = x.copy()
    for _ in range(3):
        a[1:-1] = 0.3 * a[:-2] * a[2:] + a[1:-1]
    return np.sum(a * a)


def overlapping_rows(m):
    a = m.copy()
    a[1:] = a[:-1] * a[1:]
    a[:, :-1] += a[:, 1:] * a[:, :-1]
    return np.sum(a)


def taken_before_the_loop(x):
    a = x.copy()
    v = a[1:5]
    for i in range(4):
        v[i] = a[i] * a[i + 1] + v[3 - i]
    return np.sum(a * a)


def base_written_in_the_loop(x):
    a = x.copy()
    v = a[::-1]
    total = 0.0
    for i in range(6):
        a[i] = a[i] * a[i]
        total = total + v[i] * v[0]
    return total


def view_taken_in_the_loop(m):
    a = m.copy()
    for i in range(3):
        row = a[i]
        for j in range(1, 4):
            row[j] = row[j - 1] * a[i, j]
        row *= row[1]
    return np.sum(a * a)


def view_of_a_row_written_through_the_base(m):
    a = m.copy()
    total = 0.0
    for i in range(2):
        row, below = a[i], a[i + 1]
        a[i + 1] = row * below
        a[i, 0] = 2.0
        total = total + np.sum(row * below)
    return total


def window_moving_over_an_array(x):
    a = x.copy()
    for i in range(4):
        window = a[i : i + 3]
        window[1] = window[0] * window[2]
        window += 0.1 * window[1]
    return np.sum(a * a)


def view_kept_from_an_earlier_turn(x):
    a = x.copy()
    previous = a[0:2]
    for i in range(3):
        a[i] = a[i] * 1.5
        total = np.sum(previous * a[i])
        previous = a[0:2]
    return total * np.sum(previous)


def written_in_a_branch(x):
    a = x.copy()
    v = a[2:]
    if x[0] > 0.2:
        v[0] = a[0] * a[1]
        a[3] *= v[0]
    else:
        v[:] = 0.0
    return np.sum(a * a) + v[1]


def view_taken_in_a_branch(x, y):
    a = x.copy()
    b = y.copy()
    if y[0] > 0.0:
        v = a[1:3]
        v *= b[1:3]
        b[0] = v[1]
    return np.sum(a * a) + np.sum(b * b * b)


def write_in_a_branch_in_a_loop(x, y):
    a = x.copy()
    odd = a[1::2]
    for i in range(3):
        if y[i] > 0.0:
            odd[i] *= a[i]
        else:
            a[i] = odd[i] * odd[i]
    return np.sum(a * a)


def rows_of_a_matrix(m):
    a = m.copy()
    for row in a:
        row[0] = row[1] * row[2]
        row /= 2.0 + row[0]
    return np.sum(a * a)


def rows_with_their_indices(m):
    a = m.copy()
    for i, row in enumerate(a):
        row *= a[i - 1, 0]
    return np.sum(a * a)


def unpacked_rows(m):
    a = m.copy()
    p, q, r = a
    p *= q
    a[1] = p * r
    return np.sum(q * r) + np.sum(a)


def entry_as_a_view(x):
    a = x.copy()
    v = a[2, ...]  # an array without axes, not a number
    v *= 3.0
    a[2] += v * a[1]
    return np.sum(a * a) * v


def window_at_a_traced_offset(x, k):
    a = x.copy()
    v = a[k : k + 2]
    a[k + 1] *= 3.0
    v[0] = v[1] * a[k + 1]
    return np.sum(a * a)


CASES: list[Case] = [
    *(right(f, (X,)) for f in (
        through_a_view_of_a_view, overlapping_forwards, overlapping_backwards, reversed_onto_itself,
        entry_as_a_view,
    )),
    *(right(f, (X,), loops=1) for f in (
        overlapping_in_a_loop, taken_before_the_loop, base_written_in_the_loop,
        view_kept_from_an_earlier_turn, window_moving_over_an_array,
    )),
    *(right(f, (M,)) for f in (overlapping_rows, unpacked_rows)),
    right(view_taken_in_the_loop, (M,), loops=2),
    *(right(f, (M,), loops=1) for f in (
        view_of_a_row_written_through_the_base, rows_of_a_matrix, rows_with_their_indices,
    )),
    right(written_in_a_branch, (X,), (0.1 * X,)),
    right(view_taken_in_a_branch, (X, Y), (X, -Y)),
    right(write_in_a_branch_in_a_loop, (X, Y), (X, -Y), loops=1),
    right(window_at_a_traced_offset, (X, 3), (X, 0), (X, -4)),
]  # fmt: skip
PENDING: list[Case] = []
