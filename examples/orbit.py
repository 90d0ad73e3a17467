"""Find a periodic orbit of three bodies, by the gradient through all time steps.

Three equal masses that attract each other mostly fly apart in the end. But there is an orbit on which they
chase each other along a figure eight (A. Chenciner and R. Montgomery, 2000). It begins with the bodies in a
row. From these positions, which velocity of the outer two leads back to the start, and when?

`miss` measures how far the bodies are from their start, after the period that is tried. It is plain NumPy: a
loop over time, around loops over pairs of bodies that add up the forces in place. gradir differentiates it
by velocity and period, through 400 Runge-Kutta steps. SciPy's BFGS method goes downhill. The paper gives the
velocity (0.46620368, 0.43236573) and the period 6.32591398.

Run it: `python examples/orbit.py`. The orbits are drawn to orbit.png if matplotlib is installed.
"""

import gradir as gr
import numpy as np
from scipy.optimize import minimize

ROW = np.array([[0.97000436, -0.24308753], [-0.97000436, 0.24308753], [0.0, 0.0]])
STEPS = 400
GUESS = np.array([0.5, 0.4, 6.5])  # the velocity (two numbers) and the period
PICTURE = "orbit.png"


def start(p):
    """Return positions and velocities; the middle body goes against the outer two, so that nothing drifts."""
    return ROW, np.array([[p[0], p[1]], [p[0], p[1]], [-2 * p[0], -2 * p[1]]])


def acceleration(x):
    a = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(len(x)):
            if i != j:
                gap = x[j] - x[i]
                a[i] += gap / np.sum(gap**2) ** 1.5
    return a


def step(x, v, dt):
    """Move on by the classical Runge-Kutta method."""
    a1 = acceleration(x)
    v2 = v + dt / 2 * a1
    a2 = acceleration(x + dt / 2 * v)
    v3 = v + dt / 2 * a2
    a3 = acceleration(x + dt / 2 * v2)
    v4 = v + dt * a3
    a4 = acceleration(x + dt * v3)
    return x + dt / 6 * (v + 2 * v2 + 2 * v3 + v4), v + dt / 6 * (a1 + 2 * a2 + 2 * a3 + a4)


def miss(p):
    x0, v0 = start(p)
    x, v = x0, v0
    for _ in range(STEPS):
        x, v = step(x, v, p[2] / STEPS)
    return np.sum((x - x0) ** 2) + np.sum((v - v0) ** 2)


value_and_gradient = gr.value_and_grad(miss)


def draw(title: str, p: np.ndarray, axes) -> None:
    """Draw two periods, in plain NumPy."""
    x, v = start(p)
    path = []
    for _ in range(2 * STEPS):
        path.append(x)
        x, v = step(x, v, p[2] / STEPS)
    axes.plot(*np.array(path).transpose(2, 0, 1), lw=1)
    axes.plot(*ROW.T, "ko")
    axes.set(title=title, aspect="equal")


def main() -> None:
    print(f"first guess: velocity and period {GUESS}, miss {value_and_gradient(GUESS)[0]:.3f}")
    found = minimize(value_and_gradient, GUESS, jac=True, options={"gtol": 1e-7})
    print(f"after {found.nit} iterations, {found.nfev} gradients: miss {found.fun:.1e}")
    print("velocity ({:.7f}, {:.7f}), period {:.7f}".format(*found.x))
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw("first guess, two periods", GUESS, left)
    draw("found, two periods", found.x, right)
    figure.savefig(PICTURE)
    print(f"orbits: {PICTURE}")


if __name__ == "__main__":
    main()
