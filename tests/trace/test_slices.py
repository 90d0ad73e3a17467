"""Slices with bounds that only the run knows, for all of Python's ways to write them, held to NumPy."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest

X = np.random.default_rng(0).normal(size=6)
ENDS = "", "k", "m", "k + 1", "m - 2", "-k", "2", "-1", "k + m", "n - k", "0", "-3", "max(k, 0)", "min(m, n)"
PLACES = ("", "", "", ":-1", ":2", ":-2", ":3")
USES = (
    "s += np.sum(v * np.arange(len(v))) + v.size",
    "v *= 0.5; v += v[::-1]; s += np.sum(y * y)",
    "s += np.sum(np.cumsum(v) ** 2) + v @ v[::-1]",
    "w = v.copy(); w[1:] -= w[:-1] * 0.5; s += np.sum(np.sin(w) * w)",
    "s += np.sum(np.outer(v, v) @ v) + np.prod(v)",
    "c = np.concatenate([v, v * 2.0]); s += np.sum(c * c[::-1])",
)
RANGES = "", "", "n", "1, n", "n - 1, -1, -1", "m, n"


def program(seed: int, folder: Any) -> Callable[..., Any]:
    """A function of (x, k, m) that slices x, and slices of it, and uses what is left."""
    rng = random.Random(seed)

    def part() -> str:
        return f"{rng.choice(ENDS)}:{rng.choice(ENDS)}{rng.choice(PLACES)}"

    bounds = rng.choice(RANGES)
    loop = f"for k in range({bounds}):" if bounds else ""
    body = [f"v = y[{part()}]", *(f"v = v[{part()}]" for _ in range(rng.randint(0, 2)))]
    body += rng.choice(USES).split("; ")
    lines = ["def fun(x, k, m):", "    n = x.shape[0]", "    y = x * 1.0", "    s = 0.0"]
    lines += [f"    {loop}"] * bool(loop) + [("        " if loop else "    ") + line for line in body]
    path = folder / f"program{seed}.py"
    path.write_text("import numpy as np\n\n\n" + "\n".join([*lines, "    return s", ""]))
    names: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    return names["fun"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("seed", range(40))
def test_any_slice(seed: int, tmp_path: Any) -> None:
    fun = program(seed, tmp_path)
    compiled = gr.value_and_grad(fun)
    rng = np.random.default_rng(seed)
    for k, m in [(2, 3), *rng.integers(-8, 9, (4, 2)).tolist()]:
        value, gradient = compiled(X, k, m)
        np.testing.assert_allclose(value, fun(X, k, m), rtol=1e-9, atol=1e-10)
        slope = [(fun(X + 1e-6 * e, k, m) - fun(X - 1e-6 * e, k, m)) / 2e-6 for e in np.eye(6)]
        np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-4)


def test_every_pair_of_bounds() -> None:
    steps = (1, -1, 2, -2, 3)
    compiled = [gr.jit(_sliced(step)) for step in steps]
    values = (-9, -6, -5, -1, 0, 1, 4, 5, 6, 9)
    for (run, step), start, stop in itertools.product(zip(compiled, steps, strict=True), values, values):
        part = X[start:stop:step]
        assert run(X, start, stop) == pytest.approx((np.sum(part * np.arange(len(part))), len(part)))


def _sliced(step: int) -> Callable[..., Any]:
    def fun(x, start, stop):
        part = x[start:stop:step]
        return np.sum(part * np.arange(len(part))), len(part)

    return fun


def test_bounds_far_out() -> None:
    run = gr.jit(lambda x, k: np.sum(x[k:]) + np.sum(x[: k + 1]))
    for k in (2**62, -(2**62)):
        assert run(X, k) == pytest.approx(np.sum(X[k:]) + np.sum(X[: k + 1]))
