"""Loops that take slices of a size that depends on the turn, with arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np

RNG = np.random.default_rng(0)
X = RNG.normal(size=6)
A = RNG.normal(size=(5, 5))
SPD = A @ A.T + 5 * np.eye(5)
LOWER = np.tril(A) + 5 * np.eye(5)


def cholesky(a):
    n = a.shape[0]
    L = np.zeros_like(a)
    for i in range(n):
        for j in range(i):
            L[i, j] = (a[i, j] - np.dot(L[i, :j], L[j, :j])) / L[j, j]
        L[i, i] = np.sqrt(a[i, i] - np.dot(L[i, :i], L[i, :i]))
    return np.sum(L * L * L)


def lu_with_dots(a):
    a = a.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[:j, j]
            a[i, j] /= a[j, j]
        for j in range(i, n):
            a[i, j] -= a[i, :i] @ a[:i, j]
    return np.sum(np.sin(a))


def lu_with_outer(a):
    a = a.copy()
    for k in range(a.shape[0] - 1):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return np.sum(np.sin(a))


def gauss(a):
    a = a.copy()
    n = a.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            a[i, k:] -= f * a[k, k:]
    return np.sum(a * a)


def forward_substitution(L, b):
    x = np.zeros_like(b)
    for i in range(b.shape[0]):
        x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]
    return np.sum(x**2)


def durbin_with_flip(r):
    y = np.zeros_like(r)
    alpha, beta = -r[0], 1.0
    y[0] = -r[0]
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return np.sum(y * y)


def durbin_with_negative_steps(r):
    y = np.zeros_like(r)
    alpha, beta = -r[0], 1.0
    y[0] = -r[0]
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + r[:k][::-1] @ y[:k]) / beta
        y[:k] += y[k - 1 :: -1] * alpha
        y[k] = alpha
    return np.sum(y * y)


def gram_schmidt(a):
    Q = np.zeros_like(a)
    for j in range(a.shape[1]):
        v = a[:, j].copy()
        v = v - Q[:, :j] @ (Q[:, :j].T @ v)
        Q[:, j] = v / np.sqrt(np.sum(v * v))
    return np.sum(Q * Q * Q)


def triangular_sums(a):
    s = 0.0
    for i in range(a.shape[0]):
        for j in range(i + 1):
            s += np.sum(a[i, j : i + 1]) * a[i, :j] @ a[j, :j]
    return s


def prefix_means(x):
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        out[i] = np.mean(x[: i + 1]) * x[i] + np.var(x[i:])
    return np.sum(out**2)


def windows(x):
    s = 0.0
    for i in range(x.shape[0] - 2):
        w = x[i : i + 3]
        s += w[0] * w[1] - w[2] + np.max(w)
    return s


def moving_average(x):
    out, w = np.zeros_like(x), 2
    for i in range(x.shape[0]):
        out[i] = np.mean(x[max(0, i - w) : i + w + 1])
    return np.sum(out**3)


def extremes(x):
    s = 0.0
    for i in range(x.shape[0]):
        s += np.max(x[: i + 1]) * np.min(x[i:]) + x[: i + 1][np.argmax(x[: i + 1])]
    return s


def scans(x):
    s = 0.0
    for i in range(x.shape[0]):
        c = np.cumsum(x[i:])
        s += np.sum(c * c) + np.prod(x[:i])
    return s


def choices(x):
    s = 0.0
    for i in range(x.shape[0]):
        v = x[:i]
        s += np.sum(np.where(v > 0, v * v, np.exp(v)))
    return s


def steps(x):
    s = 0.0
    for i in range(1, 6):
        s += np.sum(x[::2][:i] ** 2) + np.sum(x[:i:2] ** 3) + np.sum(x[i::-2] * 0.5)
    return s


def counted_from_the_end(x):
    s = 0.0
    for i in range(-3, 4):
        s += np.sum(x[i:] ** 2) + np.sum(x[:i])
    return s


def made_arrays(x):
    s = 0.0
    for i in range(1, 5):
        t = np.zeros(i)
        t[0] = x[i]
        for j in range(1, len(t)):
            t[j] = t[j - 1] * x[j] + x[i]
        s += np.sum(t * np.arange(i)) + t[-1]
    return s


def joined(x):
    s = 0.0
    for i in range(1, 5):
        c = np.concatenate([x[i:], x[:i]])
        d = np.concatenate([x[:i], x[:i] ** 2])
        s += np.sum(c * x * np.arange(6)) + np.sum(d * d)
    return s


def blocks(a):
    s = 0.0
    for i in range(1, 5):
        B = a[:i, :i] @ a[:i, i:]
        s += np.sum(B * B) + np.sum(np.max(a[:i, :], axis=1)) + np.sum(np.sum(a[:i, i:], axis=0) ** 2)
        s += np.sum(np.cumsum(a[:i, :i], axis=1)[:, -1])
    return s


def writes_through_views(a):
    a = a.copy()
    for i in range(1, 5):
        v = a[i, :i]
        v *= 2.0
        w = v[::-1]
        w += a[:i, i]
        a[:i, 0] = w
    return np.sum(np.sin(a))


def adds_to_parts(a):
    out = np.zeros(5)
    for i in range(5):
        out[:i] += a[i, :i] ** 2
        out[i:] -= a[i:, i]
    return np.sum(out**2)


def columns_at_once(L, B):
    X = np.zeros_like(B)
    for i in range(L.shape[0]):
        X[i] = (B[i] - L[i, :i] @ X[:i]) / L[i, i]
    return np.sum(X**2)


def differences(a):
    s = 0.0
    for i in range(1, 5):
        s += np.sum((a[i, :i][:, None] - a[:i, i][None, :]) ** 2)
        s += np.einsum("i,ij,j", a[i, :i], a[:i, :i], a[i, :i])
    return s


def inner_gradients(a):
    def energy(v, w):
        return np.sum(v * v * w)

    s = 0.0
    for i in range(1, 5):
        s += np.sum(gr.grad(energy)(a[i, :i], a[:i, i]) ** 2)
    return s


def until_large(x):
    i, s = 0, 0.0
    while s < 2.0 and i < 5:
        s += np.sum(x[: i + 1] ** 2)
        i += 1
    return s


def stopped(x):
    s = 0.0
    for i in range(6):
        if s > 1.5:
            break
        s += np.sum(np.abs(x[: i + 1]))
    return s


LOOPS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (cholesky, (SPD,)), (lu_with_dots, (SPD,)), (lu_with_outer, (SPD,)), (gauss, (SPD,)),
    (forward_substitution, (LOWER, X[:5].copy())), (durbin_with_flip, (0.3 * X,)),
    (durbin_with_negative_steps, (0.3 * X,)), (gram_schmidt, (RNG.normal(size=(6, 4)),)),
    (triangular_sums, (A,)), (prefix_means, (X,)), (windows, (X,)), (moving_average, (X,)),
    (extremes, (X,)), (scans, (X,)),
    (choices, (X,)), (steps, (X,)), (counted_from_the_end, (X,)), (made_arrays, (X,)), (joined, (X,)),
    (blocks, (A,)), (writes_through_views, (A,)), (adds_to_parts, (A,)),
    (columns_at_once, (LOWER, A[:, :3].copy())), (differences, (A,)), (inner_gradients, (A,)),
    (until_large, (X,)), (stopped, (X,)),
]  # fmt: skip
