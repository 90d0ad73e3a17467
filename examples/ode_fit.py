"""Fit the parameters of a differential equation to data, by the gradient through its time steps.

Hares (u) breed, and are eaten by lynxes (v), which starve without them (Lotka and Volterra):

    du/dt = alpha u - beta u v        dv/dt = delta u v - gamma v

The data are the pelts, in thousands, that trappers brought to the Hudson's Bay Company from 1900 to 1920.
`simulate` steps through the years with the classical Runge-Kutta method, in two plain loops. gradir
differentiates through them, by the four parameters and by the two populations in 1900. All six are positive,
so their logarithms are fitted. The optimiser, Adam, is a plain loop too: `fit` is compiled as a whole. For
comparison, Bob Carpenter's Bayesian case study (Stan, 2018) has 0.55, 0.028, 0.80 and 0.024.

Run it: `python examples/ode_fit.py`. The fit is drawn to ode_fit.png if matplotlib is installed.
"""

import time

import gradir as gr
import numpy as np

HARES = "30 47.2 70.2 77.4 36.3 20.6 18.1 21.4 22 25.4 27.1 40.3 57 76.6 52.3 19.5 11.2 7.6 14.6 16.2 24.7"
LYNXES = "4 6.1 9.8 35.2 59.4 41.7 19 13 8.3 9.1 7.4 8 12.3 19.5 45.7 51.1 29.7 15.8 9.7 10.1 8.6"
DATA = np.array([HARES.split(), LYNXES.split()], dtype=float).T
STEPS = 20  # a year
NAMES = ("alpha", "beta", "gamma", "delta", "hares", "lynxes")
GUESS = np.log([0.5, 0.025, 0.9, 0.02, 30.0, 4.0])
PICTURE = "ode_fit.png"


def slope(y, p):
    u, v = y
    return np.array([p[0] * u - p[1] * u * v, p[3] * u * v - p[2] * v])


def simulate(p):
    """Return the populations of all years: a row a year, hares and lynxes."""
    y, dt, years = p[4:], 1 / STEPS, np.empty((len(DATA), 2))
    years[0] = y
    for year in range(1, len(DATA)):
        for _ in range(STEPS):
            k1 = slope(y, p)
            k2 = slope(y + dt / 2 * k1, p)
            k3 = slope(y + dt / 2 * k2, p)
            k4 = slope(y + dt * k3, p)
            y = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        years[year] = y
    return years


def loss(log_p):
    """Mean square of the difference in logarithms: being off by a tenth is as bad in any year."""
    return np.mean((np.log(simulate(np.exp(log_p))) - np.log(DATA)) ** 2)


gradient = gr.grad(loss)


@gr.jit
def fit(log_p, steps):
    """Descend by Adam."""
    mean, square = np.zeros(6), np.zeros(6)
    for t in range(1, steps + 1):
        g = gradient(log_p)
        mean = 0.9 * mean + 0.1 * g
        square = 0.999 * square + 0.001 * g * g
        log_p = log_p - 0.01 * mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
    return log_p


def draw(p: np.ndarray, path: str) -> bool:
    """Draw data and fit to a file; return False where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes, years = figure.subplots(), 1900 + np.arange(len(DATA))
    for k, name in enumerate(NAMES[4:]):
        axes.plot(years, DATA[:, k], "o", color=f"C{k}")
        axes.plot(years, simulate(p)[:, k], color=f"C{k}", label=name)
    axes.legend(title="thousand pelts")
    figure.savefig(path)
    return True


def main() -> None:
    fit(GUESS, 0)  # the first call compiles
    print("steps   loss       " + "".join(f"{name:9}" for name in NAMES) + "   time")
    for steps in (0, 100, 500, 4000):
        start = time.perf_counter()
        p = np.exp(fit(GUESS, steps))
        taken = f"{(time.perf_counter() - start) * 1e3:7.1f} ms"
        print(f"{steps:5}   {loss(np.log(p)):.6f}   " + "".join(f"{x:<9.4f}" for x in p) + taken)
    if draw(p, PICTURE):
        print(f"data and fit: {PICTURE}")


if __name__ == "__main__":
    main()
