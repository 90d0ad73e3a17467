"""`x[mask]` with masks that only the run knows: held to NumPy, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import agrees

X = np.array([1.0, 2.5, -3.0, 4.0])


def scaled_in_place(x):
    y = x.copy()
    y[y > 2] *= 3
    return np.sum(y * y)


def stored_by_a_named_mask(x):
    m = x > 0
    y = x * 2
    y[m] = y[m] ** 2 + 1
    return np.sum(y)


def undefined_elsewhere(x):
    return np.sum(np.log(x[x > 0]))


def mean_and_sum(x):
    return x[x > 0].mean() * x[x < 2].sum() + np.mean(x[x > 1.5])


def range_of(x):
    return x[x > 0].max() - np.min(x[x > 0])


def negated(x):
    y = x.copy()
    y[y < 0] = -y[y < 0]
    return np.sum(np.sqrt(y))


def centred(x):
    w = x[x > 0]
    w = w - w.mean()
    return np.sum(w**2) / w.size + w.std()


def in_a_loop(x):
    y = x.copy()
    for _ in range(3):
        y[y > 2.2] -= 0.4 * y[y > 2.2]
    return np.sum(y**2)


def of_another_array(x):
    y = x * 2.0
    m = y > 2.5
    y[m] = 3 * x[m] * np.exp(x[m])
    return np.sum(y * y)


def beside_scalars(x):
    return np.sum(2.0 * x[x > 0]) + np.sum(x[0] * x[x > 0]) + np.prod(x[x > 0])


@pytest.mark.parametrize(
    "function",
    [
        scaled_in_place,
        stored_by_a_named_mask,
        undefined_elsewhere,
        mean_and_sum,
        range_of,
        negated,
        centred,
        in_a_loop,
        of_another_array,
        beside_scalars,
    ],
)
def test_agrees_with_numpy(function: Callable[[Any], Any]) -> None:
    agrees(function, X)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.sort(x[x > 0])[0],
        lambda x: np.sum(x[x > 0] * x[x < 3]),
        lambda x: np.sum(x[x > 0] * x),
        lambda x: x[x > 0][0],
    ],
)
def test_what_needs_the_number_of_elements_is_refused(function: Callable[[Any], Any]) -> None:
    with pytest.raises(gr.UnsupportedError, match="selects a number of elements that is only known at run"):
        gr.grad(function)(X)


def test_the_largest_of_none_is_an_error_as_in_numpy() -> None:
    with pytest.raises(ValueError, match="zero-size array to reduction operation maximum"):
        gr.grad(lambda x: np.max(x[x > 10]))(X)


def mask_written_later(x):
    m = x > 0
    picked = x[m]
    m[0] = False
    return picked.sum()


def changed_by_another_name(x):
    picked = x[x > 0]
    same = picked
    same *= 3
    return picked.sum()


def changed_in_a_loop(x):
    picked = x[x > 0]
    for i in range(3):
        picked += i * picked
    return picked.sum()


@pytest.mark.parametrize("function", [mask_written_later, changed_by_another_name, changed_in_a_loop])
def test_what_is_picked_is_an_array_of_its_own(function: Callable[[Any], Any]) -> None:
    agrees(function, X)
