"""Loops to checkpoint whose turns decide by floats; each takes the mark, so that it can be run without.

Values are of degree 1 in the first argument: so `x @ gradient` is the value, unless a turn that ran again
took another branch, index or number of turns. The exponentials of arguments that differ in the last bit are
alike or differ in it, as they come out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np

Program = Callable[..., Any]


def indices(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(1, 10), 2):
            e = np.exp(x * (k % 3 + 1))
            s = s + x[np.argmax(e)] * z[np.argmax(e)] * k
        return s, e

    return run


def branches_in_turns_of_turns(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(7, 0, -2), 2):
            for j in range(2):
                e = np.exp(x * (k % 3 + 1)) * (1 + j)
                i = np.argmax(e)
                if i % 2:
                    s = s + x[i] * z[i] * k
                elif e[i] > e[0]:
                    s = s + x[np.argmin(e)] * z[i]
        return s, e

    return run


def loops_in_loops(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(5), 2):
            for j in mark(range(4), 2):
                e = np.exp(x * (k % 3 + 1)) * (1 + j)
                s = s + x[np.argmax(e)] * z[np.argmin(e)] * k
        return s, e

    return run


def in_an_ordinary_loop(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        for k in range(3):
            for j in mark(range(6), 2):
                e = np.exp(x * (k + 1)) * (1 + j)
                if e[np.argmax(e)] > e[3]:
                    s = s + x[np.argmax(e)] * z[j]
        return s, e

    return run


def under_a_branch(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        if z[0] < 100.0:
            for k in mark(range(6), 2):
                e = np.exp(x * (k % 3 + 1))
                s = s + x[np.argmax(e)] * z[k]
        return s, e

    return run


def regions(mark):
    @gr.checkpoint
    def part(x, z, k):
        e = np.exp(x * (k % 3 + 1))
        return x[np.argmax(e)] * z[k], e

    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(8), 3):
            t, e = part(x, z, k)
            s = s + t if np.argmax(e) % 2 else s - t
        return s, e

    return run


def in_a_region(mark):
    def run(x, z, turns):
        return gr.checkpoint(loops_in_loops(mark))(x, z, turns)

    return run


def counted_turns(mark):
    """The inner loop looks for the first of the largest elements."""

    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(1, 8), 2):
            e = np.exp(x * (k % 3 + 1))
            i, most = 0, np.max(e)
            while e[i] < most:
                i = i + 1
            s = s + x[i] * z[i] * k
        return s, e

    return run


def masks(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(1, 9), 2):
            e = np.exp(x * (k % 3 + 1))
            s = s + np.sum(np.where((e > e[k]) | (e == e[0]), x * z, x * (z - k)))
        return s, e

    return run


def masks_of_parts(mark):
    """Sizes that only the turn knows, and some that are no whole number of bytes."""

    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(3, 20, 4), 2):
            e = np.exp(x * (k % 3 + 1))
            s = s + np.sum(np.where(e[:k] > e[k], x[:k] * k, x[1 : k + 1]))
            s = s + np.sum(x[:11] * (e[3:14] > e[k])) + np.sum(x[:2] * (e[3:5] > e[k]))
            both = e[:36].reshape(12, 3) > e[:3]
            s = s + np.sum(np.where(both, x[:36].reshape(12, 3), x[4:16, None]))
        return s, e

    return run


def masks_until(mark):
    def run(x, z, turns):
        s, e, k = 0.0, x, 0
        while mark(k < turns, 3):
            e = np.exp(x * (k % 3 + 1))
            for j in range(2):
                s = s + np.sum(np.where(e > e[k + j], x * z, x * (z - k)))
            k += 1
        return s, e

    return run


def whiles_that_branch(mark):
    """How many turns the inner loop takes, and what it does there, is decided by floats."""

    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(1, 12, 3), 2):
            e, i = np.exp(x * (k % 3 + 1)), 0
            while i < 40 and e[i] <= e[i + 3] + 2.0 * (i % 7 < k):
                if e[i] > e[i + k]:
                    s = s + x[i] * z[i]
                i = i + 1
            s = s + x[i] * z[i] * k
        return s, e

    return run


def whiles_that_choose(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(1, 12, 3), 2):
            e, i = np.exp(x * (k % 3 + 1)), 0
            while i < 20 and e[i] <= e[i + 3] + 2.0 * (i % 7 < k):
                s = s + np.sum(np.where(e > e[i], x * z, x * (z - i)))
                i = i + 1
        return s, e

    return run


def whiles_in_whiles(mark):
    def run(x, z, turns):
        s, e, k = 0.0, x, 0
        while mark(k < turns, 2):
            e, i = np.exp(x * (k % 3 + 1)), 0
            if e[k] > e[k + 1]:
                while i < 9 and e[i] <= e[i + 3] + 2.0 * (i % 3):
                    j = 0
                    while j < 5 and e[j] <= e[i] + 2.0 * (j % 2):
                        for m in range(2):
                            s = s + (x[i] * z[j] if e[m] > e[i + j] else x[np.argmax(e)])
                        j = j + 1
                    i = i + 1
            s = s + x[i] * z[k]
            k += 1
        return s, e

    return run


def ranges_that_turns_know(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(4), 2):
            e = np.exp(x * (k % 3 + 1))
            for j in mark(range(turns - k), 2):
                s = s + x[j] * z[np.argmax(e)] * (1.0 if e[j] > e[k] else 2.0)
        return s, e

    return run


def until_in_an_ordinary_loop(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        for m in range(3):
            k = 0
            while mark(k < turns - m, 3):
                e = np.exp(x * (k % 3 + 1))
                s = s + np.sum(np.where(e > e[k], x * z, x)) * (1.0 if e[m] > e[k] else -1.0)
                k += 1
            s = s + x[m] * z[np.argmax(e)]
        return s, e

    return run


def whiles_in_ordinary_whiles(mark):
    def run(x, z, turns):
        s, e, m = 0.0, x, 0
        while m < turns // 2 and s < 1e6 * x[0]:
            for k in mark(range(1, 12, 3), 2):
                e, i = np.exp(x * (k % 3 + 1)), 0
                while i < 20 and e[i] <= e[i + 3] + 2.0 * (i % 7 < k):
                    s = s + np.sum(np.where(e > e[i], x * z, x * (z - i)))
                    i = i + 1
            m = m + 1
        return s, e

    return run


def until_under_a_branch(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        if x[3] * x[4] > 0.0:
            for m in range(2):
                k = 0
                while mark(k < turns - m, 3):
                    e = np.exp(x * (k % 3 + 1))
                    s = s + np.sum(np.where(e > e[k], x * z, x)) * (1.0 if e[m] > e[k] else -1.0)
                    k += 1
        else:
            s = x[0]
        return s, e

    return run


def branches_in_a_region(mark):
    def run(x, z, turns):
        return gr.checkpoint(until_under_a_branch(mark))(x, z, turns)

    return run


def regions_in_turns_that_the_run_knows(mark):
    @gr.checkpoint
    def part(x, z, k):
        e = np.exp(x * (k % 3 + 1))
        return np.sum(np.where(e > e[k], x * z, x)), e

    def run(x, z, turns):
        s, e = 0.0, x
        for m in range(2):
            for k in mark(range(turns), 2):
                t, e = part(x, z, k + m)
                s = s + t
        return s, e

    return run


def around_what_the_run_sizes(mark):
    def run(x, z, turns):
        s, e, w = 0.0, x, x[:turns] * 1.0
        for m in range(3):
            k = 0
            while mark(k < turns - m, 3):
                e = np.exp(x * (k % 3 + 1))
                s = s + np.sum(np.where(e > e[k], x * z, x)) + 0.1 * np.sum(w)
                k += 1
            w = w * 0.9
        return s, e

    return run


def until(mark):
    def run(x, z, turns):
        s, e, k = 0.0, x, 0
        while mark(k < turns, 3):
            e = np.exp(x * (k % 3 + 1))
            s = s + x[np.argmax(e)] * z[np.argmin(e)] * k
            k += 1
        return s, e

    return run


def turns_that_the_run_knows(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(turns, 1, -2), 2):
            for j in range(3):
                e = np.exp(x * (k % 3 + 1)) * (j + 1)
                if e[np.argmax(e)] > e[j]:
                    s = s + x[np.argmax(e)] * z[k]
        return s, e

    return run


def with_a_break(mark):
    def run(x, z, turns):
        s, e = 0.0, x
        for k in mark(range(30), 2):
            e = np.exp(x * (k % 3 + 1))
            s = s + x[np.argmax(e)] * z[k]
            if k * e[0] > turns * e[1]:
                break
        return s, e

    return run


PROGRAMS = (
    indices,
    branches_in_turns_of_turns,
    loops_in_loops,
    in_an_ordinary_loop,
    under_a_branch,
    regions,
    in_a_region,
    counted_turns,
    masks,
    masks_of_parts,
    masks_until,
    whiles_that_branch,
    whiles_that_choose,
    whiles_in_whiles,
    ranges_that_turns_know,
    until_in_an_ordinary_loop,
    whiles_in_ordinary_whiles,
    until_under_a_branch,
    branches_in_a_region,
    regions_in_turns_that_the_run_knows,
    around_what_the_run_sizes,
    until,
    turns_that_the_run_knows,
    with_a_break,
)
