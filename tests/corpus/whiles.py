"""while loops under conditions known at run time only: zero turns, one, and thousands."""

from __future__ import annotations

import math

import numpy as np

from tests.corpus.case import Case, raises, right

X = np.array([0.7, 1.2, 0.3, 1.4, 0.6, 0.9])


def doubled_until(x, limit):
    while x < limit:
        x = x * 2.0 + 0.1 * x * x
    return x * x


def counted(x, n):
    s = x
    k = 0
    while k < n:
        s = s - 0.001 * s * s + 0.0005
        k += 1
    return s * k + s


def in_place(x, limit):
    a = x.copy()
    i = 0
    while i < 5 and a[i] < limit:
        a[i + 1] = a[i] * a[i + 1] + a[0]
        a[0] *= 0.9
        i += 1
    return np.sum(a * a)


def with_break(x, limit):
    s, k = 0.1 * x[0], 0
    while True:
        s = s + x[k % 6] * s + 0.05
        if s > limit:
            break
        k = k + 1
        s = s * 1.01
    return s * s + k * s


def with_continue(x, n):
    s, k = 1.0 * x[0], 0
    while k < n:
        k += 1
        if k % 3 == 0:
            s = s * 0.9
            continue
        s = s + x[k % 6] * math.sin(s)
    return s


def with_return(x, limit):
    k = 0
    s = 0.5 * x[0]
    while k < 20:
        s = s * x[k % 6] + 0.2
        if s > limit:
            return s * s
        k += 1
    return -s


def with_else(x, limit):
    s = x
    while s < limit:
        s = s * 1.5
        if s > 40.0:
            break
    else:
        s = s * s
    return s


def nested(x, n):
    total = 0.0 * x
    i = 0
    while i < n:
        j = 0
        while j < i:
            total = total + math.sin(x * (i + j)) * x
            j += 1
        i += 1
    return total + x


def for_in_while(x, limit):
    a = 0.2 * x
    while np.sum(a) < limit:
        for i in range(1, 6):
            a[i] = a[i] * 1.2 + 0.1 * a[i - 1]
        a[0] += 0.1 * a[5]
    return np.sum(a * a)


def while_in_for(x):
    a = x.copy()
    for i in range(6):
        while a[i] < 2.0:
            a[i] = a[i] * a[i] + 0.7
        a[i - 1] *= 0.5
    return np.sum(a * a)


def in_a_branch(x, limit):
    if x > 1.0:
        while x < limit:
            x = x * x
    else:
        x = x * 3.0
    return x


def branch_inside(x, n):
    s, k = x, 0
    while k < n:
        if s > 1.0:
            s = s * 0.4 * x
        else:
            s = s * s + x
        k += 1
    return s


def swaps(x, n):
    a, b = x, x * x
    while n > 0:
        a, b = b, a * 0.5 + b * 0.25
        n -= 1
    return a * b


def collatz(x, n):
    s = x
    while n != 1:
        s = math.sin(s) * 0.2 * (n % 5 + 1) + x
        n = n // 2 if n % 2 == 0 else 3 * n + 1
    return s


def greatest_common_divisor(a, b):
    while b:
        a, b = b, a % b
    return a


def newton(a):
    x = a
    while abs(x * x - a) > 1e-14 * a:
        x = 0.5 * (x + a / x)
    return x


def fixed_point(x):
    a = np.zeros(6)
    change = 1.0
    while change > 1e-14:
        b = 0.3 * np.sin(a) + x * a[::-1] * 0.2 + x
        change = np.max(np.abs(b - a))
        a = b
    return np.sum(a)


def line_search(x, slope):
    step = 1.0
    while (x - step * slope) ** 4 > x**4 - 0.5 * step * slope * 4 * x**3:
        step *= 0.5
    y = x - step * slope
    return y * y


def adaptive_steps(rate, start):
    t, y, h = 0.0, start, 0.1
    while t < 1.0:
        h = min(h, 1.0 - t)
        whole = y - h * rate * y
        half = y - 0.5 * h * rate * y
        half = half - 0.5 * h * rate * half
        error = abs(whole - half)
        if error < 1e-3:
            t = t + h
            y = 2.0 * half - whole
        h = 0.9 * h if error >= 1e-3 else min(1.5 * h, 0.2)
    return y * y


def past_the_end(x, limit):
    s, i = 0.0 * x[0], 0
    while s < limit:
        s = s + x[i] * x[i]
        i += 1
    return s


def on_concrete_values(x):
    k = 0
    while k < 4:
        x = x * 1.5 + k
        k += 1
    return x * x


CASES: list[Case] = [
    right(on_concrete_values, (1.5,)),
    right(doubled_until, (1.0, 0.5), (1.0, 1.5), (1.0, 1e6), loops=1),
    right(counted, (1.5, 0), (1.5, 1), (1.5, 10_000), (1.5, -4), loops=1),
    right(in_place, (X, 0.1), (X, 1.0), (X, 100.0), loops=1),
    right(with_break, (X, 0.01), (X, 3.0), (X, 1e4), loops=1),
    right(with_continue, (X, 0), (X, 1), (X, 3), (X, 50), loops=1),
    right(with_return, (X, 0.1), (X, 0.8), (X, 5.0), loops=1),
    right(with_else, (1.2, 1.0), (1.2, 10.0), (1.2, 100.0), loops=1),
    right(nested, (0.7, 0), (0.7, 1), (0.7, 6), loops=2),
    right(for_in_while, (X, 0.1), (X, 5.0), loops=2),
    right(while_in_for, (X,), loops=2),
    right(in_a_branch, (0.5, 9.0), (1.5, 9.0), (1.5, 1.2), loops=1),
    right(branch_inside, (0.7, 9), (1.3, 9), (1.3, 0), loops=1),
    right(swaps, (0.7, 5), (0.7, 0), loops=1),
    right(collatz, (0.7, 1), (0.7, 7), loops=1),
    right(greatest_common_divisor, (12, 18), (7, 0), (1071, 462), loops=1),
    right(newton, (2.0,), (0.1,), (100.0,), loops=1),
    right(fixed_point, (X,), loops=1),
    right(line_search, (1.5, 1.0), (0.5, 8.0), loops=1),
    right(adaptive_steps, (2.0, 1.5), (9.0, 1.5), loops=1),
    raises(past_the_end, IndexError, (X, 100.0), good=((X, 2.0),)),
]
PENDING: list[Case] = []
