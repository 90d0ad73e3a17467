"""Branches on traced values: only the one that is taken counts, forward and backward."""

from __future__ import annotations

import math

import numpy as np

from tests.corpus.case import Case, raises, refused, right

X = np.array([0.7, -1.2, 2.3, 0.4, -0.6])
POINTS = [(x,) for x in (-2.0, -0.5, 0.5, 1.5, 4.0)]


def chain_of_conditions(x):
    if x < -1:
        y = x * x
    elif x < 0:
        y = -x * 3.0
    elif 0 < x < 1:
        y = x**3
    else:
        y = 1.0 / x
    return y * x


def nested(x):
    y = 2.0 * x
    if x > 0:
        if y > 2:
            y = y * y
            if y > 10:
                y = y / x
        else:
            y = y + x * x
    return y * y


def written_in_one_branch_only(x):
    a = x * 1.0
    if x[0] > 0.0:
        a[1] = a[0] * a[2]
        a[2:] *= a[1]
    return np.sum(a * a)


def scalar_in_one_branch_only(x):
    y = x
    if x > 1:
        y = y * y
    return y + x


def overwritten_in_both(x):
    a = x.copy()
    s = np.sum(a)
    if s > 0.0:
        a *= s
    else:
        a[:] = a * a
        a[0] = 1.0
    return np.sum(a * a)


def in_a_loop(x):
    s = 1.0
    for i in range(5):
        if x[i] > 0.0:
            s = s * x[i]
        elif x[i] > -1.0:
            s = s - x[i] * s * s
    return s


def condition_overwritten_after(x):
    a = x.copy()
    total = 0.0
    for i in range(4):
        positive = a[i] > 0.0
        a[i] = -a[i] * a[i + 1]  # the condition is not what it would be now
        if positive:
            total = total + a[i] * a[i]
        else:
            total = total - a[i + 1]
    return total


def condition_of_a_carried_value(x):
    s = x
    for _ in range(8):
        if s > 1.0:
            s = s * 0.5 * x
        else:
            s = s * s + x
    return s


def flag(x):
    rising = True
    s = 0.1 * x
    for _ in range(10):
        s = s * 1.7 if rising else s * 0.4
        if s > 1.0:
            rising = False
        elif s < 0.2:
            rising = True
    return s


def expressions(x):
    y = x * x if x > 1 else (3.0 * x if x > 0 else -x)
    z = (x > 0 and y) or -2.0 * x
    return y * z


def connectives(x):
    a = x > 0 and x < 2
    b = not a or x > 1
    c = 0 < x <= 3 < 2 * x + 4
    y = x if a else 2 * x
    return (y if b else 3 * y * x) + (1.0 if c else 0.5) * x


def guards_a_division(x):
    return 1.0 / x if x != 0.0 else 5.0 * x


def guards_a_root(x):
    return math.sqrt(x) * x if x > 0.0 else x


def guards_an_index(x, i):
    n = x.shape[0]
    return x[i] * x[i] if 0 <= i < n else np.sum(x)


def guards_by_and(x):
    return 2.0 * x if x != 0.0 and 1.0 / x > 1.0 else x * x


def only_in_a_condition(x, y):
    if y > 1.0:
        return x * 2.0
    return x * x


def only_in_an_index(x, y):
    i = 0
    if y > 1.0:
        i = 2
    k = int(y) % 3
    return x[i] * x[k] * x[i]


def minima_and_maxima(x):
    best = x[0]
    for i in range(1, 5):
        best = max(best, x[i] * x[i])
        best = min(best, 4.0 + x[i])
    return best * best


def largest_by_hand(x):
    best, where = x[0], 0
    for i in range(1, 5):
        if x[i] > best:
            best = x[i]
            where = i
    return best * x[where] * x[where - 1]


def containers(x):
    state = {"a": x, "b": (x, 2.0)}
    if x > 0:
        state = {"a": x * x, "b": (1.0, x)}
    return state["a"] + state["b"][0] * state["b"][1]


def early_returns(x):
    if x < 0:
        return -x * 2
    if x < 1:
        y = x * x
    elif x < 2:
        return x * 3
    else:
        y = x
    z = y + 1
    return z * z


def absent_in_one_branch(x):
    if x > 1:
        y = x
    return y * x


def absent_but_not_read(x):
    if x > 1:
        y = x * x
        x = y + 1.0
    return x * 2.0


def set_in_a_loop_only(x):
    for i in range(3):
        last = x[i]
    return last * last


def two_shapes(x):
    y = x[:2]
    if x[0] > 0.0:
        y = x[:3]
    return np.sum(y)  # here


def asserted(x):
    assert np.sum(x) > 0.0, "the sum has to be positive"
    return np.sum(x * x)


def raised(x):
    if x < 0:
        raise ValueError("x has to be positive")
    return math.sqrt(x)


CASES: list[Case] = [
    *(right(f, *POINTS) for f in (
        chain_of_conditions, nested, scalar_in_one_branch_only, expressions, connectives, containers,
        early_returns, absent_but_not_read,
    )),
    right(written_in_one_branch_only, (X,), (-X,)),
    right(overwritten_in_both, (X,), (-X,)),
    right(in_a_loop, (X,), (-X,), loops=1),
    right(condition_overwritten_after, (X,), (-X,), loops=1),
    right(condition_of_a_carried_value, (0.6,), (1.4,), loops=1),
    right(flag, (0.6,), (1.4,), loops=1),
    right(guards_a_division, (0.5,), (-2.0,)),
    right(guards_a_root, (0.5,), (-2.0,)),
    right(guards_an_index, (X, 2), (X, 9), (X, -1)),
    right(guards_by_and, (0.5,), (3.0,), (-1.0,)),
    right(only_in_a_condition, (3.0, 0.5), (3.0, 2.5)),
    right(only_in_an_index, (X, 0.5), (X, 2.5), (X, 4.25)),
    right(minima_and_maxima, (X,), (-X,), loops=1),
    right(largest_by_hand, (X,), (-X,), loops=1),
    right(set_in_a_loop_only, (X,), loops=1),
    raises(absent_in_one_branch, UnboundLocalError, (0.5,), good=((2.0,),)),
    refused(two_shapes, r"'y' is f64\[3\] in one branch and f64\[2\] in the other", (X,)),
    raises(asserted, AssertionError, (-X,), good=((X,),)),
    raises(raised, ValueError, (-1.0,), good=((4.0,),)),
]  # fmt: skip
PENDING: list[Case] = []
