"""Values that are overwritten after the backward pass came to need them."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, right

X = np.linspace(0.5, 2.0, 5)
Y = np.array([1.3, -0.7, 0.4, 2.1, -1.1])
M = np.sin(np.arange(12.0)).reshape(3, 4) + 1.5


def read_overwritten_read(x):
    a = x.copy()
    total = 0.0
    for i in range(1, 5):
        old = a[i]
        a[i] = old * old + a[i - 1]
        total = total + a[i] * old
    return total


def accumulator_after_a_nonlinear_use(x):
    s = 0.3
    for i in range(5):
        s = np.sin(s) * s + x[i]
    return s


def accumulator_in_place(x):
    s = x[0]
    for i in range(1, 5):
        s *= s
        s += x[i]
        s /= 2.0 + s * s
    return s


def times_itself(x):
    a = x.copy()
    for _ in range(3):
        a *= a
    return np.sum(a)


def divided_in_place(x, y):
    a = x.copy()
    b = y + 3.0
    for _ in range(3):
        a /= b
        b /= a
    return np.sum(a * b)


def power_in_place(x):
    a = x.copy()
    a **= 2
    a[1:] **= a[:-1]
    return np.sum(a)


def swapped_arrays(x, y):
    a, b = x.copy(), y.copy()
    for _ in range(5):
        a, b = b, a * b
    return np.sum(a - 2 * b)


def swapped_then_written(x, y):
    a, b = x.copy(), y.copy()
    for i in range(5):
        a, b = b, a
        a[i] = a[i] * b[i] + b[0]
    return np.sum(a * a * b)


def swapped_scalars(x):
    a, b = x[0], x[1]
    for i in range(2, 5):
        a, b = b, a * b + x[i]
    return a - b * b


def ping_pong(x):
    a = x.copy()
    b = np.zeros(5)
    for _ in range(4):
        for i in range(1, 4):
            b[i] = 0.5 * a[i - 1] * a[i + 1] + a[i]
        a, b = b, a
    return np.sum(a * a + b)


def ping_pong_by_parity(x):
    buffers = np.zeros((2, 5))
    buffers[0] = x
    for t in range(5):
        for i in range(5):
            buffers[(t + 1) % 2, i] = np.sin(buffers[t % 2, i - 1]) * buffers[t % 2, i]
    return np.sum(buffers)


def read_before_and_after(x):
    s, total = x[0], 0.0
    for i in range(5):
        before = s
        s = s * x[i] + 1.0
        total += before * s
        s = s - 0.1 * before * before
    return total * s


def one_behind(x):
    last = this = 0.0
    for i in range(5):
        last, this = this, this * this + x[i]
    return last * this


def overwritten_by_a_constant(x):
    a = x * x
    for i in range(0, 5, 2):
        a[i] = 3.0
    return np.sum(a**3)


def wholly_overwritten(x):
    a = x.copy()
    for _ in range(3):
        a[:] = np.sin(a) + a[::-1] * a
    return np.sum(a)


def saved_and_restored(x):
    a = x.copy()
    saved = a.copy()
    a *= 2.0
    total = np.sum(a**3)
    a[:] = saved
    saved[0] = 100.0
    return total + np.sum(a**2)


def written_twice(x):
    a = np.zeros(5)
    for i in range(5):
        a[i] = x[i] ** 2
        a[i] = a[i] * x[i] + a[i - 1]
    return np.sum(a * a)


def histogram(x):
    bins = np.zeros(3)
    for i in range(5):
        bins[i % 3] += x[i] * bins[(i + 1) % 3] + x[i]
    return np.sum(bins**2)


def scattered_by_an_index_array(x, where):
    a = np.ones(4)
    for i in range(5):
        a[where[i]] = a[where[i]] * x[i] + a[where[i - 1]]
    return np.sum(a * a)


def swapped_entries(x):
    a = x * x
    a[0], a[4] = a[4], a[0]
    for i in range(2):
        a[i], a[i + 2] = a[i + 2] * a[1], a[i]
    return np.sum(a * np.arange(5.0))


def swapped_rows_through_views(m):
    a = m.copy()
    a[0], a[1] = a[1], a[0]  # both are views: row 1 is written to itself
    return np.sum(a * a * np.arange(12.0).reshape(3, 4))


def swapped_rows_by_indices(m):
    a = m.copy()
    a[[0, 2]] = a[[2, 0]]
    a[:, [1, 0]] = a[:, [0, 1]] * 2.0
    return np.sum(a * a * np.arange(12.0).reshape(3, 4))


def rows_and_columns_in_place(m):
    a = m.copy()
    for i in range(1, 3):
        a[i] -= 0.3 * a[i, 0] / a[i - 1, 0] * a[i - 1]
        a[:, i] *= a[0, i]
        a[i, :] = a[i] * a[i][::-1]
    return np.sum(a)


def overwritten_after_a_reduction(x):
    a = x.copy()
    norm = np.sqrt(np.sum(a * a))
    a /= norm
    peak = np.max(a)
    a -= peak
    return np.sum(np.exp(a)) * norm


def overwritten_operand_of_a_product(m):
    a = m[:, :3].copy()
    b = a @ a
    a[0] = b[1]
    c = a @ b
    b[:] = 0.5
    return np.sum(c * a + b)


CASES: list[Case] = [
    right(read_overwritten_read, (X,), loops=1),
    right(accumulator_after_a_nonlinear_use, (X,), loops=1),
    right(accumulator_in_place, (X,), loops=1),
    right(times_itself, (X,), loops=1),
    right(divided_in_place, (X, Y), loops=1),
    right(power_in_place, (X,)),
    right(swapped_arrays, (X, Y), loops=1),
    right(swapped_then_written, (X, Y), loops=1),
    right(swapped_scalars, (X,), loops=1),
    right(ping_pong, (X,), loops=2),
    right(ping_pong_by_parity, (X,), loops=2),
    right(read_before_and_after, (X,), loops=1),
    right(one_behind, (0.1 * X,), loops=1),
    right(overwritten_by_a_constant, (X,), loops=1),
    right(wholly_overwritten, (X,), loops=1),
    right(saved_and_restored, (X,)),
    right(written_twice, (X,), loops=1),
    right(histogram, (X,), loops=1),
    right(scattered_by_an_index_array, (X, np.array([0, 3, 0, 0, -1]))),
    right(swapped_entries, (X,), loops=1),
    right(swapped_rows_through_views, (M,)),
    right(swapped_rows_by_indices, (M,)),
    right(rows_and_columns_in_place, (M,), loops=1),
    right(overwritten_after_a_reduction, (X,)),
    right(overwritten_operand_of_a_product, (M,)),
]
PENDING: list[Case] = []
