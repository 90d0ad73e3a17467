"""A simulation of 100,000 steps whose gradient holds 20 of its states.

Forty pendulums hang in a row, each tied to its neighbours by springs. The first is let go from a high
position, and its swing runs along the chain while friction takes its energy away. How does the energy that is
left at the end depend on the friction at each pendulum?

The answer is a gradient through all of the steps, and its reverse needs the state of every step: 100,000 of
them. `gr.checkpointed` keeps 20. Each time the way back comes to a step whose state is not there, it runs on
from the nearest one before, and saves states on the way in the slots that have become free. Where it saves
them is a binomial schedule (A. Griewank and A. Walther, Revolve, 2000): no other one with 20 slots runs
fewer steps.

The same gradient is computed with all values saved, and by differences.
"""

import time

import gradir as gr
import numpy as np

PENDULUMS, STEPS, SLOTS = 40, 100_000, 20
DT = 5e-4
FRICTION = np.linspace(0.01, 0.05, PENDULUMS)


def step(u, v, friction):
    """Move angles and speeds on: speeds first, then angles by the new speeds (symplectic Euler)."""
    pull = np.zeros_like(u)
    pull[1:] += u[:-1] - u[1:]
    pull[:-1] += u[1:] - u[:-1]
    v = v + DT * (pull - np.sin(u) - friction * v)
    return u + DT * v, v


def energy(u, v):
    return 0.5 * np.sum(v**2) + np.sum(1.0 - np.cos(u)) + 0.5 * np.sum((u[1:] - u[:-1]) ** 2)


def start():
    u = np.zeros(PENDULUMS)
    u[0] = 2.0
    return u, np.zeros(PENDULUMS)


def energy_left(friction):
    u, v = start()
    for _ in gr.checkpointed(range(STEPS), slots=SLOTS):
        u, v = step(u, v, friction)
    return energy(u, v)


def energy_left_all_saved(friction):
    u, v = start()
    for _ in range(STEPS):
        u, v = step(u, v, friction)
    return energy(u, v)


def by_differences(friction, direction) -> float:
    """Return the derivative in a direction, of the compiled value."""
    value, h = gr.jit(energy_left), 1e-5
    return (value(friction + h * direction) - value(friction - h * direction)) / (2 * h)


def main() -> None:
    found = {}
    for name, function in (("20 states", energy_left), ("all saved", energy_left_all_saved)):
        gradient = gr.value_and_grad(function)
        program = gradient.inspect(FRICTION)
        for decision in program.decisions:
            print(decision)
        begin = time.perf_counter()
        value, found[name] = gradient(FRICTION)
        seconds = time.perf_counter() - begin
        print(f"{name}: energy {value:.6f}, {program.memory.peak:12,} bytes, {seconds:.2f} s")
    few, every = found.values()
    print(f"largest difference: {np.max(np.abs(few - every)) / np.max(np.abs(every)):.0e}, relative")
    direction = np.ones(PENDULUMS) / PENDULUMS
    differences = by_differences(FRICTION, direction)
    print(f"more friction everywhere: {few @ direction:.6f}, by differences {differences:.6f}")
    print(f"it counts most at pendulum {np.argmin(few)}, least at pendulum {np.argmax(few)}")


if __name__ == "__main__":
    main()
