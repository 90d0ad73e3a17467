"""Two names for one array, or for what may be one."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, refused, right

X = np.linspace(0.5, 2.0, 6)
Y = np.array([1.3, -0.7, 0.4, 2.1, -1.1, 0.6])
M = np.sin(np.arange(12.0)).reshape(3, 4) + 1.5


def of_a_function(x):
    def first_half(v):
        return v[:3]

    def doubled(v):
        v *= 2.0
        return v

    a = x.copy()
    b = doubled(first_half(a))
    b[0] = a[1] * a[4]
    return np.sum(a * a)


def same_object_twice(x):
    a = x.copy()
    b = a
    b += a
    a *= b
    b = b + 0.0
    b[0] = 7.0
    return np.sum(a) * np.sum(b)


def copies_are_no_views(x):
    a = x.copy()
    b = a[[0, 1, 2]]
    c = a[0:3].copy()
    d = np.array(a)
    e = a + 0.0
    for v in (b, c, d, e):
        v[0] = 50.0
    return np.sum(a * a) + np.sum(b * b) + np.sum(c) + np.sum(d) + np.sum(e)


def asarray_is_a_view(x):
    a = x.copy()
    b = np.asarray(a)
    b[0] = a[1] * a[2]
    return np.sum(a * a)


def conditional_alias(x, y):
    a, b = x.copy(), y.copy()
    c = a if x[0] > 0.2 else b
    c[0] = 10.0
    return np.sum(a)  # here


def conditional_alias_not_read(x, y):
    a, b = x.copy(), y.copy()
    c = a if x[0] > 0.2 else b
    c[0] = c[1] * c[2]
    return np.sum(c * c)


def rebound_in_a_loop(x, y):
    a, b = x.copy(), y.copy()
    for _ in range(3):
        b = a
        a[0] = a[0] * 2.0
    b[1] = 5.0
    return np.sum(a)  # here


def name_for_the_old_array(x):
    a = x.copy()
    b = a
    for i in range(4):
        a = a * 1.5
        a[i] = b[i] * a[i + 1]
    return np.sum(a * b)


def copied_in_one_branch(x, y):
    a = x.copy()
    b = a
    if y > 0.0:
        a = a.copy()
        a[0] = 5.0 * a[1]
    else:
        b[1] = a[0] * a[2]
    return np.sum(a * b)


def rows_that_may_be_the_same(m, i, j):
    a = m.copy()
    p, q = a[i], a[j]
    p *= q
    q[0] = p[1] * 2.0
    return np.sum(a * a)


def copied_in_a_loop(x):
    a = x.copy()
    b = a
    for i in range(4):
        b[i] = a[i] * a[i + 1]  # the same array in the first turn only
        a = a * 1.0  # here
    return np.sum(a * b)


def swapped_views(m):
    a = m.copy()
    p, q = a[0], a[1]
    for i in range(3):  # here
        p, q = q, p
        p[i] = q[i] * p[i]
    return np.sum(a * a)


ALIAS = "may or may not share memory"
CASES: list[Case] = [
    *(right(f, (X,)) for f in (of_a_function, same_object_twice, copies_are_no_views, asarray_is_a_view)),
    right(name_for_the_old_array, (X,), loops=1),
    right(copied_in_one_branch, (X, 1.0), (X, -1.0)),
    right(conditional_alias_not_read, (X, Y), (0.1 * X, Y)),
    right(rows_that_may_be_the_same, (M, 1, 2), (M, 2, 0), (M, 1, 1)),
    refused(conditional_alias, ALIAS, (X, Y)),
    refused(rebound_in_a_loop, ALIAS, (X, Y)),
    refused(copied_in_a_loop, ALIAS, (X,)),
    refused(swapped_views, ALIAS, (M,)),
]
PENDING: list[Case] = []
