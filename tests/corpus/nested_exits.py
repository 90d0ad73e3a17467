"""Exits from nests of loops and branches, with views and helpers between them."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, right

X = np.array([0.7, 1.2, 0.3, 1.4, 0.6, 0.9])
Y = np.array([1.3, -0.7, 0.4, 2.1, -1.1, 0.6])
A = np.array([[4.0, 1.0, -0.5, 0.3], [1.0, 5.0, 0.8, -0.2], [-0.5, 0.8, 3.0, 0.6], [0.3, -0.2, 0.6, 2.5]])


def return_from_three_loops(x, limit):
    s = 0.01 * x[0]
    for i in range(3):
        for j in range(3):
            k = 0
            while k < 3:
                s += x[i] * x[j + k] * 0.2
                if s > limit:
                    return s * x[k] * x[i]
                k += 1
            if s > limit * 0.9:
                break
        s *= 0.95
    return s


def all_kinds_in_one_nest(x):
    s = 0.0
    for i in range(6):
        p = 1.0
        for j in range(i, 6):
            p *= x[j]
            if p < 0.31:
                break
            if p > 1.51:
                p = p * 0.5
                continue
            s += p
        else:
            s *= 1.1
        s += p * 0.1
        if s > 4.05:
            break
    return s * p


def break_two_branches_deep(x):
    s = 0.0
    for i in range(6):
        if x[i] > 0.5:
            if x[i] > 1.0:
                s += x[i] ** 2
                if s > 2.0:
                    break
                s *= 1.1
            else:
                s -= x[i]
                continue
        s += x[i] * 0.1
    return s * s


def updates_before_and_after_every_exit(x):
    a, b, c = x.copy(), np.zeros(6), 1.0
    i = 0
    while i < 6:
        b[i] = a[i] * c
        if b[i] < 0.0:
            i += 1
            c = -c
            continue
        a[i] = b[i] * a[i - 1]
        if a[i] > 2.0:
            c *= 0.5
            break
        c = c * a[i] + 1.0
        i += 1
    else:
        c = c * c
    return np.sum(a * b) + c


def views_in_a_while(x, n):
    a = x.copy()
    b = a[::-1]
    k = 0
    while k < n and a[0] < 50.0:
        b[k % 3] *= a[k % 6]
        a[k % 2] += b[0] * 0.1
        if b[1] > 3.0:
            b[1] *= 0.25
            k += 2
            continue
        k += 1
    return np.sum(a * b) + np.sum(b * b)


def helper_that_exits_early(x):
    s = 0.0
    for j in range(4):
        i, value = first_above(x, 0.2 * j + 0.33)
        s = s * 0.5 + value * x[i]
        if i < 0:
            break
    return s


def first_above(x, limit):
    for i in range(6):
        if x[i] > limit:
            return i, x[i] * x[i]
    return -1, x[0]


def helper_with_nested_exits(x):
    return first_pair(x, 0.5) * first_pair(x, 1.0) + first_pair(x, 100.0)


def first_pair(x, low):
    for i in range(6):
        if x[i] < low:
            continue
        for j in range(i, 6):
            if x[j] * x[i] > 0.8:
                return x[j] * x[i]
    return x[0]


def return_from_a_while_in_a_for(x, limit):
    s = 0.1 * x[0]
    for i in range(3):
        k = 0
        while k < 4:
            s = s + x[i] * s * 0.5 + 0.01
            if s > limit:
                return s * (k + 1) * x[i]
            k += 1
        s *= 0.9
    return s * 2.0


def only_ways_out_are_returns(x, n):
    k, s = 0, 1.0 * x[0]
    while True:
        if k >= n:
            return s * s
        s = s * x[k] + 0.1
        k += 1


def one_loop_variable_for_two_loops(x, n):
    s = 0.0 * x[0]
    for i in range(n):
        for i in range(3):
            s += x[i] * (i + 1)
        s *= x[i]
    return s


def closure_that_writes_and_decides(x):
    a = x.copy()

    def go(i):
        a[i] *= a[i - 1]
        return a[i] > 1.0

    for i in range(6):
        if go(i):
            break
    return np.sum(a * a) * i


def copied_every_turn(x, n):
    a = x
    for i in range(n):
        a = a.copy()
        a[i] *= 2.0
    return np.sum(a * x)


def power_iteration(a):
    v, largest = np.ones(4), 0.0
    for _ in range(500):
        w = a @ v
        norm = np.sqrt(w @ w)
        v = w / norm
        if abs(norm - largest) < 1e-14:
            break
        largest = norm
    return largest


def conjugate_gradients(a, b):
    x = np.zeros(4)
    r = b - a @ x
    p = r.copy()
    old = r @ r
    for _ in range(3):
        q = a @ p
        step = old / (p @ q)
        x += step * p
        r -= step * q
        new = r @ r
        if new < 1e-12:
            break
        p = r + (new / old) * p
        old = new
    return np.sum(x * x)


CASES: list[Case] = [
    right(return_from_three_loops, (X, 0.5), (X, 2.0), (X, 50.0), loops=3),
    right(all_kinds_in_one_nest, (X,), (X[::-1].copy(),), loops=2),
    right(break_two_branches_deep, (X,), (Y,), loops=1),
    right(updates_before_and_after_every_exit, (X,), (Y,), loops=1),
    right(views_in_a_while, (X, 3), (X, 0), (X, 20), loops=1),
    right(helper_that_exits_early, (X,), loops=2),
    right(helper_with_nested_exits, (X,), (Y,)),
    right(return_from_a_while_in_a_for, (X, 0.1), (X, 1.5), (X, 9.0), loops=2),
    right(only_ways_out_are_returns, (X, 5), (X, 0), loops=1),
    right(one_loop_variable_for_two_loops, (X, 2), (X, 0), loops=2),
    right(closure_that_writes_and_decides, (X,), (Y,), loops=1),
    right(copied_every_turn, (X, 2), (X, 0), loops=1),
    right(power_iteration, (A,), loops=1),
    right(conjugate_gradients, (A, np.ones(4)), loops=1),
]
PENDING: list[Case] = []
