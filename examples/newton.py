"""Differentiate through a `while` loop: Kepler's equation, solved by Newton's method.

A planet on an ellipse of eccentricity e moves fast near the sun and slowly far away. Its angle E at the time
m (a full turn takes 2 pi) solves Kepler's equation, E - e sin(E) = m, which has no closed solution. Newton's
method solves it in as many turns as it takes.

gradir keeps the `while` a loop and differentiates the steps that were really taken: what the way back needs
is pushed on a stack in each turn, and popped in reverse. The theorem of implicit functions gives the
derivatives without any steps, for comparison:

    dE/dm = 1 / (1 - e cos(E))        dE/de = sin(E) / (1 - e cos(E))

With each step the derivative gets better as fast as E does. But the condition of the loop looks at E only.
At m = 0 the first guess is right, the loop takes no step, and what is left to differentiate is the guess.
One step more, after the loop, makes sure that the equation is seen at least once.
"""

import gradir as gr
import numpy as np


def residual(angle, m, e):
    return angle - e * np.sin(angle) - m


def newton_step(angle, m, e):
    return angle - residual(angle, m, e) / (1 - e * np.cos(angle))


def kepler(m, e, tolerance):
    angle = m  # the first guess
    while abs(residual(angle, m, e)) > tolerance:
        angle = newton_step(angle, m, e)
    return angle


def polished(m, e, tolerance):
    return newton_step(kepler(m, e, tolerance), m, e)


def implicit(m, e):
    """Return dE/dm and dE/de by the theorem of implicit functions."""
    angle = polished(m, e, 1e-12)
    slope = 1 - e * np.cos(angle)
    return 1 / slope, np.sin(angle) / slope


by_loop = gr.value_and_grad(kepler, argnums=(0, 1))
by_polished = gr.value_and_grad(polished, argnums=(0, 1))


def main() -> None:
    e = 0.6
    exact, slopes = polished(1.0, e, 1e-12), implicit(1.0, e)
    print(f"m = 1: E = {exact:.12f}, dE/dm = {slopes[0]:.12f}, dE/de = {slopes[1]:.12f}")
    print("              error of E and of dE/dm      the same with one step more")
    for tolerance in (1e-1, 1e-3, 1e-6, 1e-12):
        found = [f(1.0, e, tolerance) for f in (by_loop, by_polished)]
        errors = [(abs(E - exact), abs(by_m - slopes[0])) for E, (by_m, _) in found]
        print(f"until {tolerance:.0e}   " + "        ".join(f"{a:.1e}      {b:.1e}" for a, b in errors))

    (_, unseen), (_, seen) = by_loop(0.0, e, 1e-12), by_polished(0.0, e, 1e-12)
    print(f"m = 0: no step taken, dE/dm = {unseen[0]:g}; with one step more {seen[0]:g}, which is right")

    curvature = gr.grad(gr.grad(polished))(1.0, e, 1e-12)
    print(f"\nd2E/dm2 = {curvature:.12f}, by formula {-e * np.sin(exact) * slopes[0] ** 3:.12f}")
    print(f"compiled {by_loop.cache_info().misses} time, for all numbers of turns")
    print("\nWhat the way back reads:")
    for saved in by_loop.inspect(1.0, e, 1e-12).residuals:
        print(f"  {saved}")


if __name__ == "__main__":
    main()
