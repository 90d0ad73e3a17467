"""for loops: bounds and steps, loop variables, accumulators that settle."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, raises, right

X = np.linspace(0.5, 2.0, 6)
Y = np.array([1.3, -0.7, 0.4, 2.1, -1.1, 0.6])
M = np.sin(np.arange(12.0)).reshape(3, 4) + 1.5
S = M[:, :3].copy()


def traced_bound(x, n):
    s = np.sin(x)
    for i in range(n):
        s = s * np.sin(s) + i * x
    return s


def traced_start_stop_and_step(x, start, stop, step):
    total = x[0] * x[0]
    for i in range(start, stop, step):
        total = total * 0.5 + x[i] * x[i] * i
    return total


def bound_changed_in_the_loop(x, n):
    for i in range(n):
        n = n - 1
        x = x * 1.1 + n * i
    return x * n


def variable_changed_in_the_loop(x):
    total = 0.0
    for i in range(5):
        i = i * i % 6
        total = total + x[i] * x[i] * i
    return total * i


def variable_after_the_loop(x, n):
    i = 7
    for i in range(2, n):
        x = x * (1.5 + i)
    return x * i


def variable_after_nested_loops(m):
    total = 0.0
    for i in range(3):
        for j in range(2):
            total = total + m[i, j] * m[j, i]
    return total * m[i, j]


def variable_after_a_triangular_nest(m):
    total = 0.0
    for i in range(3):
        for j in range(i):
            total = total + m[i, j]
    return total * m[i, j]


def triangular(s):
    total = 0.0
    for i in range(3):
        for j in range(i):
            for k in range(j, i + 1):
                total = total + s[i, k] * s[k, j] * s[j, i]
    return total


def triangular_in_place(s):
    a = s.copy()
    for i in range(3):
        for j in range(i, -1, -1):
            for k in range(j + 1, 3):
                a[i, j] += a[k, j] * a[i, k] * 0.5
    return np.sum(a * a)


def empty_inner_loops(x, n):
    total = x[0]
    for i in range(n):
        for j in range(i, n - i):
            total = total + x[j] * total
    return total


def integer_accumulator_becomes_float(x, n):
    s = 0
    p = 1
    for i in range(n):
        s = s + x * i
        p = p * s
    return s + p + 0.0 * x


def number_becomes_array(x):
    s = 0.0
    for i in range(5):
        s = s + x * i
    return np.sum(s * s)


def weak_becomes_strong(x):
    s = 1
    for i in range(4):
        s = s * x[i] + 0.5
    return s


def descending(x):
    total = 0.0
    for i in range(5, -1, -2):
        total = total * x[i] + x[i]
    return total


def negative_indices(x):
    a = x.copy()
    for i in range(1, 4):
        a[-i] = a[i] * a[-i - 1]
    return np.sum(a * a)


def backwards_over_a_range(x):
    s = x[0]
    for i in reversed(range(1, 6)):
        s = s * 0.5 + x[i] * x[i - 1]
    return s


def steps_by_a_float_counter(x):
    t, total = 0.0, 0.0
    for _ in range(4):
        t += 0.25
        total = total + np.sin(x * t)
    return total


def loop_that_does_nothing(x):
    for _ in range(10):
        pass
    return x * x


def two_loops_share_their_variable(x):
    a = x.copy()
    for i in range(6):
        a[i] = a[i] * i
    for i in range(5, 0, -1):
        a[i - 1] += a[i] * a[i]
    return np.sum(a) * i


def temporary_of_the_last_turn(x):
    for i in range(6):
        t = x[i] * x[i]
        u = t * t if i > 0 else t
    return t * u


def only_the_last_turn_counts(x):
    s = 0.0
    for i in range(6):
        s = x[i] * x[i]
    return s


def shadowed_sum(x):
    total = 0.0
    for row in range(2):
        part = 0.0
        for k in range(3):
            part += x[3 * row + k] ** 2
        total += part * part
    return total


def compound_indices(m):
    a = np.zeros((4, 3))
    for i in range(3):
        for j in range(4):
            a[j, (i + 1) % 3] = m[i, j] * m[2 - i, 3 - j]
            a[j // 2, i] += m[i, j]
    return np.sum(a * a)


def variable_that_may_not_be_there(x, n):
    for i in range(n):  # noqa: B007
        x = x * 1.5
    return x * i


def counter_that_begins_at_zero(x, n):
    k = 0
    for i in range(n):
        if i > 0:
            x = x + 1.0 / k * x  # k is 0 before the loop only
        k += 1  # noqa: SIM113
    return x


CASES: list[Case] = [
    right(traced_bound, (0.7, 0), (0.7, 1), (0.7, 7), (0.7, -3), loops=1),
    right(
        traced_start_stop_and_step,
        (X, 0, 6, 1), (X, 5, -1, -1), (X, 4, 0, -3), (X, 1, 6, 2), (X, 3, 3, 1), (X, 5, 0, 2),
        loops=1,
    ),
    raises(variable_that_may_not_be_there, UnboundLocalError, (1.5, 0), good=((1.5, 3),)),
    right(bound_changed_in_the_loop, (1.5, 4), (1.5, 0), loops=1),
    right(variable_changed_in_the_loop, (X,), loops=1),
    right(variable_after_the_loop, (1.5, 5), (1.5, 3), (1.5, 2), loops=1),
    right(variable_after_nested_loops, (S,), loops=2),
    right(variable_after_a_triangular_nest, (S,), loops=2),
    right(triangular, (S,), loops=3),
    right(triangular_in_place, (S,), loops=3),
    right(empty_inner_loops, (X, 1), (X, 5), loops=2),
    right(integer_accumulator_becomes_float, (1.5, 1), (1.5, 4), loops=1),
    right(number_becomes_array, (X,), loops=1),
    *(right(f, (X,), loops=1) for f in (
        weak_becomes_strong, descending, negative_indices, backwards_over_a_range,
        temporary_of_the_last_turn, only_the_last_turn_counts,
    )),
    right(steps_by_a_float_counter, (1.5,), loops=1),
    right(loop_that_does_nothing, (1.5,)),
    right(two_loops_share_their_variable, (X,), loops=2),
    right(shadowed_sum, (X,), loops=2),
    right(compound_indices, (M,), loops=2),
    right(counter_that_begins_at_zero, (1.5, 3), (1.5, 1), (1.5, 0), loops=1),
]  # fmt: skip
PENDING: list[Case] = []
