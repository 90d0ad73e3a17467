"""Minimise with SciPy, which gets value and gradient from one compiled call: the curve of fastest descent.

A bead slides without friction from one point to another below. On which curve is it there first? (Johann
Bernoulli asked in 1696.) `duration` adds up the times on 50 straight pieces, in a plain Python loop; the
heights between the ends are the 49 unknowns. The answer is known: a cycloid, here of sqrt(pi / g) seconds.

`scipy.optimize.minimize` with `jac=True` expects a function that returns a value and its gradient, which is
what `gr.value_and_grad` gives. Without a gradient, SciPy estimates it by finite differences: 50 runs each.

Run it: `python examples/scipy_minimize.py`. The curves are drawn to descent.png if matplotlib is installed.
"""

import time

import gradir as gr
import numpy as np
from scipy.optimize import minimize

PIECES = 50
GRAVITY = 9.81  # m/s^2
WIDTH, DEPTH = 1.0, 2 / np.pi  # metres; the end is the lowest point of the cycloid
EXACT = np.sqrt(np.pi / GRAVITY)  # seconds
PICTURE = "descent.png"


def duration(depths):
    """Return the seconds that the bead needs; `depths` are in metres, of the points between the ends."""
    total = 0.0
    y0, v0 = 0.0, 0.0
    for i in range(PIECES):
        y1 = depths[i] if i < PIECES - 1 else DEPTH
        v1 = np.sqrt(2 * GRAVITY * y1)  # all energy is that of the fall
        total += np.sqrt((WIDTH / PIECES) ** 2 + (y1 - y0) ** 2) / ((v0 + v1) / 2)
        y0, v0 = y1, v1
    return total


value_and_gradient = gr.value_and_grad(duration)


def draw(curves: dict[str, np.ndarray], path: str) -> bool:
    """Draw the curves to a file; return False where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, depths in curves.items():
        axes.plot(np.linspace(0, WIDTH, PIECES + 1), [0, *-depths, -DEPTH], label=name)
    turn = np.linspace(0, np.pi)
    axes.plot((turn - np.sin(turn)) / np.pi, (np.cos(turn) - 1) / np.pi, "k:", label="cycloid")
    axes.set(xlabel="metres", ylabel="metres", aspect="equal")
    axes.legend()
    figure.savefig(path)
    return True


def main() -> None:
    line = DEPTH * np.arange(1, PIECES) / PIECES
    value_and_gradient(line)  # the first call compiles
    print(f"straight line   {duration(line):.6f} s")
    found = {}
    for name, fun, jac in (("gradir", value_and_gradient, True), ("differences", duration, None)):
        start = time.perf_counter()
        found[name] = minimize(fun, line, jac=jac, options={"gtol": 1e-6})
        taken = time.perf_counter() - start
        calls = f"{found[name].nit} iterations, {found[name].nfev:,} calls, {taken:.2f} s"
        print(f"{name:13}   {found[name].fun:.6f} s   ({calls})")
    print(f"cycloid         {EXACT:.6f} s")
    if draw({"straight line": line, "found": found["gradir"].x}, PICTURE):
        print(f"curves: {PICTURE}")


if __name__ == "__main__":
    main()
