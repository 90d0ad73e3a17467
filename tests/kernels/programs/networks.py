"""Layers of neural networks."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from tests.kernels.kernel import Arguments, Kernel, Rng


def softmax(x):
    batch, heads, n, width = x.shape
    out = np.empty((batch, heads, n, width))
    for b in range(batch):
        for h in range(heads):
            for i in range(n):
                top = x[b, h, i, 0]
                for j in range(1, width):
                    top = max(top, x[b, h, i, j])
                total = 0.0
                for j in range(width):
                    out[b, h, i, j] = math.exp(x[b, h, i, j] - top)
                    total += out[b, h, i, j]
                for j in range(width):
                    out[b, h, i, j] /= total
    return out


def softmax_slices(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def layer(x, w, b):
    out = np.zeros((x.shape[0], w.shape[1]))
    for i in range(x.shape[0]):
        for j in range(w.shape[1]):
            s = b[j]
            for k in range(w.shape[0]):
                s += x[i, k] * w[k, j]
            out[i, j] = s
    return out


def relu(x):
    out = x.copy()
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if out[i, j] < 0.0:
                out[i, j] = 0.0
    return out


def mlp(x, w1, b1, w2, b2, w3, b3):
    x = relu(layer(x, w1, b1))
    x = relu(layer(x, w2, b2))
    x = layer(x, w3, b3)
    for i in range(x.shape[0]):
        total = 0.0
        for j in range(x.shape[1]):
            x[i, j] = math.exp(x[i, j])
            total += x[i, j]
        for j in range(x.shape[1]):
            x[i, j] /= total
    return x


def mlp_slices(x, w1, b1, w2, b2, w3, b3):
    x = np.maximum(x @ w1 + b1, 0.0)
    x = np.maximum(x @ w2 + b2, 0.0)
    return softmax_slices(x @ w3 + b3)


def conv2d_bias(images, weights, bias):
    size, _, inner, outer = weights.shape
    count, height, width, _ = images.shape
    out = np.zeros((count, height - size + 1, width - size + 1, outer))
    for n in range(count):
        for i in range(height - size + 1):
            for j in range(width - size + 1):
                for o in range(outer):
                    s = bias[o]
                    for p in range(size):
                        for q in range(size):
                            for c in range(inner):
                                s += images[n, i + p, j + q, c] * weights[p, q, c, o]
                    out[n, i, j, o] = s
    return out


def conv2d_bias_slices(images, weights, bias):
    size, outer = weights.shape[0], weights.shape[3]
    count, height, width, _ = images.shape
    out = np.empty((count, height - size + 1, width - size + 1, outer))
    for i in range(height - size + 1):
        for j in range(width - size + 1):
            patch = images[:, i : i + size, j : j + size, :, np.newaxis]
            out[:, i, j, :] = np.sum(patch * weights[np.newaxis], axis=(1, 2, 3))
    return out + bias


def for_softmax(n: int, rng: Rng) -> Arguments:
    return (rng.normal(size=(2, 2, 1 + n // 4, n)),)


def for_mlp(n: int, rng: Rng) -> Arguments:
    sizes = [n, n - 1, n - 2, n - 3]
    layers = [(rng.normal(size=shape), rng.normal(size=shape[1])) for shape in pairwise(sizes)]
    return rng.normal(size=(3, n)), *(part for parts in layers for part in parts)


def for_conv2d_bias(n: int, rng: Rng) -> Arguments:
    return rng.normal(size=(2, n - 1, n, 2)), rng.normal(size=(2, 2, 2, 3)), rng.normal(size=3)


KERNELS = [
    Kernel("softmax", softmax, softmax_slices, for_softmax, (6, 0)),
    Kernel("mlp", mlp, mlp_slices, for_mlp, (16, 0)),
    Kernel("conv2d_bias", conv2d_bias, conv2d_bias_slices, for_conv2d_bias, (7, 2)),
]
