"""Logistic regression, trained in one compiled loop.

Is a tumour benign? 569 of them have been measured, 30 numbers each, and examined. The model's probability is
sigmoid(x @ w + b). Its loss is the mean cross-entropy, and a price on large weights.

`train` is plain gradient descent, which stops by itself: a `while` loop, until no component of the gradient
is above the tolerance. It is one compiled function. The loss is convex, so there is one best solution, and
scikit-learn's LogisticRegression minimises the same: the weights can be compared, not only the accuracies.
"""

import time

import gradir as gr
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

PRICE = 0.01
RATE = 0.5


def loss(params, x, y):
    z = x @ params["w"] + params["b"]
    cross_entropy = np.logaddexp(0, z) - y * z  # -log of the probability of the label
    return np.mean(cross_entropy) + PRICE / 2 * np.sum(params["w"] ** 2)


value_and_gradient = gr.value_and_grad(loss)


@gr.jit
def train(params, x, y, tolerance):
    value, g = value_and_gradient(params, x, y)
    turns = 0
    while max(np.max(np.abs(g["w"])), abs(g["b"])) > tolerance:
        params = {name: params[name] - RATE * g[name] for name in params}
        value, g = value_and_gradient(params, x, y)
        turns += 1
    return params, value, turns


def load() -> list[np.ndarray]:
    """Return standardised rows and labels: to train with, and to test."""
    x, y = load_breast_cancer(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x, y.astype(float), random_state=0, stratify=y)
    scaler = StandardScaler().fit(x)
    return [scaler.transform(x), scaler.transform(x_test), y, y_test]


def accuracy(params, x: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean((x @ params["w"] + params["b"] > 0) == y))


def main() -> None:
    x, x_test, y, y_test = load()
    start = {"w": np.zeros(x.shape[1]), "b": 0.0}
    train(start, x, y, 1.0)  # the first call compiles
    model = LogisticRegression(C=1 / (PRICE * len(x)), tol=1e-10, max_iter=10_000).fit(x, y)
    best = {"w": model.coef_[0], "b": float(model.intercept_[0])}

    print("tolerance   turns   loss         test accuracy   weights off by   time")
    for tolerance in (1e-2, 1e-4, 1e-6, 1e-8):
        begin = time.perf_counter()
        params, value, turns = train(start, x, y, tolerance)
        ms = (time.perf_counter() - begin) * 1e3
        off = np.abs(params["w"] - best["w"]).max()
        score = accuracy(params, x_test, y_test)
        print(f"{tolerance:.0e}     {turns:6,}   {value:.8f}   {score:13.2%}   {off:14.1e}   {ms:.1f} ms")
    score = accuracy(best, x_test, y_test)
    print(f"scikit-learn         {loss(best, x, y):.8f}   {score:13.2%}")


if __name__ == "__main__":
    main()
