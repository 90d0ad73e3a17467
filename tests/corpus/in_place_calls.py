"""NumPy functions that write to what they are given, and writes that are refused."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, refused, right

X = np.linspace(0.5, 2.0, 5)
Y = np.array([1.3, -0.7, 0.4, 2.1, -1.1])
M = np.sin(np.arange(12.0)).reshape(3, 4) + 1.5


def out_arguments(x, y):
    a = x.copy()
    np.multiply(a, a, out=a)
    np.exp(0.1 * a, out=a)
    np.add(a[1:], y[1:], out=a[:-1])
    return np.sum(a * y)


def out_of_reductions_and_products(m):
    a = m.copy()
    np.sum(a * a, axis=0, out=a[0])
    r = np.empty((3, 3))
    np.matmul(a, a.T, out=r)
    return np.sum(r * a[:, :3])


def filled_and_copied(x, y):
    a, b = x.copy(), y.copy()
    b.fill(x[1] * x[2])
    np.copyto(a[1:3], y[:2] * a[:2])
    np.copyto(b, a, where=np.array([True, False, True, True, False]))
    b[3:].fill(2.0)
    return np.sum(a * b * b)


def added_at(x, y):
    a = x.copy()
    np.add.at(a, np.array([1, 3, 1, 1]), y[:4] * a[:4])
    np.subtract.at(a, [0, 0], a[:2])
    return np.sum(a * a)


def written_at_repeated_indices(x, y):
    a = x.copy()
    a[np.array([2, 0, 2])] = y[:3] * a[0]  # the last one counts
    a[np.array([4, 4])] += y[3:]  # read once, written twice
    a[[1, 1]] *= y[:2]
    return np.sum(a * a)


def concrete_mask(x, y):
    a = x.copy()
    mask = np.array([True, False, False, True, True])
    a[mask] = y[:3] * a[0]
    a[~mask] *= a[1]
    return np.sum(a * a)


def sorted_in_place(x):
    a = x.copy()
    a.sort()  # here
    return a[0]


def partly_sorted(x):
    a = x.copy()
    a.partition(2)  # here
    return a[0]


def written_argument(x):
    x[1] = 2.0  # here
    return np.sum(x)


def multiplied_argument(x):
    x *= 2.0  # here
    return np.sum(x)


def argument_as_out(x):
    np.exp(x, out=x)  # here
    return np.sum(x)


def view_of_an_argument(x):
    v = x[1:]
    for i in range(3):
        v[i] = 0.0  # here
    return np.sum(x)


def out_is_a_part(x, y):
    a = x.copy()
    np.add(a[:3], y[2:], out=a[2:])
    np.multiply(a[1:], a[:-1], out=a[1:])  # buffered: the old entries are read
    np.maximum(a, 0.6, out=a)
    return np.sum(a * a * y)


def in_place_on_a_number_without_axes(x):
    a = np.array(x)
    b = a
    b *= a
    a += 1.0
    return float(b) * 2.0


def traced_mask(x):
    a = x.copy()
    a[a > 0.8] *= 2.0
    return np.sum(a)


def sorted_of_a_traced_mask(x):
    return np.sort(x[x > 0.8])[0]  # here


COPY_FIRST = "copy it first"
CASES: list[Case] = [
    *(right(f, (X, Y)) for f in (
        out_arguments, filled_and_copied, added_at, written_at_repeated_indices, concrete_mask, out_is_a_part,
    )),
    right(out_of_reductions_and_products, (M,)),
    right(in_place_on_a_number_without_axes, (1.5,), (-0.5,)),
    right(traced_mask, (X,)),
    refused(sorted_of_a_traced_mask, "a traced boolean mask", (X,)),
    refused(sorted_in_place, r"ndarray\.sort is not supported", (X,)),
    refused(partly_sorted, r"ndarray\.partition is not supported", (X,)),
    refused(written_argument, COPY_FIRST, (X,)),
    refused(multiplied_argument, COPY_FIRST, (X,)),
    refused(argument_as_out, COPY_FIRST, (X,)),
    refused(view_of_an_argument, COPY_FIRST, (X,)),
]  # fmt: skip
PENDING: list[Case] = []
