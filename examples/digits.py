"""Train a two-layer network on handwritten digits, and compare it with scikit-learn's.

The data are the 1,797 images of 8 x 8 pixels that come with scikit-learn: three quarters to train on, the
rest to test. The loss is plain NumPy. gradir compiles it, with its gradient, at the first step; the
optimiser (Adam) is the few lines of `adam_step`. scikit-learn's MLPClassifier trains a network of the same
size on the same split, for comparison, and both run with five seeds.

Run it: `python examples/digits.py`. The learning curve is drawn to digits.png if matplotlib is installed.
"""

import time
import warnings
from statistics import median
from typing import Any, NamedTuple

import gradir as gr
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

HIDDEN = 64
EPOCHS = 40
BATCH = 32
RATE = 2e-3
SEEDS = range(5)
PICTURE = "digits.png"

Params = dict[str, np.ndarray]


class Data(NamedTuple):
    """Images as rows of 64 numbers from 0 to 1, and their labels."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load() -> Data:
    images, labels = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(
        images / 16.0, labels, test_size=0.25, random_state=0, stratify=labels
    )
    return Data(x, y, x_test, y_test)


def logits(params, x):
    hidden = np.maximum(x @ params["W1"] + params["b1"], 0)
    return hidden @ params["W2"] + params["b2"]


def loss(params, x, target):
    """Mean cross-entropy; `target` has a row for each image, with a 1 at its digit."""
    z = logits(params, x)
    z = z - z.max(axis=1, keepdims=True)  # so that exp does not overflow
    log_probability = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -(target * log_probability).sum(axis=1).mean()


value_and_gradient = gr.value_and_grad(loss)


def accuracy(params: Params, x: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean(logits(params, x).argmax(axis=1) == y))


def initial(rng: np.random.Generator) -> Params:
    """Return random weights, scaled so that each layer keeps the size of what it gets (He et al., 2015)."""
    return {
        "W1": rng.normal(scale=np.sqrt(2 / 64), size=(64, HIDDEN)),
        "b1": np.zeros(HIDDEN),
        "W2": rng.normal(scale=np.sqrt(2 / HIDDEN), size=(HIDDEN, 10)),
        "b2": np.zeros(10),
    }


def adam_step(params: Params, grads: Params, state: tuple[Params, Params], t: int) -> None:
    """Update the parameters and Adam's two running means, in place (Kingma and Ba, 2015); t counts from 1."""
    mean, square = state
    for name, g in grads.items():
        mean[name] += 0.1 * (g - mean[name])
        square[name] += 0.001 * (g * g - square[name])
        scale = np.sqrt(square[name] / (1 - 0.999**t)) + 1e-8
        params[name] -= RATE / (1 - 0.9**t) * mean[name] / scale


class Run(NamedTuple):
    """What training gave: the test accuracy, and loss and test accuracy after each epoch."""

    accuracy: float
    losses: list[float]
    accuracies: list[float]


def train(data: Data, seed: int, epochs: int, progress: Any) -> Run:
    """Train a network from one seed; `progress` is a tqdm bar, which moves once an epoch."""
    rng = np.random.default_rng(seed)
    params = initial(rng)
    state = tuple({name: np.zeros_like(p) for name, p in params.items()} for _ in range(2))
    targets = np.eye(10)[data.y]
    losses, accuracies, t = [], [], 0
    for _ in range(epochs):
        total = 0.0
        order = rng.permutation(len(data.x))
        batches = len(order) // BATCH  # what is left over waits for another epoch: all batches have one shape
        for rows in order[: batches * BATCH].reshape(batches, BATCH):
            t += 1
            value, grads = value_and_gradient(params, data.x[rows], targets[rows])
            adam_step(params, grads, state, t)
            total += value
        losses.append(total / batches)
        accuracies.append(accuracy(params, data.x_test, data.y_test))
        shown = {"seed": seed, "loss": f"{losses[-1]:.4f}", "accuracy": f"{accuracies[-1]:.1%}"}
        progress.set_postfix(shown, refresh=False)
        progress.update()
    return Run(accuracies[-1], losses, accuracies)


def reference_accuracy(data: Data, seed: int) -> float:
    """Return the test accuracy of scikit-learn's network of the same size."""
    model = MLPClassifier(hidden_layer_sizes=(HIDDEN,), random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it stops after 200 epochs, which do
        model.fit(data.x, data.y)
    return float(model.score(data.x_test, data.y_test))


def draw(runs: list[Run], path: str) -> bool:
    """Draw the learning curves to a file; return False where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for run in runs:
        left.semilogy(run.losses, alpha=0.7)
        right.plot(run.accuracies, alpha=0.7)
    left.set(title="training loss", xlabel="epoch")
    right.set(title="test accuracy", xlabel="epoch", ylim=(0.9, 1))
    figure.savefig(path)
    return True


def main() -> None:
    start = time.perf_counter()
    data = load()
    print(f"{len(data.x)} images to train on, {len(data.x_test)} to test; 64 -> {HIDDEN} -> 10")
    with tqdm(total=len(SEEDS) * EPOCHS, unit="epoch", mininterval=0.2) as progress:
        runs = [train(data, seed, EPOCHS, progress) for seed in SEEDS]
    trained = time.perf_counter()
    references = [reference_accuracy(data, seed) for seed in SEEDS]
    end = time.perf_counter()

    ours = [run.accuracy for run in runs]
    for name, found, seconds in (
        ("gradir", ours, trained - start),
        ("scikit-learn", references, end - trained),
    ):
        each = " ".join(f"{a:.1%}" for a in found)
        print(f"{name:13} median test accuracy {median(found):.2%}   ({each}), {seconds:.1f} s")
    print(f"compiled {value_and_gradient.cache_info().misses} time")
    if draw(runs, PICTURE):
        print(f"learning curves: {PICTURE}")


if __name__ == "__main__":
    main()
