"""Train on handwritten digits with whole epochs in one call: `value_and_grad` inside a loop inside `jit`.

In digits.py each batch is a call of the compiled gradient, and the optimiser runs in NumPy. Here the loop
over the batches is compiled too: forward, backward and update of all 42 batches are one piece of machine
code. The optimisers are the same few lines of plain NumPy, SGD and Adam, written as one would anyway.

`epoch` is an ordinary function. Called as it is, Python runs its loop; `gr.jit(epoch)` compiles the loop.
Both are run here, with the same batches: the losses agree, the times do not.

Run it: `python examples/digits_epochs.py`. The data come with scikit-learn.
"""

import time
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

EPOCHS = 40
BATCH = 32


def logits(params, x):
    hidden = np.maximum(x @ params["W1"] + params["b1"], 0)
    return hidden @ params["W2"] + params["b2"]


def loss(params, x, target):
    """Mean cross-entropy; `target` has a row for each image, with a 1 at its digit."""
    z = logits(params, x)
    z = z - z.max(axis=1, keepdims=True)  # so that exp does not overflow
    return -np.mean(np.sum(target * (z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))), axis=1))


value_and_gradient = gr.value_and_grad(loss)


def sgd(params, grads, state):
    return {name: params[name] - 0.1 * g for name, g in grads.items()}, state


def adam(params, grads, state):
    """Return the parameters after a step, and the state: a counter and two running means of the gradient."""
    t, mean, square = state
    t = t + 1
    mean = {name: 0.9 * mean[name] + 0.1 * g for name, g in grads.items()}
    square = {name: 0.999 * square[name] + 0.001 * g * g for name, g in grads.items()}
    rate = 2e-3 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return {k: p - rate * mean[k] / (np.sqrt(square[k]) + 1e-8) for k, p in params.items()}, (t, mean, square)


def epoch(update, params, state, x, target, batches):
    """Go once through the data; `batches` has the row numbers of a batch in each row."""
    total = 0.0
    for rows in batches:
        value, grads = value_and_gradient(params, x[rows], target[rows])
        params, state = update(params, grads, state)
        total += value
    return params, state, total / len(batches)


def initial(rng: np.random.Generator) -> tuple[Any, Any]:
    """Return random weights, and the state of an optimiser that has not seen a gradient."""
    W1, W2 = (rng.normal(scale=np.sqrt(2 / 64), size=(64, n)) for n in (64, 10))
    params = {"W1": W1, "b1": np.zeros(64), "W2": W2, "b2": np.zeros(10)}
    zeros = {name: np.zeros_like(p) for name, p in params.items()}
    return params, (0, zeros, zeros)


def train(run_epoch: Callable[..., Any], update: Any, x: np.ndarray, y: np.ndarray, title: str) -> Any:
    """Train from a fixed seed; return the parameters, the losses and the seconds without the first epoch."""
    rng = np.random.default_rng(0)
    params, state = initial(rng)
    target, losses, start = np.eye(10)[y], [], 0.0
    for _ in tqdm(range(EPOCHS), title, leave=False):
        batches = rng.permutation(len(x))[: len(x) // BATCH * BATCH].reshape(-1, BATCH)
        params, state, value = run_epoch(update, params, state, x, target, batches)
        losses.append(value)
        start = start or time.perf_counter()  # the first epoch compiles
    return params, losses, time.perf_counter() - start


def main() -> None:
    images, labels = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(images / 16, labels, random_state=0, stratify=labels)
    print("optimiser   loop in   loss after 1, 10, 40 epochs      test accuracy   ms an epoch")
    for update in (sgd, adam):
        for place, run_epoch in (("Python", epoch), ("gr.jit", gr.jit(epoch))):
            params, losses, seconds = train(run_epoch, update, x, y, f"{update.__name__}, {place}")
            accuracy = np.mean(logits(params, x_test).argmax(axis=1) == y_test)
            shown = "   ".join(f"{losses[k - 1]:.6f}" for k in (1, 10, EPOCHS)) + f"   {accuracy:13.2%}"
            print(f"{update.__name__:9}   {place}    {shown}   {seconds / (EPOCHS - 1) * 1e3:11.2f}")


if __name__ == "__main__":
    main()
