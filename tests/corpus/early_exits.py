"""break, continue and return out of loops, with state that changes before and after them."""

from __future__ import annotations

import math

import numpy as np

from tests.corpus.case import Case, right

X = np.array([0.7, 1.2, 0.3, 1.4, 0.6, 0.9])
SIGNS = np.array([0.7, -1.2, 2.3, -0.4, 0.6, -0.9])
M = np.array([[0.5, 1.1, 0.3], [0.9, 2.4, 0.2], [1.7, 0.8, 3.1]])


def break_between_updates(x, limit):
    total, product = 0.0 * x[0], 1.0 * x[0]
    for i in range(6):
        total = total + x[i] * product
        if total > limit:
            break
        product = product * (x[i] + 0.5)
    return total * product


def break_first(x, limit):
    s = x[0]
    for i in range(6):
        if s > limit:
            break
        s = s + x[i] * x[i]
    return s * s


def break_last(x, limit):
    s = x[0]
    for i in range(6):
        s = s + x[i] * s
        if s > limit:
            break
    return s * s


def break_of_an_array(x, limit):
    a = x.copy()
    for i in range(1, 6):
        a[i] = a[i] * a[i - 1] + a[i]
        if a[i] > limit:
            a[i] = a[i] * a[0]
            break
        a[0] = a[0] + a[i]
    return np.sum(a * a)


def loop_variable_after_break(x, limit):
    for i in range(6):
        if x[i] * (i + 1) > limit:
            break
    return x[i] * x[i] * i


def loop_else(x, limit):
    s = 0.1 * x[0]
    for i in range(6):
        s = s + x[i] * s + 0.2
        if s > limit:
            break
    else:
        s = s * s
    return s * x[1]


def return_in_the_loop_or_its_else(x, n):
    for i in range(n):
        if x[i] > 1.3:
            return x[i] * 2.0
        x = x * 1.1
    else:
        return x[0] * x[n]


def continue_between_updates(x):
    total, last = 0.0 * x[0], 1.0 * x[0]
    for i in range(6):
        total = total + x[i] * last
        if x[i] < 0.0:
            continue
        last = last * x[i]
        total = total * last
    return total


def continue_and_break(x):
    a = x.copy()
    for i in range(5):
        if a[i] < -1.0:
            a[i + 1] = a[i] * a[i]
            continue
        a[i] = a[i] * a[i + 1]
        if a[i] > 3.0:
            break
        if a[i] > 0.0:
            a[i + 1] *= 0.5
            continue
        a[i + 1] += a[i]
    return np.sum(a * a)


def break_in_the_inner_loop(m):
    total = 0.0 * m[0, 0]
    for i in range(3):
        row = m[i, 0] * 0.1
        for j in range(3):
            row = row + m[i, j] * m[i, j]
            if row > 1.0:
                break
            total = total + row
        total = total * 0.9 + row
    return total


def break_in_both_loops(m):
    total = 0.0 * m[0, 0]
    for i in range(3):
        for j in range(3):
            if m[i, j] > 2.0:
                break
            total = total + m[i, j] * m[j, i]
        if total > 2.5:
            break
        total = total * 1.1
    return total * total


def continue_in_nested_loops(m):
    total = 0.0 * m[0, 0]
    for i in range(3):
        if m[i, i] < 0.6:
            continue
        for j in range(i, 3):
            if m[i, j] < 1.0:
                continue
            total = total + m[i, j] * m[i, i]
    return total


def return_from_a_loop(x, limit):
    s = 0.2 * x[0]
    for i in range(6):
        s = s + s * x[i] + 0.1
        if s > limit:
            return s * s
    return s * x[2]


def return_from_two_loops(m, limit):
    s = 0.1 * m[0, 0]
    for i in range(3):
        for j in range(3):
            s = s + m[i, j] * m[j, i]
            if s > limit:
                return s * m[i, j]
        s = s * 0.8
    return s * 0.5


def return_of_an_array(x, limit):
    a = x.copy()
    for i in range(1, 6):
        a[i] = a[i] * a[i - 1]
        if a[i] < limit:
            return a
        a[0] = a[0] + a[i]
    return a * 2.0


def calls_one_that_returns_early(x, limit):
    return np.sum(return_of_an_array(x, limit) ** 2) * first_above(x, limit)


def first_above(x, limit):
    for i in range(6):
        if x[i] > limit:
            return x[i]
    return 0.5 * x[0]


def return_with_a_traced_bound(x, n):
    s = 1.0 * x[0]
    for i in range(n):
        s = s * (x[i] + 0.4)
        if s > 1.5:
            return s * i
    return -s


def returns_two_values(x, limit):
    value, steps = counted(x, limit)
    return value * (steps + 1)


def counted(x, limit):
    s = 0.3 * x[0]
    for i in range(6):
        if s > limit:
            return s, i
        s = s + x[i] * s
    return s, 6


def newton(a):
    x = 0.5 * (1.0 + a)
    for _ in range(50):
        step = (x * x - a) / (2.0 * x)
        x = x - step
        if abs(step) < 1e-14:
            break
    return x


def bisection(c):
    low, high = 0.0, 2.0 + 0.0 * c
    for _ in range(60):
        middle = 0.5 * (low + high)
        if middle**3 > c:
            high = middle
        else:
            low = middle
    # One Newton step makes the result depend on c.
    return middle - (middle**3 - c) / (3.0 * middle**2)


def convergence_of_an_array(x):
    a = x.copy()
    for _ in range(200):
        b = 0.5 * np.cos(a) + 0.1 * a[::-1]
        if np.max(np.abs(b - a)) < 1e-13:
            break
        a = b
    return np.sum(a * b) + np.sum(x * a)


def break_and_raise_nothing(x, limit):
    s = 1.0 * x[0]
    for i in range(6):
        if s > limit:
            break
        s = s + math.sqrt(x[i])
    return s * s


def break_by_a_container(x):
    for k in (1, 2, 3, 4):
        if k == 3:
            break
        if k == 1:
            continue
        x = x * k * x
    else:
        x = x + 100.0
    return x


LIMITS = (0.0, 0.9, 1.8, 100.0)
CASES: list[Case] = [
    right(break_by_a_container, (1.5,)),
    right(bisection, (1.7,), loops=1),
    *(right(f, *((X, limit) for limit in LIMITS), loops=1) for f in (
        break_between_updates, break_first, break_last, break_of_an_array, loop_variable_after_break,
        loop_else, return_from_a_loop, returns_two_values,
        break_and_raise_nothing,
    )),
    right(calls_one_that_returns_early, *((X, limit) for limit in LIMITS), loops=2),
    right(return_in_the_loop_or_its_else, (X, 3), (X, 1), (X, 0), loops=1),
    right(continue_between_updates, (X,), (SIGNS,), (-SIGNS,), loops=1),
    right(continue_and_break, (X,), (SIGNS,), (-SIGNS,), loops=1),
    *(right(f, (M,), (M.T.copy(),), (0.5 * M,), loops=2) for f in (
        break_in_the_inner_loop, break_in_both_loops, continue_in_nested_loops,
    )),
    right(return_from_two_loops, *((M, limit) for limit in (0.1, 1.0, 4.0, 100.0)), loops=2),
    right(return_of_an_array, *((X, limit) for limit in LIMITS), loops=1),
    right(return_with_a_traced_bound, (X, 6), (2.0 * X, 6), (X, 0), loops=1),
    right(newton, (2.0,), (9.0,), (0.3,), loops=1),
    right(convergence_of_an_array, (X,), loops=1),
]  # fmt: skip
PENDING: list[Case] = []
