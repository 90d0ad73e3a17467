"""Functions whose backward passes have much to save, and how far apart gradients are."""

from __future__ import annotations

import numpy as np
import optree

RNG = np.random.default_rng(3)
W = [RNG.normal(size=(8, 8)) * 0.4 for _ in range(5)]
X = RNG.normal(size=(6, 8))


def network(ws, x):
    for w in ws:
        x = np.tanh(x @ w)
        x = np.sin(x) * np.exp(-x * x)
    return np.sum(x * x)


def recurrence(ws, x):
    h = x * 0.5
    for _ in range(20):
        h = np.tanh(h @ ws[0] + x)
        for k in range(3):
            h = h * 1.01 + np.sin(h) * ws[1][k]
    return np.sum(h)


def branches(ws, x):
    total = 0.0
    for row in range(6):
        y = np.exp(-x[row] * x[row])
        if y[0] > 0.3:
            y = np.sin(y) @ ws[0]
        else:
            y = y * np.cos(y)
        total += np.sum(y * y)
    return total


def until_small(ws, x):
    y = x * 1.0
    while np.sum(y * y) > 1.0:
        y = np.tanh(y) * 0.9
    return np.sum(np.exp(y))


def in_place(ws, x):
    y = x.copy()
    for i in range(1, 6):
        y[i] = np.sin(y[i - 1]) * ws[0][i] + y[i]
        y[i, 0] *= np.exp(y[i, 1])
    return np.sum(y * y)


def demand_positive(x):
    assert np.all(x > 0), "x is to be positive"


FUNCTIONS = (network, recurrence, branches, until_small, in_place)


FEW_ULP = 8 * 2.0**-52  # of the largest number of a gradient


def largest_gap(found, expected):
    """How far gradients are apart, in units of the largest number beside."""
    pairs = zip(optree.tree_leaves(found), optree.tree_leaves(expected), strict=True)
    return max(float(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-300)) for a, b in pairs)
