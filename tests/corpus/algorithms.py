"""Textbook algorithms, whose control flow depends on the values that are differentiated."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, raises, right

X = np.array([0.7, 1.2, 0.3, 1.4, 0.6, 0.9])
Y = np.array([1.3, -0.7, 0.4, 2.1, -1.1, 0.6])
A = np.array([[4.0, 1.0, -0.5, 0.3], [1.0, 5.0, 0.8, -0.2], [-0.5, 0.8, 3.0, 0.6], [0.3, -0.2, 0.6, 2.5]])


def insertion_sort(x):
    a = x.copy()
    for i in range(1, 6):
        key = a[i] * 1.0
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    return np.sum(a * a * np.arange(6.0))


def quick_select(x):
    a = x.copy()
    low, high = 0, 5
    while low < high:
        pivot, i = a[high] * 1.0, low
        for j in range(low, high):
            if a[j] < pivot:
                a[i], a[j] = a[j], a[i]
                i += 1
        a[i], a[high] = a[high], a[i]
        if i == 3:
            break
        if i < 3:
            low = i + 1
        else:
            high = i - 1
    return a[3] * a[3] + a[0] * 0.1


def shortest_paths(a, source):
    w = a * a + 0.1
    distance, done = np.full(4, 1e9), np.zeros(4, bool)
    distance[source] = 0.0
    for _ in range(4):
        best = -1
        for v in range(4):
            if not done[v] and (best < 0 or distance[v] < distance[best]):
                best = v
        done[best] = True
        for v in range(4):
            if distance[best] + w[best, v] < distance[v]:
                distance[v] = distance[best] + w[best, v]
    return np.sum(distance * np.arange(1.0, 5.0))


def inverse_of_a_cumulative_sum(x, target):
    total = np.cumsum(x * x)
    low, high = 0, 5
    while low < high:
        middle = (low + high) // 2
        if total[middle] < target:
            low = middle + 1
        else:
            high = middle
    before = total[low - 1] if low > 0 else 0.0
    return low + (target - before) / (total[low] - before)


def first_above(x, limit):
    i = 0
    while x[i] < limit:
        i += 1
    return x[i] * x[i]


def compensated_sum(x):
    s = c = 0.0
    for value in x:
        y = value * value - c
        t = s + y
        c = (t - s) - y
        s = t
    return s


def power_by_squaring(x, e):
    r, b = 1.0, x
    while e > 0:
        if e & 1:
            r = r * b
        b = b * b
        e >>= 1
    return r * x


def bouncing_ball(v, drag):
    y, t, bounces = 1.0, 0.0, 0
    while t < 2.0:
        y += 0.05 * v
        v -= 0.05 * (9.81 + drag * v)
        t += 0.05
        if y < 0.0:
            y = -y
            v = -0.8 * v
            bounces += 1
            if bounces == 3:
                break
    return y * y + v


def walk_on_marked_places(x):
    seen = np.zeros(6, bool)
    s, i = 1.0, 0
    for _ in range(8):
        if seen[i]:
            s = s * 0.5
        else:
            s = s * x[i] + 0.1
            seen[i] = True
        i = (i * 2 + 1) % 6
    return s


def permutation_that_changes(x, n):
    index = np.arange(6)
    s = x[0] * x[1]
    for t in range(n):
        for i in range(6):
            s += x[index[i]] * x[i] * (i + 1)
            index[i] = (index[i] * 2 + t) % 6
    return s


def relaxed_until_steady(x, n):
    a, k = x.copy(), 0
    while k < n:
        for i in range(1, 6):
            t = 0
            while a[i] > 0.2 and t < 3:
                a[i] = a[i] * a[i - 1] * 0.7 + 0.05
                t += 1
            if t == 3:
                a[i - 1] += 0.3
        k += 1
        if a[5] > 3.0:
            break
    return np.sum(a * a)


def whole_arrays_saved(a, n):
    m, k = np.eye(4), 0
    while k < n:
        m = m @ a * 0.2 + m * m
        k += 1
    return np.sum(m)


def not_converged(x, limit):
    s = x[0] * 0.1
    for i in range(6):
        s += x[i] * 0.2
        if s > limit:
            break
    else:
        raise RuntimeError("not converged")
    return s * s


def negative_in_a_while(x, shift):
    s, i = x[0], 0
    while i < 4:
        s = s * x[i] + shift
        if s < 0.0:
            raise ValueError("negative")
        i += 1
    return s


CASES: list[Case] = [
    right(insertion_sort, (X,), (Y,), loops=2),
    right(quick_select, (X,), (Y,), loops=2),
    right(shortest_paths, (A, 0), (A, 2), loops=3),
    right(inverse_of_a_cumulative_sum, (X, 2.0), (X, 0.4), loops=1),
    raises(first_above, IndexError, (X, 2.0), good=((X, 0.5), (X, 1.3))),
    right(compensated_sum, (X,), loops=1),
    right(power_by_squaring, (1.2, 13), (1.2, 0), (1.2, 1), loops=1),
    right(bouncing_ball, (0.8, 0.3), (1.5, -0.2), loops=1),
    right(walk_on_marked_places, (X,), loops=1),
    right(permutation_that_changes, (X, 3), (X, 0), loops=2),
    right(relaxed_until_steady, (X, 30), (X, 1), loops=3),
    right(whole_arrays_saved, (A, 5), (A, 0), loops=1),
    raises(not_converged, RuntimeError, (X, 5.0), good=((X, 0.5),)),
    raises(negative_in_a_while, ValueError, (X, -1.0), good=((X, 0.5),)),
]
PENDING: list[Case] = []
