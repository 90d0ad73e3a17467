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
    until,
    turns_that_the_run_knows,
    with_a_break,
)
