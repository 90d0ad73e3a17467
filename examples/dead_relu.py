"""A dead ReLU: a unit that is never active gets no gradient, and so never comes back.

relu(z) = max(z, 0) has slope 1 where z > 0 and 0 where z < 0 (and, by convention, 0 at z = 0). If z is
negative for an input, then nothing behind the unit (its weights, its bias, the layers before it) has any
influence on the loss for that input: their derivatives are exactly 0, not just small. If that holds for all
of the data, gradient descent never moves those weights again.
"""

import gradir as gr
import numpy as np


def loss(params, x):
    """Two units, side by side. The second one's bias decides whether it is alive."""
    z = params["W"] @ x + params["b"]
    return np.sum(params["v"] * np.maximum(z, 0))


gradient = gr.grad(loss, argnums=(0, 1))

X = np.array([1.0, -2.0])


def params(bias: float) -> dict[str, np.ndarray]:
    return {
        "W": np.array([[0.5, -0.5], [0.3, 0.2]]),
        "b": np.array([0.0, bias]),
        "v": np.array([1.0, 2.0]),
    }


def main() -> None:
    for bias in (1.0, -1.0):
        p = params(bias)
        z = p["W"] @ X + p["b"]
        grads, _ = gradient(p, X)
        print(f"pre-activations {np.round(z, 3)}: the second unit is {'alive' if z[1] > 0 else 'dead'}")
        for name in p:
            print(f"  d{name} = {np.round(grads[name], 3).tolist()}")
    at_zero = gr.grad(lambda z: np.maximum(z, 0))(0.0)
    print(f"slope of relu at exactly 0: {at_zero}")


if __name__ == "__main__":
    main()
