"""The kernels as users of JAX write them: whole arrays, `fori_loop` and `scan`, no writes in place."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular


def jacobi_1d(steps, a, b):
    def turn(_, state):
        a, b = state
        b = b.at[1:-1].set((a[:-2] + a[1:-1] + a[2:]) / 3.0)
        return a.at[1:-1].set((b[:-2] + b[1:-1] + b[2:]) / 3.0), b

    return lax.fori_loop(0, steps, turn, (a, b))


def jacobi_2d(steps, a, b):
    def mean(u):
        return 0.2 * (u[1:-1, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] + u[:-2, 1:-1] + u[2:, 1:-1])

    def turn(_, state):
        a, b = state
        b = b.at[1:-1, 1:-1].set(mean(a))
        return a.at[1:-1, 1:-1].set(mean(b)), b

    return lax.fori_loop(0, steps, turn, (a, b))


def seidel_2d(steps, a):
    def row(above, rows):
        here, below = rows
        known = here[1:-1] + here[2:] + below[:-2] + below[1:-1] + below[2:]
        known = known + above[:-2] + above[1:-1] + above[2:]

        def entry(left, s):
            new = (left + s) / 9.0
            return new, new

        _, inner = lax.scan(entry, here[0], known)
        new = here.at[1:-1].set(inner)
        return new, new

    def turn(_, a):
        _, inner = lax.scan(row, a[0], (a[1:-1], a[2:]))
        return a.at[1:-1].set(inner)

    return lax.fori_loop(0, steps, turn, a)


def heat_3d(steps, a, b):
    def heated(u):
        c = u[1:-1, 1:-1, 1:-1]
        x = u[2:, 1:-1, 1:-1] - 2.0 * c + u[:-2, 1:-1, 1:-1]
        y = u[1:-1, 2:, 1:-1] - 2.0 * c + u[1:-1, :-2, 1:-1]
        z = u[1:-1, 1:-1, 2:] - 2.0 * c + u[1:-1, 1:-1, :-2]
        return c + 0.125 * (x + y + z)

    def turn(_, state):
        a, b = state
        b = b.at[1:-1, 1:-1, 1:-1].set(heated(a))
        return a.at[1:-1, 1:-1, 1:-1].set(heated(b)), b

    return lax.fori_loop(0, steps, turn, (a, b))


def hdiff(field, coefficient):
    lap = 4.0 * field[1:-1, 1:-1] - (field[2:, 1:-1] + field[:-2, 1:-1] + field[1:-1, 2:] + field[1:-1, :-2])
    by_x = jnp.diff(lap[:, 1:-1], axis=0)
    by_x = jnp.where(by_x * jnp.diff(field[1:-1, 2:-2], axis=0) > 0.0, 0.0, by_x)
    by_y = jnp.diff(lap[1:-1], axis=1)
    by_y = jnp.where(by_y * jnp.diff(field[2:-2, 1:-1], axis=1) > 0.0, 0.0, by_y)
    return field[2:-2, 2:-2] - coefficient * (jnp.diff(by_x, axis=0) + jnp.diff(by_y, axis=1))


def gemm(alpha, beta, a, b, c):
    return alpha * (a @ b) + beta * c


def atax(a, x):
    return a.T @ (a @ x)


def bicg(a, p, r):
    return r @ a, a @ p


def mvt(a, x1, x2, y1, y2):
    return x1 + a @ y1, x2 + a.T @ y2


def gesummv(alpha, beta, a, b, x):
    return alpha * a @ x + beta * b @ x


def k2mm(alpha, beta, a, b, c, d):
    return alpha * a @ b @ c + beta * d


def k3mm(a, b, c, d):
    return jnp.linalg.multi_dot([a, b, c, d])


def trisolv(low, b):
    return solve_triangular(low, b, lower=True)


def cholesky(a):
    whole = jnp.tril(a) + jnp.tril(a, -1).T  # the kernel reads what is below the diagonal only
    return jnp.linalg.cholesky(whole) + jnp.triu(a, 1)


def lu(a):
    index = jnp.arange(a.shape[0])

    def turn(k, a):
        below = index > k
        factors = jnp.where(below, a[:, k] / a[k, k], 0.0)
        a = a - jnp.outer(factors, jnp.where(below, a[k], 0.0))
        return a.at[:, k].set(jnp.where(below, factors, a[:, k]))

    return lax.fori_loop(0, a.shape[0] - 1, turn, a)


def durbin(r):
    n = r.shape[0]
    index = jnp.arange(n)

    def turn(k, state):
        y, alpha, beta = state
        beta = beta * (1.0 - alpha * alpha)
        back = k - 1 - index
        mirrored = jnp.where(back >= 0, y[back], 0.0)
        alpha = -(r[k] + jnp.where(back >= 0, r, 0.0) @ mirrored) / beta
        return (y + alpha * mirrored).at[k].set(alpha), alpha, beta

    y = jnp.zeros(n).at[0].set(-r[0])
    return lax.fori_loop(1, n, turn, (y, -r[0], 1.0))[0]


def floyd_warshall(paths):
    def turn(k, d):
        return jnp.minimum(d, d[:, k, None] + d[None, k, :])

    return lax.fori_loop(0, paths.shape[0], turn, paths)


def softmax(x):
    return jax.nn.softmax(x)


def mlp(x, w1, b1, w2, b2, w3, b3):
    x = jax.nn.relu(x @ w1 + b1)
    x = jax.nn.relu(x @ w2 + b2)
    return jax.nn.softmax(x @ w3 + b3)


def conv2d_bias(images, weights, bias):
    layout = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(images, weights, (1, 1), "VALID", dimension_numbers=layout) + bias


def objective(form):
    """Return the objective of the other forms, in JAX."""

    def total(*args):
        outputs = form(*args)
        parts = outputs if isinstance(outputs, tuple) else (outputs,)
        return sum(jnp.sum(jnp.sin(x + jnp.arange(x.size).reshape(x.shape))) for x in parts)

    return total
