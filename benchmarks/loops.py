"""What loops cost besides time: peak memory of a gradient, and time to compile, against the trip count.

Each measurement of memory has a process of its own: `python -m benchmarks.loops N STEPS` prints one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from .measure import seconds

_ROOT = Path(__file__).resolve().parents[1]
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
MEMORY = ((1_000_000, 1_000), (1_000_000, 100_000), (1_000, 1_000_000), (1_000_000, 1_000_000))
TRIPS = (10, 10_000_000)
UNROLLED = (5, 10, 20)
_REPEATS = 5


def overwritten(x: Any, steps: Any) -> Any:
    """Update an array element by element; each step's old value is needed for its derivative."""
    u, n = x.copy(), len(x)
    for t in range(steps):
        u[t % n] = np.sin(u[t % n])
    return np.sum(u)


@dataclass(frozen=True, slots=True)
class Memory:
    """The peak of one gradient of `overwritten`, in bytes beyond what the process held before."""

    n: int
    steps: int
    peak: int

    @property
    def per_number(self) -> float:
        """Bytes for each element and each step."""
        return self.peak / (self.n + self.steps)


def memory(n: int, steps: int) -> Memory:
    """Measure one gradient in a new process."""
    command = [sys.executable, "-m", "benchmarks.loops", str(n), str(steps)]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    return Memory(n, steps, int(run.stdout))


def peak_of(call: Callable[[], object]) -> int:
    """Return how many bytes of memory a call takes at its peak; Linux only."""
    _RESET.write_text("5")  # forget the peak so far
    before = _resident("VmRSS")
    call()
    return _resident("VmHWM") - before


def _resident(field: str) -> int:
    found = re.search(rf"{field}:\s+(\d+) kB", _STATUS.read_text())
    assert found is not None
    return int(found[1]) * 1024


def _measure_here(n: int, steps: int) -> int:
    import gradir as gr

    x, gradient = np.linspace(0.0, 1.0, n), gr.grad(overwritten)
    gradient.inspect(x, steps)  # compile
    return peak_of(lambda: gradient(x, steps))


def compilations(trips: Sequence[int] = TRIPS, repeats: int = _REPEATS) -> dict[int, float]:
    """Return the median seconds to trace, differentiate and compile a loop of so many trips."""
    taken: dict[int, list[float]] = {count: [] for count in trips}
    _compile(2)
    for _ in range(repeats):
        for count in trips:
            taken[count].append(seconds(lambda count=count: _compile(count)))  # type: ignore[misc]
    return {count: median(found) for count, found in taken.items()}


def _compile(trips: int) -> None:
    import gradir as gr

    def rotated(x: Any) -> Any:
        u = x
        for _ in range(trips):
            u = 0.5 * np.sin(u) + x
        return np.sum(u)

    gr.grad(rotated, cache=False).inspect(np.linspace(0.0, 1.0, 8))


def unrolled_compilations(steps: Sequence[int] = UNROLLED) -> dict[int, float]:
    """Return the seconds that JAX compiles the heat equation with so many steps in a Python loop."""
    import jax
    import jax.numpy as jnp

    def of(count: int) -> Callable[..., Any]:
        def function(rate: Any, start: Any) -> Any:
            u = start
            for _ in range(count):
                u = u.at[1:-1].set(u[1:-1] + rate * (u[2:] - 2.0 * u[1:-1] + u[:-2]))
            return jnp.sum(u**2)

        return function

    start = jnp.linspace(0.0, 1.0, 1000)
    steps_of = {count: jax.jit(jax.value_and_grad(of(count), argnums=(0, 1))) for count in steps}
    return {n: seconds(lambda f=f: jax.block_until_ready(f(0.2, start))) for n, f in steps_of.items()}  # type: ignore[misc]


def report(with_jax: bool) -> Iterator[str]:
    """Yield the lines of the section, as they are measured."""
    yield "## Loops\n"
    if _RESET.exists():
        yield "Peak memory of the gradient of a loop that overwrites one element of an array in each step:\n"
        yield "|   elements |      steps | peak, MB | bytes an element and step |"
        yield "| ---------: | ---------: | -------: | ------------------------: |"
        for m in (memory(n, steps) for n, steps in MEMORY):
            yield f"| {m.n:>10,} | {m.steps:>10,} | {m.peak / 1e6:>8.1f} | {m.per_number:>25.1f} |"
    yield "\nSeconds to trace, differentiate and compile a loop:\n"
    for count, taken in compilations().items():
        yield f"- {count:,} trips: {taken:.3f}"
    if with_jax:
        yield "\nSeconds that JAX compiles a gradient through the heat equation's steps in a Python loop:\n"
        for count, taken in unrolled_compilations().items():
            yield f"- {count:,} steps: {taken:.1f}"


if __name__ == "__main__":
    print(_measure_here(int(sys.argv[1]), int(sys.argv[2])))
