"""Random loops over the elements of arrays, long enough for all that is done to loops and large arrays."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .large import small_as_large
from .program import load

N = 48
ARRAYS = ("a", "b", "c")


def source_of(seed: int) -> str:
    """A function of a number and an array that sweeps over three arrays, forwards, backwards and in steps."""
    r = random.Random(seed)
    lines = ["import numpy as np", "def f(k, x):", "    a, b, c = x.copy(), 0.5 * x, np.zeros_like(x)"]
    indent = "    "
    if r.random() < 0.8:
        lines.append(f"    for t in range({r.randint(0, 7)}):")
        indent = "        "
    for _ in range(r.randint(1, 3)):
        lines += [indent + line for line in (_sweep(r) if r.random() < 0.6 else _slices(r))]
    if r.random() < 0.5:
        names = r.sample(ARRAYS, r.randint(2, 3))
        lines.append(f"{indent}{', '.join(names)} = {', '.join(names[1:] + names[:1])}")
    if r.random() < 0.3:
        lines.append(f"{indent}if a[{r.randrange(N)}] > 0.3:")
        lines += [indent + "    " + line for line in _slices(r)]
    lines.append("    return np.sum(a * np.arange(1.0, 49.0)) + np.sum(b * b) - np.sum(c)")
    return "\n".join(lines)


def _sweep(r: random.Random) -> list[str]:
    speed, step = r.choice([(1, 1), (1, 1), (1, -1), (2, 1), (1, 2), (-1, 1), (2, -1), (1, -3)])
    shift = r.randint(0, 3) if speed > 0 else N - 1 - r.randint(0, 3)
    last = (N - 8) // abs(speed)
    bounds = (2, last, step) if step > 0 else (last - 1, 1, step)
    lines = [f"for i in range{bounds}:"]
    for target in r.sample(ARRAYS, r.randint(1, 2)):
        terms = [_element(r, speed) for _ in range(r.randint(1, 3))]
        place = f"{target}[{speed} * i + {shift}]"
        value = f"0.4 * {place} + 0.3 * " + r.choice([" * ", " + ", " - "]).join(terms)
        lines.append(f"    {place} = {value}")
    return lines


def _element(r: random.Random, speed: int) -> str:
    if r.random() < 0.15:
        return r.choice(["k", "i * 0.01", "np.sin(k)"])
    shift = r.randint(0, 4) if speed > 0 else N - 1 - r.randint(0, 4)
    place = f"{speed} * i + {shift}" if r.random() < 0.85 else str(r.randrange(N))
    return f"{r.choice([*ARRAYS, 'x'])}[{place}]"


def _slices(r: random.Random) -> list[str]:
    target, source = r.choice(ARRAYS), r.choice([*ARRAYS, "x"])
    first, last = r.randint(0, 3), r.randint(0, 3)
    other = r.randint(0, first + last)
    window, moved = f"[{first}:{N - last}]", f"[{other}:{N - last - first + other}]"
    return [
        r.choice(
            [
                f"{target}{window} = 0.5 * {source}{moved} + k * {target}{moved}",
                f"{target}{window} += 0.2 * {source}{moved} * {target}{window}",
                f"{target}{window} = {target}{moved} - 0.3 * {target}{window}",
                f"{target} = 0.7 * {target} + 0.2 * {source}",
            ]
        )
    ]


def check(f: Callable[..., Any], compiled: Callable[..., Any]) -> None:
    """Compare the value with Python's, and the derivative in a direction with a central difference."""
    k, x = 0.3, np.cos(np.arange(float(N)))
    along_k, along_x = 0.7, np.sin(3.0 * np.arange(float(N)))
    value, (by_k, by_x) = compiled(k, x)
    np.testing.assert_allclose(value, f(k, x), rtol=1e-11, atol=1e-12)
    h = 1e-6
    difference = (f(k + h * along_k, x + h * along_x) - f(k - h * along_k, x - h * along_x)) / (2 * h)
    scale = 1.0 + np.max(np.abs(by_x))
    np.testing.assert_allclose(by_k * along_k + by_x @ along_x, difference, rtol=1e-6, atol=1e-6 * scale)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_random_sweeps(seed: int, large: bool, tmp_path: Path) -> None:
    f = load(source_of(seed), tmp_path).f
    with small_as_large() if large else nullcontext():
        check(f, gr.value_and_grad(f, argnums=(0, 1)))
