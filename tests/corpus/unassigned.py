"""Numbers that only some ways through a function assign: right where they have a value, else an error."""

# Code as users write it, in which names may have no value:
# ruff: noqa: B007, F821, F841, SIM102

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, raises, right

X = np.array([0.5, 0.8, 1.1, 1.4])


def in_one_branch(x, t):
    if x[0] > t:
        y = x[1] * 3.0
    return y * y


def read_under_the_same_condition(x, t):
    found = x[0] > t
    if found:
        y = x * 3.0
    z = x[1]
    if found:
        z = z + np.sum(y * y)
    return z


def assigned_again(x, t):
    if x[0] > t:
        y = x[1]
    y = x[2]
    return y * y


def nested_branches(x, a, b):
    if x[0] > a:
        if x[1] > b:
            y = x[0] * 2.0
    else:
        if x[2] > b:
            y = x[1] * x[1]
    return y * x[3]


def one_of_many(x, a):
    if x[0] > a:
        y = x[0]
    elif x[1] > a:
        y = x[1] * 2.0
    elif x[2] > a:
        pass
    else:
        y = x[3]
    return y * y


def before_a_break(x, t):
    for i in range(4):
        if x[i] > t:
            y = x[i] * 2.0
            break
    return y * y


def behind_a_break(x, t):
    for i in range(4):
        if x[i] > t:
            break
        y = x[i] * 2.0
    return y * y


def behind_a_continue(x, t):
    s = x[3] * 2.0
    for i in range(4):
        if x[i] < t:
            continue
        if i > 2:
            s = s + y
        y = x[i] * s + x[i]
    return s


def of_the_turn_before(x, n):
    s = x[3] * 2.0
    for i in range(n):
        if i > 0:
            s = s + y * x[i]
        y = x[i] * x[i]
    return s


def of_some_turn_before(x, t):
    s = 0.0
    for i in range(4):
        if i < 2 and x[i] > t:
            y = x[i] * x[i]
        if i > 1:
            s = s + y
    return s


def read_too_early(x, n):
    s = 0.0
    for i in range(n):
        s = s + y
        y = x[i]
    return s


def best_so_far(x, t):
    for i in range(4):
        if x[i] > t:
            if i == 0 or x[i] > best:
                best = x[i]
                at = i
    return best * x[at]


def of_two_loops(x, n, m):
    for i in range(n):
        y = x[i]
    for i in range(m):
        y = x[i] * y
    return y


def the_first_loop_may_be_the_last(x, n, m):
    for i in range(n):
        y = x[i]
    for i in range(m):
        y = x[i] * 3.0
    return y


def stale_before_the_loop(x, n):
    for i in range(n):
        y = x[i]
    z = 0.0
    for i in range(3):
        if i > 0:
            z = z + y
        y = x[i] * 10.0
    return z * y


def loop_in_a_branch(x, t, n):
    if x[0] > t:
        for i in range(n):
            y = x[i] * x[i]
    return y * x[0]


def target_in_a_branch(x, n, t):
    if x[0] > t:
        for i in range(n):
            pass
    return x[i] * x[0]


def nest(x, t):
    s = 0.0
    for i in range(4):
        for j in range(i):
            if x[j] > t:
                y = x[j] * x[i]
        if i > 2:
            s = s + y
    return s * y


def inner_loop_that_may_not_run(x, n):
    s = 0.0
    for i in range(4):
        for j in range(i - 1, n):
            y = x[j] * x[i]
        if i >= 1:
            s = s + y * y
    return s * y


def in_a_while(x, t):
    k = 0
    s = x[0]
    while s < t:
        if k == 2:
            y = s * 2.0
        s = s * 1.5 + x[1]
        k += 1
    return y + s


def in_the_test_of_a_while(x, t):
    k = 0
    while k < 4 and (k == 0 or y < t):
        y = x[k] * x[k]
        k += 1
    return y * x[0]


def in_the_else_of_a_loop(x, t):
    for i in range(4):
        if x[i] > t:
            y = x[i] * 2.0
            break
    else:
        z = x[0] * 3.0
    if x[3] > t:
        return y * y
    return z * z


def deleted_in_a_branch(x, t):
    y = x[0]
    if x[1] > t:
        del y
    return y * y


def deletes_what_may_not_be_there(x, t):
    if x[1] > t:
        y = x[0]
    z = x[2]
    del y
    return z * z


