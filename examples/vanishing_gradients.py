"""Vanishing gradients: why deep chains of sigmoids learn slowly.

The derivative of a chain of functions is the product of their slopes. The slope of the sigmoid is at most
0.25, at 0; so d of them in a row pass on at most 0.25^d: a millionth after ten, 1e-12 after twenty. The
slope of relu(x) = max(x, 0) is 1 where x > 0: a chain of those passes everything.

The depth is an integer argument. gradir keeps the loop a loop: one `for` in the graph, and one more, which
counts down, in its reverse. An integer is an input like any other, so this is compiled once for all depths.
"""

import gradir as gr
import numpy as np
from scipy.special import expit


def sigmoids(x, depth):
    for _ in range(depth):
        x = expit(x)
    return x


def relus(x, depth):
    for _ in range(depth):
        x = np.maximum(x, 0)
    return x


sigmoid_slope = gr.grad(sigmoids)
relu_slope = gr.grad(relus)


def main() -> None:
    print("depth   sigmoids at 0   bound 0.25^d    relus at 1")
    for depth in (1, 2, 5, 10, 20, 50):
        slope, bound = sigmoid_slope(0.0, depth), 0.25**depth
        print(f"{depth:5}   {slope:<13.4e}   {bound:<13.4e}   {relu_slope(1.0, depth):g}")
    print(f"\ncompiled {sigmoid_slope.cache_info().misses} time for all depths\n")
    print(sigmoid_slope.inspect(0.0, 10).primal)


if __name__ == "__main__":
    main()
