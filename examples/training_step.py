"""One training step of a small network: two inputs, two hidden units, one output.

    hidden     = relu(x @ W1 + b1)         relu(u) = max(u, 0)
    prediction = hidden @ w2 + b2
    loss       = (prediction - y)^2

The gradient says for each parameter how the loss changes with it. A step of gradient descent moves every
parameter a little against its gradient: parameter - rate * gradient. Each parameter has its own derivative,
but they are all found in one go back through the network.

How far to go is the learning rate. Too small a step gains little, too large a one jumps over the minimum
and ends up on its other side: the gradient is the slope here, and says nothing about how the slope changes.

Rows of W1 belong to inputs, columns to hidden units.
"""

import gradir as gr
import numpy as np

PARAMS = {
    "W1": np.array([[0.5, 0.3], [0.4, 0.2]]),
    "b1": np.zeros(2),
    "w2": np.array([1.0, -0.5]),
    "b2": 0.1,
}
X = np.array([1.0, 2.0])
Y = 1.0


def forward(params, x):
    hidden = np.maximum(x @ params["W1"] + params["b1"], 0)
    return hidden, hidden @ params["w2"] + params["b2"]


def loss(params, x, y):
    _, prediction = forward(params, x)
    return (prediction - y) ** 2


value_and_gradient = gr.value_and_grad(loss)  # by the first argument: all parameters at once


def descend(params, gradient, rate):
    """Return the parameters after one step of gradient descent."""
    return {name: params[name] - rate * gradient[name] for name in params}


def main() -> None:
    hidden, prediction = forward(PARAMS, X)
    value, gradient = value_and_gradient(PARAMS, X, Y)
    print(f"hidden      {hidden}")
    print(f"prediction  {prediction:.4f}, wanted {Y}")
    print(f"loss        {value:.4f}\n")

    # The gradient comes in the containers and shapes of the parameters.
    rate = 0.1
    after = descend(PARAMS, gradient, rate)
    for name in PARAMS:
        print(f"{name}: {np.round(PARAMS[name], 4).tolist()}")
        print(f"  gradient      {np.round(gradient[name], 4).tolist()}")
        print(f"  after a step  {np.round(after[name], 4).tolist()}")
    print("\nrate    prediction   loss after the step")
    for rate in (0.01, 0.03, 0.05, 0.1):
        after = descend(PARAMS, gradient, rate)
        _, prediction = forward(after, X)
        print(f"{rate:<7} {prediction:<12.4f} {loss(after, X, Y):.6f}")


if __name__ == "__main__":
    main()
