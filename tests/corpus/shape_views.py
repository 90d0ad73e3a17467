"""Views that change the shape: transposed, reshaped, diagonal, with axes swapped, squeezed or expanded."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, refused, right

X = np.linspace(0.5, 2.0, 6)
M = np.sin(np.arange(12.0)).reshape(3, 4) + 1.5
S = M[:, :3].copy()
T = np.cos(np.arange(24.0)).reshape(2, 3, 4) + 1.5


def transposed(m):
    a = m.copy()
    t = a.T
    t[1] = t[0] * t[2]
    a[0] += t[0, 1]
    return np.sum(t**2 * np.arange(3.0))


def transposed_onto_itself(s):
    a = s.copy()
    a += a.T
    a[:] = a.T * a[0]
    a.T[0] = a[1]
    return np.sum(a * a * np.arange(9.0).reshape(3, 3))


def reshaped(m):
    a = m.copy()
    r = a.reshape(2, 6)
    r[1, 2:4] *= a[0, :2]
    a[2] = r[0, 1] * r[0, :4]
    return np.sum(r**3)


def ravelled(m):
    a = m.copy()
    flat = a.ravel()
    for i in range(1, 12):
        flat[i] = 0.5 * flat[i - 1] * flat[i] + 0.5
    return np.sum(a[1] * a[2])


def ravelled_into_a_copy(m):
    a = m.copy()
    flat = a.T.ravel()  # a copy in NumPy
    flat[0] = 100.0 * a[1, 1]
    a[0, 0] = 0.5
    return np.sum(a) * np.sum(flat)


def flattened(m):
    a = m.copy()
    flat = a.flatten()  # always a copy
    flat *= flat
    return np.sum(a) + np.sum(flat * flat)


def diagonal_read(s):
    a = s.copy()
    d = a.diagonal()
    a[1, 1] = a[0, 0] * a[2, 1]
    return np.sum(d * d * d)


def diagonal_written(s):
    a = s.copy()
    d = np.diagonal(a)
    d[0] = 1.0  # here
    return np.sum(a)


def diagonal_filled(s):
    a = s.copy()
    d = a.diagonal()
    np.fill_diagonal(a, a[0, 1] * a[0, 2])
    return np.sum(a * a) + np.sum(d)


def diagonal_by_einsum(s):
    a = s.copy()
    d = np.einsum("ii->i", a)  # a view that can be written to
    d *= a[0]
    return np.sum(a * a)


def swapped_axes(t):
    a = t.copy()
    b = a.swapaxes(0, 2)
    b[1, :, 0] = a[1, :, 2] * b[0, :, 1]
    c = np.moveaxis(a, 1, 0)
    c[0] *= c[1]
    return np.sum(a * a * np.arange(24.0).reshape(2, 3, 4))


def squeezed_and_expanded(x):
    a = x.copy()
    row = a[None]
    column = a[:, np.newaxis]
    row[0, 1] = column[2, 0] * a[3]
    column *= row[0, 0]
    back = np.squeeze(row)
    back[4] = a[1] * 2.0
    deep = np.expand_dims(a, 1)
    deep[5] = a[4] * deep[0]
    return np.sum(a * a)


def split_parts(x):
    a = x.copy()
    first, second = np.split(a, 2)
    first *= second
    second[0] = first[2]
    return np.sum(a * a)


def broadcast_is_read_only(x):
    b = np.broadcast_to(x.copy(), (2, 6))
    b[0] = 1.0  # here
    return np.sum(b)


CASES: list[Case] = [
    *(right(f, (X,)) for f in (squeezed_and_expanded, split_parts)),
    *(right(f, (M,)) for f in (transposed, reshaped, ravelled_into_a_copy, flattened)),
    *(right(f, (S,)) for f in (transposed_onto_itself, diagonal_read, diagonal_filled, diagonal_by_einsum)),
    right(ravelled, (M,), loops=1),
    right(swapped_axes, (T,)),
    refused(diagonal_written, "read-only", (S,)),
    refused(broadcast_is_read_only, "read-only", (X,)),
]
PENDING: list[Case] = []
