"""An inverse problem: what is the conductivity inside a rod, if only its temperatures are measured?

The rod begins at temperature 0. Its left end is held at 1, its right end at 0, and heat flows:

    flow = -conductivity * d(temperature)/dx        d(temperature)/dt = -d(flow)/dx

`simulate` computes it in plain loops, in place, 2,000 time steps of 40 cells. Twenty times on the way, all
temperatures are measured, with some noise. To find the conductivities at the 41 faces between the cells, the
difference to the measurements is minimised, by the gradient through all time steps. Noise would make each
face a little different from the next, so changes have a price; being no square, it allows for sharp edges.

Run it: `python examples/heat_inverse.py`. The result is drawn to heat_inverse.png if matplotlib is there.
"""

import time

import gradir as gr
import numpy as np
from scipy.optimize import minimize
from tqdm import tqdm

CELLS, STEPS, EVERY = 40, 2_000, 100
NOISE = 1e-3
RATIO = 0.2  # time step / cell width^2: below 0.5 / conductivity, the steps are stable
PICTURE = "heat_inverse.png"


def simulate(conductivity):
    """Return the temperatures: a row for each time of measurement."""
    u = np.zeros(CELLS)
    flow = np.zeros(CELLS + 1)
    measured = np.zeros((STEPS // EVERY, CELLS))
    for t in range(STEPS):
        flow[0] = 2 * conductivity[0] * (1 - u[0])  # half a cell from the end
        for i in range(1, CELLS):
            flow[i] = conductivity[i] * (u[i - 1] - u[i])
        flow[CELLS] = 2 * conductivity[CELLS] * u[CELLS - 1]
        for i in range(CELLS):
            u[i] += RATIO * (flow[i] - flow[i + 1])
        if t % EVERY == EVERY - 1:
            measured[t // EVERY] = u
    return measured


def loss(log_conductivity, data):
    misfit = np.sum(((simulate(np.exp(log_conductivity)) - data) / NOISE) ** 2) / 2
    jumps = log_conductivity[1:] - log_conductivity[:-1]
    return misfit + 10 * np.sum(np.sqrt(jumps**2 + 1e-4))


value_and_gradient = gr.value_and_grad(loss)


def true_conductivity() -> np.ndarray:
    """Return three materials in a row: 1, then 0.3, then 1.6."""
    return np.repeat([1.0, 0.3, 1.6], [14, 12, 15])


def find(data: np.ndarray, progress) -> np.ndarray:
    """Return the conductivities that explain the data; `progress` is a tqdm bar."""
    options = {"args": (data,), "jac": True, "method": "L-BFGS-B", "callback": lambda _: progress.update()}
    return np.exp(minimize(value_and_gradient, np.zeros(CELLS + 1), **options).x)


def draw(truth: np.ndarray, found: np.ndarray, path: str) -> bool:
    """Draw both to a file; return False where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes, x = figure.subplots(), np.linspace(0, 1, CELLS + 1)
    axes.step(x, truth, where="mid", color="0.6", label="truth")
    axes.plot(x, found, "o", label="found")
    axes.set(xlabel="place", ylabel="conductivity", ylim=(0, 2))
    axes.legend()
    figure.savefig(path)
    return True


def main() -> None:
    truth = true_conductivity()
    data = simulate(truth) + NOISE * np.random.default_rng(0).normal(size=(STEPS // EVERY, CELLS))
    value_and_gradient(np.zeros(CELLS + 1), data)  # the first call compiles
    start = time.perf_counter()
    with tqdm(unit=" iterations") as progress:
        found = find(data, progress)
    print(f"{time.perf_counter() - start:.2f} s")
    print("true  ", *(f"{k:5.2f}" for k in truth[::3]))
    print("found ", *(f"{k:5.2f}" for k in found[::3]))
    print(f"largest error: {np.abs(found / truth - 1).max():.1%}")
    if draw(truth, found, PICTURE):
        print(f"picture: {PICTURE}")


if __name__ == "__main__":
    main()
