"""Programs with loops to checkpoint; each takes the mark, so that it can be run without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np

Program = Callable[..., Any]
X = np.random.default_rng(0).uniform(0.1, 1.0, 4)
W = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 4))


def unmarked(iterable, slots=None):
    return iterable


def nested(mark):
    def run(x, w):
        y = x * 1.0
        for t in mark(range(7), 2):
            z = y * 0.5
            for k in mark(range(t + 1, 6), 2):
                z = np.tanh(w @ z) + 0.1 * k
            y = y + z * x
        return y.sum()

    return run


def in_an_ordinary_loop(mark):
    def run(x, w):
        y = x * 1.0
        for _ in range(5):
            z = y * 0.5
            for k in mark(range(9), 3):
                z = np.tanh(w @ z) + 0.1 * k + x[k % 4]
            y = y + z * x
        return y.sum()

    return run


def around_ordinary_loops(mark):
    def run(x, w):
        y = x * 1.0
        for _ in mark(range(11), 3):
            z = y * 0.5
            for k in range(4):
                if z[0] > 0.2:
                    z = np.tanh(w @ z) + 0.1 * k
                else:
                    z = z * 1.1 + x
            y = y + z * x
        return y.sum()

    return run


def with_a_break(mark):
    def run(x, w):
        y = x * 1.0
        count = 0
        for t in mark(range(3, 40, 2), 3):
            y = y + 0.1 * np.sin(w @ y) + 0.01 * t
            count += 1
            if y.sum() > 9.0:
                break
        return (y * count).sum()

    return run


def until(mark):
    def run(x, w):
        y = x * 1.0
        count = 0
        while mark(y.sum() < 9.0, 3):
            y = y + 0.1 * np.abs(np.sin(w @ y)) + 0.01 * count
            count += 1
        return (y * count).sum()

    return run


def until_in_a_loop(mark):
    def run(x, w):
        y = x * 1.0
        count = 0
        for j in range(3):
            while mark(y.sum() < 9.0 + j, 2):
                y = y + 0.1 * np.abs(np.sin(w @ y)) + 0.01 * count
                count += 1
            y = y - x[j]
        return (y * count).sum()

    return run


def in_place(mark):
    def run(x, w):
        rows = np.zeros((6, 4))
        rows[0] = x
        sums = np.arange(6)
        for t in mark(range(1, 6), 2):
            rows[t] = np.sin(w @ rows[t - 1]) * rows[0] + rows[t]
            sums[t] = sums[t - 1] + t
            rows[0, sums[t] % 4] += rows[t, 1]
        return (rows * rows).sum()

    return run


def over_rows(mark):
    def run(x, w):
        y = x[0]
        for k, row in mark(enumerate(w), 2):
            y = y * np.sin(row @ x) + row[1] * k
        return y

    return run


def under_a_branch(mark):
    def run(x, w):
        y = x * 1.0
        if x[0] > 0:
            for t in mark(range(12), 3):
                y = np.sin(w @ y) + t * 0.1
        else:
            y = y * 2
        return (y * y).sum()

    return run


def growing_slices(mark):
    def run(x, w):
        total = 0.0
        for i in range(1, 4):
            z = w[i, :i] * 1.0
            for _ in mark(range(5), 2):
                z = z * np.sin(z + x[:i]) + 0.3
            total = total + z.sum()
        return total

    return run


def slices_of_the_turn(mark):
    """The size that a turn binds is bound in the turns that run again on the way to it, too."""

    def run(x, w):
        rows = w * 1.0
        for t in mark(range(2), 3):
            for i in mark(range(4), 2):
                rows[i, :i] *= np.hypot(rows[0, 1], x[i] + t)
        return (rows * rows).sum()

    return run


def compared_only(mark):
    """An array of the scopes around that decides how far to go, and has no cotangent from the turns."""

    def run(x, w):
        y = x[0]
        for i in range(2):
            count = 0
            while mark(y * y > 0.01 and count < 5, 2):
                count += 1
                if x[i] > w[i, count % 4]:
                    break
                y = y * 0.8
        return y * w[0, 0]

    return run


def backwards(mark):
    def run(x, w):
        y, z = x * 1.0, x[0]
        for t in mark(range(17, -5, -3), 3):
            y, z = np.sin(w @ y) + 0.1 * z, y[0] * t
        return (y * y).sum() + z

    return run


def a_gradient_in_each_turn(mark):
    def run(x, w):
        y = x * 1.0
        for _ in mark(range(9), 3):
            y = y - 0.1 * gr.grad(lambda z: np.sin(w @ z).sum())(y)
        return (y * y).sum()

    return run


def unchanged_and_unused(mark):
    def run(x, w):
        y, same, other = x * 1.0, x * 2.0, x[0]
        for _ in mark(range(8), 2):
            y = np.sin(w @ y) * same
            other = other * 1.5
            same = same + 0.0 * 0.0
        return (y * y).sum()

    return run


PROGRAMS = (
    nested,
    in_an_ordinary_loop,
    around_ordinary_loops,
    with_a_break,
    until,
    until_in_a_loop,
    in_place,
    over_rows,
    under_a_branch,
    growing_slices,
    slices_of_the_turn,
    compared_only,
    backwards,
    a_gradient_in_each_turn,
    unchanged_and_unused,
)
