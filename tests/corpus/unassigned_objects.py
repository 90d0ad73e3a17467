"""Arrays, objects and their attributes that only some ways through a function assign."""

# Code as users write it, in which names may have no value:
# ruff: noqa: F841, SIM300

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, raises, refused, right

X = np.array([0.5, 0.8, 1.1, 1.4])


def parts_of_a_tuple(x, t):
    if x[0] > t:
        a, (b, c) = x[0], (x[1], x[2:])
    z = 2.0 * x[0]
    return z + a * b * np.sum(c)


def array_written_later(x, t):
    if x[0] > t:
        y = x * 2.0
    y[0] = 5.0 * x[1]
    return np.sum(y * y)


def another_name(x, t):
    a = x.copy()
    if x[0] > t:
        b = a
    z = a[1]
    b[0] = z * 2.0
    return np.sum(a * a)


def view_of_a_part(x, t):
    a = x.copy()
    if x[0] > t:
        b = a[1:]
    b[0] = a[1] * 2.0
    return np.sum(a * a)


def read_behind_a_write(x, i, t):
    a = x.copy()
    if x[0] > t:
        b = a[i:]
    a[1] = a[0] * 2.0
    return np.sum(b)


def two_new_names(x, t):
    if x[0] > t:
        b = x * 2.0
        c = b
    b[0] = x[1]
    return np.sum(b * b) + np.sum(c)


def row_of_a_turn(x, t):
    m = np.outer(x, x)
    for row in m:
        if row[0] > t:
            best = row
    return np.sum(best * best)


def written_row_of_a_turn(x, t):
    m = np.outer(x, x)
    for i in range(4):
        if m[i, 0] > t:
            best = m[i]
            best[1] = 3.0
    return np.sum(best * best) + np.sum(m)


def text(x, t):
    if x[0] > t:
        mode = "square"
    return x[1] * (x[1] if "square" == mode else 1.0)


def size_of_an_array(x, t):
    if x[0] > t:
        k = 2
    return np.sum(np.ones(k)) * x[k]


def function(x, t):
    if x[0] > t:
        f = np.sin
    return f(x[0])


def changed_in_place(x, t):
    if x[0] > t:
        y = x[1] * 1.0
    y += x[2]
    y *= y
    return y


class Holder:
    def __init__(self):
        self.a = 1.0


def attribute(x, t):
    o = Holder()
    if x[0] > t:
        o.extra = x[1] * x[1]
    return o.a * o.extra


def asks_for_an_attribute(x, t):
    o = Holder()
    if x[0] > t:
        o.extra = x[1] * x[1]
    z = x[0]
    if hasattr(o, "extra"):
        z = z * o.extra
    return z + getattr(o, "extra", x[2]) + getattr(o, "other", 1.0)


def attribute_of_the_turn_before(x, n):
    o = Holder()
    s = 0.0
    for i in range(n):
        if i > 0:
            s = s + o.v * x[i]
        o.v = x[i] * x[i]
    return s + o.v


def matrix_or_number(x, t):
    if x[0] > t:
        a = np.outer(x, x)
    else:
        s = x[0]
    r = 0.0
    for i in range(3):
        if x[0] > t:
            r = r + a[i, i] * x[i]
        else:
            r = r + s * i
    return r


def temporaries(x, t):
    s = 0.0
    for i in range(4):
        if x[i] > t:
            kind = "above"
            part = x[:i]
            s = s + np.sum(part * part)
        else:
            kind = "below"
    return s


def of_different_shapes(x, t):
    if x[0] > t:
        y = x
    if x[1] > t:
        y = x[1:]
    return np.sum(y)  # here


def row_behind_a_write(x):
    m = np.outer(x, x)
    if x[0] > 0.1:
        b = m[np.argmax(x)]
    m[1] = m[0] * 2.0
    return np.sum(b)  # here


def attributes_as_a_dict(x):
    o = Holder()
    if x[0] > 0.1:
        o.extra = x[1] * x[1]
    return len(vars(o)) * x[0]  # here


U, LOW, MID, HIGH = UnboundLocalError, (X, 0.1), (X, 0.6), (X, 9.0)

CASES: list[Case] = [
    *(raises(f, U, MID, good=(LOW,)) for f in (
        parts_of_a_tuple, array_written_later, another_name, view_of_a_part, two_new_names,
        text, function, changed_in_place, size_of_an_array,
    )),
    right(matrix_or_number, LOW, MID, HIGH),
    raises(read_behind_a_write, U, (X, 1, 0.6), good=((X, 1, 0.1), (X, 2, 0.1))),
    raises(row_of_a_turn, U, (X, 3.0), good=((X, 0.3), (X, 0.5))),
    raises(written_row_of_a_turn, U, (X, 3.0), good=((X, 0.3), (X, 0.5))),
    raises(attribute, AttributeError, MID, good=(LOW,)),
    right(asks_for_an_attribute, LOW, MID),
    raises(attribute_of_the_turn_before, AttributeError, (X, 0), good=((X, 4), (X, 1))),
    right(temporaries, LOW, MID, loops=1),
    refused(of_different_shapes, r"'y' is f64\[3\] in one branch and f64\[4\] in the other", LOW),
    refused(row_behind_a_write, "may or may not share memory", (X,)),
    refused(attributes_as_a_dict, "only the run knows what its `__dict__` has", (X,)),
]  # fmt: skip
PENDING: list[Case] = []
