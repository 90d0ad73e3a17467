"""Is the gradient right? A network with one sigmoid hidden unit, checked three ways.

    z = w1 * x1 + w2 * x2 + b1      h = sigmoid(z)      out = w3 * h + b2      loss = (out - y)^2

1. By hand, with the chain rule.
2. By finite differences: move one parameter by a small step both ways and see how the loss changes. That
   needs two runs of the function a parameter, and is good to about 10 digits at best: the smaller the step,
   the more of the difference is rounding.
3. By `gr.check_grads`, which compares along random directions, second derivatives too. Use it on your own
   functions; it raises `gr.CheckError` where the two disagree.
"""

import gradir as gr
import numpy as np
from scipy.special import expit

PARAMS = {"w1": 0.5, "w2": -0.3, "b1": 0.1, "w3": 0.8, "b2": 0.0}
X = np.array([1.0, 1.0])
Y = 0.0


def loss(params, x, y):
    h = expit(params["w1"] * x[0] + params["w2"] * x[1] + params["b1"])
    out = params["w3"] * h + params["b2"]
    return (out - y) ** 2


value_and_gradient = gr.value_and_grad(loss)


def by_hand(params, x, y):
    h = expit(params["w1"] * x[0] + params["w2"] * x[1] + params["b1"])
    out = params["w3"] * h + params["b2"]
    dout = 2 * (out - y)
    dz = dout * params["w3"] * h * (1 - h)
    return {"w1": dz * x[0], "w2": dz * x[1], "b1": dz, "w3": dout * h, "b2": dout}


def by_differences(params, x, y, step=1e-5):
    """Return central differences, (f(p + step) - f(p - step)) / (2 * step), for each parameter."""

    def moved(name, by):
        return loss({**params, name: params[name] + by}, x, y)

    return {name: (moved(name, step) - moved(name, -step)) / (2 * step) for name in params}


def main() -> None:
    value, gradient = value_and_gradient(PARAMS, X, Y)
    print(f"loss {value:.5f}\n")
    hand, differences = by_hand(PARAMS, X, Y), by_differences(PARAMS, X, Y)
    print("     gradir               by hand              differences")
    for name in PARAMS:
        print(f"{name}   {gradient[name]:<20.15f} {hand[name]:<20.15f} {differences[name]:<20.15f}")

    gr.check_grads(lambda params: loss(params, X, Y), (PARAMS,))
    print("\ngr.check_grads agrees, to second order.")


if __name__ == "__main__":
    main()
