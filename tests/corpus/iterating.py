"""for loops over arrays, enumerate, zip, reversed and containers."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, right

X = np.linspace(0.5, 2.0, 6)
Y = np.array([1.3, -0.7, 0.4, 2.1, -1.1, 0.6])
M = np.sin(np.arange(12.0)).reshape(3, 4) + 1.5


def enumerated(x):
    total = 0.0
    for i, value in enumerate(x):
        total = total + i * value * value
    return total


def enumerated_from(x):
    total = 1.0
    for i, value in enumerate(x, 2):
        total = total * 0.5 + i * value * value
    return total


def zipped(x, y):
    total = 0.0
    for a, b in zip(x, y):  # noqa: B905
        total = total + a * b * total + a
    return total


def zipped_to_the_shorter(x, m):
    total = 0.0
    for a, row in zip(x, m, strict=False):
        total = total + a * np.sum(row * row)
    return total


def zipped_with_a_range(x):
    total = 0.0
    for i, (a, b) in enumerate(zip(x[1:], x[:-1], strict=True)):
        total = total + a * b * i
    return total


def backwards(x):
    total = 0.0
    for a in reversed(x):
        total = total * a + a
    return total


def over_entries(x):
    product = 1.0
    for value in x:
        product = product * value + value
    return product


def over_rows(m):
    s = np.ones(4)
    for row in m:
        s = s * row + row[0]
    return np.sum(s)


def over_entries_of_rows(m):
    total = 0.0
    for row in m:
        for value in row:
            total = total + value * value * row[0]
    return total


def array_changed_while_iterated(x):
    a = x.copy()
    total = 0.0
    k = 5
    for value in a:
        a[k] = value * value  # the later turns see it
        total = total + value
        k = k - 1
    return total


def name_rebound_while_iterated(x):
    a = x * 1.0
    total = 0.0
    for value in a:
        a = a * 0.5  # the loop goes on over the old array
        total = total + value * a[0]
    return total


def over_a_tuple(x, y):
    total = 0.0
    for a, power in ((x, 2), (y, 3), (x * y, 1)):
        total = total + np.sum(a**power)
    return total


def over_a_dict(params, x):
    for key, w in params.items():
        x = np.tanh(w * x) if key != "last" else w * x
    return x


def index_of_a_list(params, x):
    for i in range(3):
        x = np.tanh(params[i] * x)
    return x


def break_over_rows(m, limit):
    a = m.copy()
    s = a[0, 0] * 1.0
    for i, row in enumerate(a):
        row *= row[0]
        if row[0] > limit:
            row[1] = 5.0 * row[0]
            break
        s += row[1] * i + row[1]
    return s + np.sum(a * a)


def break_over_a_zip(x, y, limit):
    s = x[0] * 0.5
    for a, b in zip(x, y, strict=True):
        if a * b < limit:
            break
        s += a * b
        if b > 2.0:
            continue
        s *= a
    return s


def smallest_and_largest(x):
    low = high = x[0]
    for value in x:
        if value < low:
            low = value
        elif value > high:
            high = value
    return high * high - low * high


def sums_over_generators(x, y):
    products = sum(x[i] * y[i] for i in range(6))
    return products * max(x[i] * 2.0 for i in range(5)) + min(v for v in y)


def growing_array(x):
    a = x[:1]
    for i in range(4):
        a = np.concatenate([a, [x[i] * a[-1]]])
    return np.sum(a * a)


CASES: list[Case] = [
    *(right(f, (X,), loops=1) for f in (
        enumerated, enumerated_from, zipped_with_a_range, backwards, over_entries,
        array_changed_while_iterated, name_rebound_while_iterated, smallest_and_largest,
    )),
    right(zipped, (X, Y), loops=1),
    right(zipped_to_the_shorter, (X, M), loops=1),
    right(over_rows, (M,), loops=1),
    right(over_entries_of_rows, (M,), loops=2),
    right(break_over_rows, (M, 1.0), (M, 3.0), (M, 9.0), loops=1),
    right(break_over_a_zip, (X, Y, -0.5), (X, Y, -0.9), (X, Y, -9.0), loops=1),
    right(sums_over_generators, (X, Y)),
    right(growing_array, (X,), loops=0),
    right(over_a_tuple, (X, Y), loops=0),
    right(over_a_dict, ({"first": 0.4, "mid": 1.2, "last": 2.0}, 0.7), loops=0),
    right(index_of_a_list, ([0.5, 1.5, 2.5], 0.3), loops=0),
]  # fmt: skip
PENDING: list[Case] = []
