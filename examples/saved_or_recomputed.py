"""Saved, or computed again: the same gradient from less memory.

A multiply needs its factors on the way back, `tanh` its own result, `sin` its argument. They can be kept from
the way forward, or be computed once more just before they are needed. What is kept decides the memory of a
gradient, what is computed again its time; neither changes the gradient.

    everything      each of these values is kept
    nothing         only the arguments are, and all else is computed again
    dots            the results of matrix products are kept, the cheap steps between them computed again
    sqrt            of n steps about the square root of n are kept, the others computed again from there
"""

import gradir as gr
import numpy as np

POLICIES = ("everything", "nothing", "dots", "sqrt")


def loss(w, x):
    for _ in range(100):
        x = np.tanh(x @ w) + 0.1 * np.sin(x)
    return np.sum(x**2)


def by_policy(policy):
    return gr.grad(loss, checkpoint=policy)


def arguments():
    rng = np.random.default_rng(0)
    return rng.normal(size=(64, 64)) * 0.1, rng.normal(size=(50, 64))


def main() -> None:
    w, x = arguments()
    expected = by_policy("everything")(w, x)
    print("policy          saved bytes    peak bytes  largest difference")
    for policy in POLICIES:
        gradient = by_policy(policy)
        memory = gradient.inspect(w, x).memory
        gap = np.max(np.abs(gradient(w, x) - expected)) / np.max(np.abs(expected))
        saved = sum(stack.bytes for stack in memory.plan.stacks)
        difference = "none" if gap == 0 else f"below {2**-48:.0e}"
        print(f"{policy:12} {saved:14,} {memory.peak:13,} {difference:>19}")
        assert gap < 2**-48

    budget = 500_000
    within = gr.grad(loss, memory_budget=budget).inspect(w, x)
    print(f"within {budget:,} bytes: {within.memory.peak:,};", *within.decisions)


if __name__ == "__main__":
    main()
