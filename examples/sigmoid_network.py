"""A network with a sigmoid at its end, and the derivatives of what lies between.

    z1 = W1 @ x + b1       h = relu(z1)
    z2 = W2 @ h + b2       out = sigmoid(z2)
    loss = (out - target)^2 / 2

Here rows of W1 and W2 belong to units. By hand, the way back is a chain of factors:

    dL/dz2 = (out - target) * out * (1 - out)     the error, times the slope of the sigmoid
    dW2    = dL/dz2 * h          db2 = dL/dz2
    dh     = dL/dz2 * W2                          what comes back to the hidden units
    dL/dz1 = dh where z1 > 0, else 0              the slope of relu
    dW1    = outer(dL/dz1, x)    db1 = dL/dz1

To see the derivative by a value in the middle, make it an argument: `from_hidden` begins at h, and its
gradient by its first argument is dh.
"""

import gradir as gr
import numpy as np
from scipy.special import expit  # the sigmoid, 1 / (1 + exp(-x))

PARAMS = {
    "W1": np.array([[0.4, 0.3], [-0.2, 0.5]]),
    "b1": np.array([0.1, -0.1]),
    "W2": np.array([[0.6, -0.4]]),
    "b2": np.array([0.2]),
}
X = np.array([0.5, 0.8])
TARGET = 1.0


def from_hidden(h, params, target):
    out = expit(params["W2"] @ h + params["b2"])
    return 0.5 * np.sum((out - target) ** 2)


def loss(params, x, target):
    h = np.maximum(params["W1"] @ x + params["b1"], 0)
    return from_hidden(h, params, target)


gradient = gr.value_and_grad(loss)
hidden_gradient = gr.grad(from_hidden)


def by_hand(params, x, target):
    """Return the loss, the gradient and what was met on the way, in plain NumPy."""
    z1 = params["W1"] @ x + params["b1"]
    h = np.maximum(z1, 0)
    z2 = params["W2"] @ h + params["b2"]
    out = expit(z2)
    dz2 = (out - target) * out * (1 - out)
    dh = params["W2"].T @ dz2
    dz1 = np.where(z1 > 0, dh, 0)
    grads = {"W1": np.outer(dz1, x), "b1": dz1, "W2": np.outer(dz2, h), "b2": dz2}
    return 0.5 * np.sum((out - target) ** 2), grads, {"z1": z1, "h": h, "z2": z2, "out": out, "dh": dh}


def main() -> None:
    value, grads, between = by_hand(PARAMS, X, TARGET)
    print("By hand:")
    for name, x in between.items():
        print(f"  {name:3} = {np.round(x, 4).tolist()}")
    print(f"  loss = {value:.4f}\n")

    value, derived = gradient(PARAMS, X, TARGET)
    print(f"By gradir: loss = {value:.4f}")
    for name in PARAMS:
        print(f"  d{name} = {np.round(derived[name], 4).tolist()}")
        assert np.allclose(derived[name], grads[name], rtol=1e-13)
    dh = hidden_gradient(between["h"], PARAMS, TARGET)
    print(f"  dh  = {np.round(dh, 4).tolist()}")


if __name__ == "__main__":
    main()
