"""Writes in unusual places: in conditions, operands and targets. They happen in Python's order, once."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, right

X = np.array([0.7, 1.2, 0.3, 1.4, 0.6, 0.9])
A = np.array([[4.0, 1.0, -0.5, 0.3], [1.0, 5.0, 0.8, -0.2], [-0.5, 0.8, 3.0, 0.6], [0.3, -0.2, 0.6, 2.5]])


def condition_of_a_while(x):
    a = x.copy()

    def step(i):
        a[i] = a[i] * a[i - 1] + 0.5
        return a[i]

    i = 0
    while step(i) < 1.0:
        a[0] *= 1.1
        i += 1
    return np.sum(a * a) * i


def second_operand_of_and(x, y):
    a = x.copy()

    def bump():
        a[0] *= 2.0
        return a[0]

    if y > 0.0 and bump() > 1.0:
        a[1] *= 3.0
    if y > 0.0 or bump() > 1.0:
        a[2] *= a[0]
    return np.sum(a * a)


def middle_of_a_chained_comparison(x, y):
    a = x.copy()

    def bump():
        a[0] += 1.0
        return a[0]

    if y < bump() < 2.0 * y + 0.3:
        return np.sum(a * a)
    return a[0] * a[1]


def sides_of_a_conditional_expression(x, y):
    a = x.copy()

    def square(k):
        a[k] *= a[k]
        return a[k]

    s = square(0) if y > 0.0 else square(1) + square(2)
    return s * np.sum(a)


def index_and_value_of_an_augmented_assignment(x):
    a = x.copy()

    def written(k):
        a[3] = a[3] * 2.0
        return k

    a[written(3)] += a[written(1)] * a[3]
    a[written(0)] = a[3] = a[2] * a[3]
    return np.sum(a * a)


def targets_from_left_to_right(x, i):
    a = x.copy()
    i, a[i] = 2, a[3] * a[3]  # a[2] is written
    a[i] = i = 4  # a[2] again
    return np.sum(a * a) * i


def targets_in_a_loop(x):
    a = x.copy()
    j = 0
    for i in range(4):
        j, a[j] = (j + 2) % 6, a[i] * a[j]
    return np.sum(a * a) * j


def best_so_far_begins_as_none(x):
    best = None
    for i in range(6):
        if best is None or x[i] > best:
            best = x[i] * 1.0
    return best * best


def flag_and_position(x, limit):
    found, where = False, -1
    for i in range(6):
        if not found and x[i] > limit:
            found = True
            where = i
    return x[where] * x[where] if found else x[0] * x[where]


def flags_that_flip(x):
    up = x[0] > 1.0
    s = 0.0
    for i in range(6):
        up = not up if x[i] > 0.8 else up
        s = s * 0.5 + (x[i] if up else x[i] * x[i])
    return s


def bits(x):
    k, s = 0, 0.0
    for i in range(6):
        k = (k ^ i) + (1 << (i % 3)) if x[i] > 0.8 else k | 1
        s += x[k % 6] * x[i]
    return s * k


def rows_swapped_by_traced_pivots(a):
    u = a.copy()
    for k in range(3):
        p = k
        for i in range(k + 1, 4):
            if abs(u[i, k]) > abs(u[p, k]):
                p = i
        u[[k, p]] = u[[p, k]]
        for i in range(k + 1, 4):
            u[i] = u[i] - u[i, k] / u[k, k] * u[k]
    return u[0, 0] * u[1, 1] * u[2, 2] * u[3, 3]


def rows_swapped_through_copies(a):
    u = a.copy()
    for k in range(3):
        p = np.argmax(np.abs(u[:, k]))
        u[k], u[p] = u[p].copy(), u[k].copy()
        u[k + 1] -= u[k] * 0.5
    return np.sum(u * u * np.arange(16.0).reshape(4, 4))


def rows_not_swapped_through_views(a):
    u = a.copy()
    for k in range(3):
        p = np.argmax(np.abs(u[:, k]))
        u[k], u[p] = u[p], u[k]
        u[k + 1] -= u[k] * 0.5
    return np.sum(u * u * np.arange(16.0).reshape(4, 4))


def bound_from_a_float(x):
    s = 0.1 * x
    for i in range(int(x)):
        s += x * i + x
    k = 0
    while k < int(x * 2):
        s = s * 1.1 + x
        k += 1
    return s


CASES: list[Case] = [
    right(condition_of_a_while, (X,), loops=1),
    right(second_operand_of_and, (X, 1.0), (X, -1.0)),
    right(middle_of_a_chained_comparison, (X, 0.5), (X, 1.0), (X, 3.0)),
    right(sides_of_a_conditional_expression, (X, 1.0), (X, -1.0)),
    right(index_and_value_of_an_augmented_assignment, (X,)),
    right(targets_from_left_to_right, (X, 0)),
    *(right(f, (X,), (X[::-1].copy(),), loops=1) for f in (
        targets_in_a_loop, best_so_far_begins_as_none, flags_that_flip, bits,
    )),
    right(flag_and_position, (X, 1.0), (X, 9.0), loops=1),
    right(rows_swapped_by_traced_pivots, (A,), (A[::-1].copy(),), loops=3),
    right(rows_swapped_through_copies, (A,), (A[::-1].copy(),), loops=1),
    right(rows_not_swapped_through_views, (A,), (A[::-1].copy(),), loops=1),
    right(bound_from_a_float, (2.7,), (3.2,), (0.4,), loops=2),
]  # fmt: skip
PENDING: list[Case] = []
