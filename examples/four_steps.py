"""The four steps of training, as one compiled loop: forward, loss, backward, update.

All training repeats these. Here they are written down for the smallest model there is, a linear one, on real
data: ten measurements of each of 442 patients, which are to tell the progress of their diabetes in a year.

`train` is the whole loop, and `gr.jit` compiles it as a whole. `gr.grad` inside it is the backward step: its
nodes stand in the body of the loop, between the forward ones and the update. There is one `for` in the
graph, whatever the number of turns, and the number of turns is an input.

For a linear model, the best weights can also be computed at once (`np.linalg.lstsq`). Training gets there.
"""

import time
from collections import Counter

import gradir as gr
import numpy as np
from sklearn.datasets import load_diabetes

RATE = 0.1


def forward(w, x):
    return x @ w


def loss(w, x, y):
    return np.mean((forward(w, x) - y) ** 2)


@gr.jit
def train(w, x, y, turns):
    value = 0.0
    for _ in range(turns):
        value, gradient = gr.value_and_grad(loss)(w, x, y)
        w = w - RATE * gradient
    return w, value


def load() -> tuple[np.ndarray, np.ndarray]:
    """Return measurements and targets, with mean 0 and variance 1."""
    x, y = load_diabetes(return_X_y=True)
    return x * np.sqrt(len(x)), (y - y.mean()) / y.std()


def steps_of(graph: gr.Graph) -> dict[str, int]:
    """Return how many nodes of the loop's body belong to each step, by their function and origin."""
    (loop,) = (node for node in graph.block.nodes if node.op.name == "for")
    names = {"forward": "forward", "loss": "loss", "train": "update"}
    counts = Counter("backward" if n.origin.value else names[n.loc.function] for n in loop.regions[0].nodes)
    return {step: counts[step] for step in ("forward", "loss", "backward", "update")}


def main() -> None:
    x, y = load()
    start = np.zeros(x.shape[1])
    graph = train.inspect(start, x, y, 100).primal
    print(graph)
    print("nodes in the loop:", ", ".join(f"{step} {n}" for step, n in steps_of(graph).items()))
    print("\nturns    loss        distance to the best weights   time")
    best = np.linalg.lstsq(x, y)[0]
    for turns in (10, 100, 1_000, 10_000, 50_000):
        begin = time.perf_counter()
        w, value = train(start, x, y, turns)
        ms = (time.perf_counter() - begin) * 1e3
        print(f"{turns:6,}   {value:.8f}  {np.abs(w - best).max():.1e}                        {ms:.1f} ms")
    print(f"best     {loss(best, x, y):.8f}")
    print(f"compiled {train.cache_info().misses} time")


if __name__ == "__main__":
    main()
