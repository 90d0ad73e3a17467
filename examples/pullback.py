"""Functions with several results: cotangents, pullbacks and the Jacobian.

A function from n numbers to m numbers has an m x n matrix of derivatives, its Jacobian J. Reverse mode does
not build it. It takes a *cotangent*, one weight for each result, and gives the weighted sum of J's rows:
the gradient of (weights * result).sum(). `gr.vjp` returns the value and the function that does this, the
pullback.

One call of the pullback costs about as much as a gradient, whatever n is. So a loss (m = 1) needs one call
for all of its derivatives, and the whole of J needs m. For few inputs and many results, going forward would
be cheaper: one run an input.

The pullback keeps what it needs of the forward run, and can be called many times.
"""

import gradir as gr
import numpy as np


def spherical(p):
    """Return x, y, z of a point given by its radius and two angles."""
    r, theta, phi = p[0], p[1], p[2]
    return r * np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])


def jacobian(fun, x):
    """Return the value and the Jacobian, a row a call of the pullback."""
    value, pullback = gr.vjp(fun, x)
    rows = []
    for k in range(value.size):
        cotangent = np.zeros_like(value)
        cotangent.flat[k] = 1.0
        (row,) = pullback(cotangent)
        rows.append(row)
    return value, np.array(rows)


def by_hand(p):
    r, theta, phi = p
    st, ct, sp, cp = np.sin(theta), np.cos(theta), np.sin(phi), np.cos(phi)
    dx = [st * cp, r * ct * cp, -r * st * sp]
    dy = [st * sp, r * ct * sp, r * st * cp]
    dz = [ct, -r * st, 0]
    return np.array([dx, dy, dz])


def main() -> None:
    p = np.array([2.0, 0.6, 1.1])
    value, pullback = gr.vjp(spherical, p)
    print("value   ", value)
    print("weights (1, 0, 0): the first row,   ", pullback(np.array([1.0, 0.0, 0.0]))[0])
    print("weights (1, 1, 1): the sum of rows, ", pullback(np.ones(3))[0])
    _, J = jacobian(spherical, p)
    print("\nthe Jacobian, by three calls\n", J)
    print("by hand\n", by_hand(p))
    print(f"\nits determinant {np.linalg.det(J):.6f} is r^2 sin(theta) = {p[0] ** 2 * np.sin(p[1]):.6f}")


if __name__ == "__main__":
    main()
