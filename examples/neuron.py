"""A single neuron: a derivative that is computed once and used twice.

    u = w * x + b        h = sigmoid(u)        L = (h - y)^2 / 2

Both parameters act on the loss through u alone. So both derivatives share the factor dL/du:

    dL/du = (h - y) * h * (1 - h)
    dL/dw = dL/du * x
    dL/db = dL/du

That is why going backward is cheap: what paths have in common is computed once. In the graph it is one
value: the result `d b` is dL/du itself, and the node of `d w` multiplies that same value by x.
"""

import gradir as gr
from scipy.special import expit


def loss(w, b, x, y):
    u = w * x + b
    h = expit(u)
    return (h - y) ** 2 / 2


gradient = gr.grad(loss, argnums=(0, 1))


def by_hand(w: float, b: float, x: float, y: float) -> tuple[float, float]:
    h = float(expit(w * x + b))
    du = (h - y) * h * (1 - h)
    return du * x, du


def shares_the_factor(graph: gr.Graph) -> bool:
    """Tell whether the node that computes `d w` reads the very value that is `d b`."""
    _, dw, db = graph.block.results
    (node,) = [n for n in graph.block.nodes if dw in n.results]
    return db in node.operands


def main() -> None:
    w, b, x, y = 0.7, -0.2, 1.5, 1.0
    program = gradient.inspect(w, b, x, y)
    print(program.adjoint)
    print("dL/dw and dL/db by gradir:", gradient(w, b, x, y))
    print("by hand:                  ", by_hand(w, b, x, y))
    print("`d w` is computed from the value `d b`:", shares_the_factor(program.adjoint))


if __name__ == "__main__":
    main()