def deleted_in_a_turn(x, n):
    s = 0.0
    y = x[0]
    for i in range(n):
        s = s + y * y
        if i == 2:
            del y
    return s * x[0]


def int_and_float(x, t):
    if x[0] > t:
        y = 1
    if x[1] > t:
        y = x[1]
    return y * x[0]


def read_by_an_inner_function(x, t):
    if x[0] > t:
        y = x[1]
    g = lambda q: q * y  # noqa: E731
    return g(x[2])


def read_by_a_comprehension(x, t):
    if x[0] > t:
        y = x[1]
    return sum(y * v for v in x)


def before_an_early_return(x, t):
    if x[0] > t:
        y = x[1] * x[1]
    if x[1] > t:
        return y
    y = x[2]
    return y * x[3]


def returned_from_a_loop(x, t):
    for i in range(4):
        if x[i] > t:
            if i > 1:
                return y * x[i]
            y = x[i] * x[i]
    return x[0]


def beside_a_raise(x, t):
    if x[0] > t:
        y = x[1]
    if x[1] < t:
        raise ValueError("too far")
    return y


U, LOW, MID, HIGH = UnboundLocalError, (X, 0.1), (X, 0.6), (X, 9.0)

CASES: list[Case] = [
    raises(in_one_branch, U, MID, good=(LOW,)),
    *(right(f, LOW, MID, HIGH) for f in (read_under_the_same_condition, assigned_again)),
    raises(nested_branches, U, (X, 0.1, 5.0), (X, 5.0, 5.0), good=((X, 0.1, 0.1), (X, 5.0, 0.1))),
    raises(one_of_many, U, (X, 1.0), good=(LOW, MID, (X, 2.0))),
    raises(before_a_break, U, HIGH, good=(LOW, MID, (X, 1.2))),
    raises(behind_a_break, U, LOW, good=(MID, HIGH)),
    raises(behind_a_continue, U, (X, 1.2), good=(LOW, (X, 0.9), HIGH)),
    right(of_the_turn_before, (X, 4), (X, 1), (X, 0), loops=1),
    raises(of_some_turn_before, U, HIGH, good=(LOW, (X, 0.7))),
    raises(read_too_early, U, (X, 2), good=((X, 0),)),
    raises(best_so_far, U, HIGH, good=(LOW,)),
    raises(of_two_loops, U, (X, 0, 2), (X, 0, 0), good=((X, 2, 0), (X, 2, 2))),
    raises(the_first_loop_may_be_the_last, U, (X, 0, 0), good=((X, 2, 0), (X, 2, 2), (X, 0, 2))),
    right(stale_before_the_loop, (X, 2), (X, 0), loops=2),
    raises(loop_in_a_branch, U, (X, 0.1, 0), (X, 4.0, 2), good=((X, 0.1, 2),)),
    raises(target_in_a_branch, U, (X, 0, 0.1), (X, 2, 0.7), good=((X, 2, 0.1),)),
    raises(nest, U, HIGH, good=(LOW, (X, 0.9))),
    raises(inner_loop_that_may_not_run, U, (X, -1), good=((X, 1), (X, 3), (X, 0))),
    raises(in_a_while, U, LOW, (X, 2.0), good=((X, 10.0), (X, 100.0))),
    right(in_the_test_of_a_while, (X, 0.5), (X, 5.0)),
    right(in_the_else_of_a_loop, LOW, (X, 0.9), HIGH, loops=1),
    raises(deleted_in_a_branch, U, LOW, good=(HIGH,)),
    raises(deletes_what_may_not_be_there, U, HIGH, good=(LOW,)),
    raises(deleted_in_a_turn, U, (X, 4), good=((X, 1), (X, 3))),
    raises(int_and_float, U, HIGH, good=(LOW, MID)),
    raises(read_by_an_inner_function, NameError, MID, good=(LOW,)),
    raises(read_by_a_comprehension, NameError, MID, good=(LOW,)),
    raises(before_an_early_return, U, MID, good=(LOW, HIGH)),
    right(returned_from_a_loop, LOW, HIGH, loops=1),
    raises(beside_a_raise, U, MID, good=(LOW,)),
    raises(beside_a_raise, ValueError, HIGH, good=(LOW,)),
]  # fmt: skip
PENDING: list[Case] = []
