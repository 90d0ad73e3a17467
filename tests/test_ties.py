"""Numbers that are alike to the last bit: turns and regions that run again decide as they did.

The exponential of one number and that of the same number in an array may differ in the last bit, so what is
computed again among other operations comes out other. All values are of degree 1 in x: where the gradient is
that of the path that the value took, `x @ gradient` is the value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest

from tests.checkpointed_programs import unmarked

Decision = Callable[[Any], Any]
SIZE = 9


def chosen(x: Any) -> Any:
    return np.sum(np.where(np.exp(x * 2) >= np.exp(2 * x[0]), x, -x))


def counted(x: Any) -> Any:
    return x[0] * np.sum(np.exp(x * 2) >= np.exp(2 * x[0]))


def branch_at_an_index(x: Any) -> Any:
    e = np.exp(x * 2)
    return x[1] if e[0] >= np.exp(x * 2)[np.argmin(x)] else -x[0]


def element_of_a_mask(x: Any) -> Any:
    mask = np.exp(x * 2) >= np.exp(2 * x[0])
    return np.sum(np.where(mask, x, -x)) + x[1] * mask[np.argmin(x)]


def turns(x: Any) -> Any:
    total = 0.0
    for j in range(np.sum(np.exp(x * 2) >= np.exp(2 * x[0]))):
        total = total + x[j]
    return total


def search(x: Any) -> Any:
    e, k, total = np.exp(x * 2), 0, 0.0
    while k < SIZE and e[k] <= np.exp(2 * x[0]):
        total = total + np.sum(np.where(e >= np.exp(2 * x[k]), x, -x))
        k = k + 1
    return total + x[0]


def as_numbers(x: Any) -> Any:
    mask = (np.exp(x * 2) >= np.exp(2 * x[0])) * 1.0
    return np.sum(x * mask) + np.sum(mask) * x[1]


def as_integers(x: Any) -> Any:
    return np.sum(x * np.where(np.exp(x * 2) >= np.exp(2 * x[0]), 1, 2))


def any_of_all(x: Any) -> Any:
    e = np.exp(x * 2)
    return x[1] if np.any(e < np.exp(2 * x[0])) else np.sum(x) * 0.1


def of_a_part(x: Any) -> Any:
    size = np.argmax(x) + 1
    return np.sum(np.where(np.exp(2 * x[:size]) >= np.exp(2 * x[0]), x[:size], 0.0))


KINDS = [
    *(chosen, counted, branch_at_an_index, element_of_a_mask, turns, search, as_numbers, as_integers),
    *(any_of_all, of_a_part),
]


def in_turns(kind: Decision, mark: Any) -> Any:
    def run(x: Any) -> Any:
        total, y = 0.0, x
        for k in mark(range(5), 2):
            total = total * 0.5 + kind(y) * (k + 1)
            y = np.sqrt(y * y * 0.7 + x * x * 0.1 * (k + 1))
        return total

    return run


def in_whiles_of_turns(kind: Decision, mark: Any) -> Any:
    def run(x: Any) -> Any:
        total, y = 0.0, x
        for _ in range(2):
            k = 0
            while mark(k < 4, 2):
                total = total * 0.5 + kind(y) * (k + 1)
                y = np.sqrt(y * y * 0.7 + x * x * 0.1 * (k + 1))
                k = k + 1
        return total

    return run


def in_regions(kind: Decision, mark: Any) -> Any:
    def run(x: Any) -> Any:
        total = 0.0
        for k in range(3):
            total = total + gr.checkpoint(kind)(x * (0.5 + k))
        return total

    return run


def in_turns_of_a_region(kind: Decision, mark: Any) -> Any:
    return lambda x: gr.checkpoint(in_whiles_of_turns(kind, mark))(x)


WAYS = [
    (in_turns, gr.checkpointed, {}),
    (in_whiles_of_turns, gr.checkpointed, {}),
    (in_turns, unmarked, {"checkpoint": "sqrt"}),
    (in_regions, unmarked, {}),
    (in_turns_of_a_region, gr.checkpointed, {}),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way[0].__name__ + "".join(way[2].values()))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_gradient_is_that_of_the_path_that_the_value_took(kind: Decision, way: Any) -> None:
    build, mark, options = way
    g = gr.value_and_grad(build(kind, mark), **options)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.uniform(0.3, 1.6, size=SIZE)
        if seed % 2:
            x = np.where(rng.random(SIZE) < 0.6, x, x[0])
        value, gradient = g(x)
        np.testing.assert_allclose(x @ gradient, value, rtol=1e-9, atol=1e-12)
