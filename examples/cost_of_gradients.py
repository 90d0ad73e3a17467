"""Backward is cheap: the price of a gradient, measured against finite differences.

Finite differences move one parameter at a time, so n parameters take n + 1 runs of the function. Going
backward through the graph takes each operation once more, whatever n is: the whole gradient costs a small
constant times one run.

The constant can be read off the graph (`node_counts`) and measured (`times`). What you see in the table
depends on your machine; how the columns grow does not.
"""

import time
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np

SIZES = (10, 100, 1_000, 10_000)


def f(x):
    """A chain of springs, each pulling on its neighbours."""
    stretch = x[1:] - x[:-1]
    return np.sum(np.sqrt(1 + stretch * stretch)) + 0.1 * np.sum(x * x)


value_and_gradient = gr.value_and_grad(f)


def forward_differences(x, step=1e-7):
    """Return the gradient from n + 1 runs of the function."""
    start = f(x)
    result = np.empty_like(x)
    for k in range(len(x)):
        moved = x.copy()
        moved[k] += step
        result[k] = (f(moved) - start) / step
    return result


def seconds(run: Callable[[], Any], budget: float = 0.05) -> float:
    """Return the shortest time of some runs, about `budget` seconds of them."""
    best, spent = float("inf"), 0.0
    while spent < budget:
        start = time.perf_counter()
        run()
        taken = time.perf_counter() - start
        best, spent = min(best, taken), spent + taken
    return best


def times(size: int) -> tuple[float, float, float]:
    """Return the seconds for one run of `f`, for finite differences, and for the value and the gradient."""
    x = np.random.default_rng(0).normal(size=size)
    value_and_gradient(x)  # the first call compiles
    runs = (lambda: f(x), lambda: forward_differences(x), lambda: value_and_gradient(x))
    once, differences, gradient = map(seconds, runs)
    return once, differences, gradient


def node_counts(size: int) -> tuple[int, int]:
    """Return the number of operations in the primal, and in the optimized graph of value and gradient."""
    program = value_and_gradient.inspect(np.zeros(size))
    return len(program.primal.block.nodes), len(program.optimized.block.nodes)


def main() -> None:
    print("microseconds:")
    print("parameters   f (NumPy)   finite differences   gradir: value and gradient")
    for size in SIZES:
        once, differences, gradient = times(size)
        print(f"{size:10,}   {once * 1e6:9,.1f}   {differences * 1e6:18,.0f}   {gradient * 1e6:26,.1f}")
    for size in (SIZES[0], SIZES[-1]):
        primal, joint = node_counts(size)
        print(f"{size:6,} parameters: {primal} operations forward, {joint} with the gradient")


if __name__ == "__main__":
    main()
