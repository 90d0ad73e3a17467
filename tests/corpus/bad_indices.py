"""Errors of Python and NumPy that only a run finds out: the same error, message and line."""

from __future__ import annotations

import math

import numpy as np

from tests.corpus.case import Case, raises, right

X = np.linspace(0.5, 2.0, 5)
M = np.sin(np.arange(12.0)).reshape(3, 4) + 1.5


def read(x, i):
    return x[i] * x[i]


def written(x, i):
    a = x * 1.0
    a[i] = a[0] * a[1]
    return np.sum(a * a)


def added_to(x, i):
    a = x * 1.0
    a[i] += a[0]
    return np.sum(a * a)


def read_in_a_loop(x, n):
    total = 0.0
    for k in range(n):
        total = total + x[k] * x[k]
    return total


def one_past_the_end(x, n):
    total = 0.0
    for k in range(n):
        total = total + x[k] * x[k + 1]
    return total


def wraps_before_the_start(x, n):
    total = 0.0
    for k in range(n):
        total = total + x[-k] * x[k]
    return total


def written_in_a_loop(x, n):
    a = np.zeros(5)
    for k in range(n, -1, -1):
        a[k] = x[0] * k + a[k - 1]
    return np.sum(a * a)


def rows(m, i):
    a = m * 1.0
    a[i] = a[0] * a[1]
    return np.sum(a[i] * a)


def columns(m, i):
    return np.sum(m[:, i] * m[:, 0])


def both_axes(m, i, j):
    return m[i, j] * m[0, 1]


def gathered(x, indices):
    return np.sum(x[indices] ** 2)


def scattered(x, indices):
    a = x * 2.0
    a[indices] = x[:2]
    return np.sum(a * a)


def added_at(x, indices):
    a = x * 1.0
    np.add.at(a, indices, x[:2])
    return np.sum(a * a)


def in_a_branch_not_taken(x, i, flag):
    if flag > 0.0:
        return x[i] * 2.0
    return x[0] * x[0]


def in_a_loop_that_never_runs(x, n, i):
    total = x[0]
    for _ in range(n):
        total = total + x[i]
    return total


def unread(x, i):
    x[i]
    return np.sum(x * x)


def floor_divided(x, n):
    return x * (7 // n)


def remainder(x, n):
    return x * (7 % n)


def divided_integers(x, n):
    return x * (1 / n)


def divided_floats(x, y):
    return x / y


def divided_in_a_loop(x, n):
    for k in range(n, -3, -1):
        x = x + 1.0 / k
    return x


def step_of_zero(x, step):
    for k in range(0, 5, step):
        x = x * (1.0 + k)
    return x


def root_of_a_negative(x):
    return math.sqrt(x) * x


def logarithm_of_zero(x):
    return math.log(x) * x


def shapes_that_do_not_fit(x):
    a = x * 1.0
    a[1:] = x
    return np.sum(a)


def unpacked_too_few(x):
    a, b = x
    return a * b


def too_many_indices(x):
    return x[0, 1] * 2.0


CASES: list[Case] = [
    raises(read, IndexError, (X, 5), (X, -6), good=((X, 4), (X, -5))),
    raises(written, IndexError, (X, 5), (X, -6), good=((X, 4), (X, -1))),
    raises(added_to, IndexError, (X, 17), good=((X, 0), (X, -2))),
    raises(read_in_a_loop, IndexError, (X, 6), good=((X, 5), (X, 1))),
    raises(one_past_the_end, IndexError, (X, 5), good=((X, 4),)),
    raises(wraps_before_the_start, IndexError, (X, 7), good=((X, 5),)),
    raises(written_in_a_loop, IndexError, (X, 5), good=((X, 4), (X, 0))),
    raises(rows, IndexError, (M, 3), (M, -4), good=((M, 2), (M, -1))),
    raises(columns, IndexError, (M, 4), good=((M, 3), (M, 0))),
    raises(both_axes, IndexError, (M, 3, 0), (M, 0, 4), (M, 7, 7), good=((M, 0, 1), (M, -1, -1))),
    raises(
        gathered, IndexError, (X, np.array([0, 5])), (X, np.array([-6, 1])), good=((X, np.array([4, -5])),)
    ),
    raises(scattered, IndexError, (X, np.array([0, 5])), good=((X, np.array([1, 1])),)),
    raises(added_at, IndexError, (X, np.array([0, 5])), good=((X, np.array([1, 1])),)),
    raises(in_a_branch_not_taken, IndexError, (X, 9, 1.0), good=((X, 9, -1.0), (X, 2, 1.0))),
    raises(in_a_loop_that_never_runs, IndexError, (X, 1, 9), good=((X, 0, 9), (X, 2, 1))),
    raises(unread, IndexError, (X, 9), good=((X, 1),)),
    raises(floor_divided, ZeroDivisionError, (1.5, 0), good=((1.5, 2), (1.5, -2))),
    raises(remainder, ZeroDivisionError, (1.5, 0), good=((1.5, 2), (1.5, -2))),
    raises(divided_integers, ZeroDivisionError, (1.5, 0), good=((1.5, 2),)),
    raises(divided_floats, ZeroDivisionError, (1.5, 0.0), good=((1.5, 2.0),)),
    raises(divided_in_a_loop, ZeroDivisionError, (1.5, 4)),
    raises(step_of_zero, ValueError, (1.5, 0), good=((1.5, 2), (1.5, -1))),
    raises(root_of_a_negative, ValueError, (-1.0,), good=((2.0,),)),
    raises(logarithm_of_zero, ValueError, (0.0,), (-1.0,), good=((2.0,),)),
    raises(shapes_that_do_not_fit, ValueError, (X,)),
    raises(unpacked_too_few, ValueError, (X,), good=((X[:2],),)),
    raises(too_many_indices, IndexError, (X,)),
    right(in_a_branch_not_taken, (X, -9, -1.0)),
]
PENDING: list[Case] = []
