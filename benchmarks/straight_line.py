"""Long scalar programs without loops: how the time to the first gradient grows with their length."""

from __future__ import annotations

import contextlib
import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .agreement import check_agreement
from .measure import timed
from .results import GRADIR, Outcome
from .suite import Effort

POINT = (0.3, 0.7)
SHORT, LONG = 3_000, 30_000
_ROUNDS = 3
_PATIENCE = 20.0  # seconds for one


def source(operations: int, module: str) -> str:
    """Return a function `f(x, y)` of so many operations, one a line, on NumPy or a module like it.

    Every fifth line is a sine and two of them take an argument, so neither values nor slopes vanish or grow.
    """
    lines = [f"import {module} as np", "", "", "def f(x, y):", "    v0 = x * y", "    v1 = x + y"]
    for k in range(2, operations):
        a, b = f"v{k - 1}", f"v{k - 2}"
        right = (f"np.sin({a})", f"{a} * x", f"{a} + y", f"{a} * {b}", f"{a} - {b}")[k % 5]
        lines.append(f"    v{k} = {right}")
    return "\n".join([*lines, f"    return v{operations - 1}", ""])


@contextlib.contextmanager
def written(operations: int, module: str) -> Iterator[Callable[..., Any]]:
    """Give the function, in a file for as long as it is needed: a user's function has a source."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "straight_line.py"
        path.write_text(source(operations, module), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("straight_line", path)
        assert spec is not None
        assert spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        yield loaded.f


def by_gradir(operations: int) -> tuple[float, Any]:
    """Return the seconds of the first gradient, and what it is."""
    import gradir as gr

    with written(operations, "numpy") as function:
        step = gr.value_and_grad(function, argnums=(0, 1), cache=False)
        return timed(lambda: step(*POINT))


def by_jax(operations: int) -> tuple[float, Any]:
    """Return the same for JAX; float64 must have been enabled."""
    import jax

    with written(operations, "jax.numpy") as function:
        step = jax.jit(jax.value_and_grad(function, argnums=(0, 1)))
        return timed(lambda: jax.block_until_ready(step(*map(jax.numpy.asarray, POINT))))


def measure(effort: Effort, jax_too: bool) -> tuple[Outcome, ...]:
    """Measure both lengths in turns, the short one by JAX, too, once: it takes so long.

    The long one is left to full runs, and left out where even the short one takes too long.
    """
    by_gradir(50)
    first: dict[int, dict[str, list[float]]] = {SHORT: {GRADIR: []}, LONG: {}}
    result: Any = None
    for _ in range(min(_ROUNDS, effort.first_calls)):
        seconds, result = by_gradir(SHORT)
        first[SHORT][GRADIR].append(seconds)
        if effort.quick or first[SHORT][GRADIR][0] > _PATIENCE:
            break
        seconds, _ = by_gradir(LONG)
        first[LONG].setdefault(GRADIR, []).append(seconds)
        if first[LONG][GRADIR][0] > _PATIENCE:
            break
    if jax_too and not effort.quick:
        seconds, found = by_jax(SHORT)
        first[SHORT]["JAX"] = [seconds]
        check_agreement(title_of(SHORT), found, result)
    return tuple(Outcome(name_of(n), title_of(n), n, {}, samples) for n, samples in first.items())


def name_of(operations: int) -> str:
    """Return the name under which targets know a length."""
    return f"straight-line-{operations}"


def title_of(operations: int) -> str:
    return f"{operations:,} operations in a straight line, first gradient"
