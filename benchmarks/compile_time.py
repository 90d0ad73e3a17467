"""Seconds to the first gradient of long straight-line programs, against their number of operations.

The programs are written to files, as a code generator would: without source, functions are traced in
another way. Each is measured in a process that has compiled another program before.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .measure import seconds

OPERATIONS = (300, 3_000, 30_000)
QUICK = (300, 3_000)
FOR_JAX = 3_000
_SIZE = 8


def statements(operations: int) -> str:
    """Return a function of so many operations on scalars, two a statement."""
    lines = ["def function(x):", "    t0 = x[0]"]
    lines += [f"    t{k} = t{k - 1} * x[{k % _SIZE}] + 0.5" for k in range(1, operations // 2 + 1)]
    return "\n".join([*lines, f"    return t{operations // 2}", ""])


def unrolled(operations: int) -> str:
    """Return a function of as many, in a loop over a list, which unrolls."""
    return f"""
COEFFICIENTS = [0.5 + k / {operations} for k in range({operations // 4})]

def function(x):
    s, a = 0.0, x[0]
    for c in COEFFICIENTS:
        a = a * 0.9 + c
        s = s + a * x[1]
    return s
"""


def arrays(operations: int) -> str:
    """Return a function of as many operations on small arrays."""
    return f"""
import numpy as np

COEFFICIENTS = [0.5 + k / {operations} for k in range({operations // 4})]

def function(x):
    a = x
    for c in COEFFICIENTS:
        a = np.sin(a) * c + 0.5 * a
    return np.sum(a)
"""


PROGRAMS: dict[str, Callable[[int], str]] = {
    "statements": statements,
    "a loop over a list": unrolled,
    "small arrays": arrays,
}


def loaded(text: str, folder: Path) -> Callable[..., Any]:
    """Return the function of a text, from a file of its own."""
    path = folder / f"program_{len(list(folder.iterdir()))}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.function  # type: ignore[no-any-return]


def first_gradient(text: str, folder: Path) -> float:
    """Return the seconds of the first gradient of a program, nothing taken from disk."""
    import gradir as gr

    x, gradient = np.linspace(0.1, 0.9, _SIZE), gr.value_and_grad(loaded(text, folder), cache=False)
    return seconds(lambda: gradient(x))


def first_gradient_of_jax(text: str, folder: Path) -> float:
    """Return the same of JAX."""
    import jax
    import jax.numpy as jnp

    x, gradient = jnp.linspace(0.1, 0.9, _SIZE), jax.jit(jax.value_and_grad(loaded(text, folder)))
    return seconds(lambda: jax.block_until_ready(gradient(x)))


def report(with_jax: bool, quick: bool) -> Iterator[str]:
    """Yield the lines of the section, as they are measured."""
    yield "## Compile time\n"
    yield "Seconds to the first gradient of a program without loops, in a process that has compiled before:\n"
    yield f"| {'program':<20} | operations | gradir |"
    yield f"| {'-' * 20} | ---------: | -----: |"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first_gradient(statements(10), folder)
        for title, make in PROGRAMS.items():
            for operations in QUICK if quick else OPERATIONS:
                taken = first_gradient(make(operations), folder)
                yield f"| {title:<20} | {operations:>10,} | {taken:>6.2f} |"
        if with_jax:
            taken = first_gradient_of_jax(statements(FOR_JAX), folder)
            yield f"\nJAX takes {taken:.1f} s for {FOR_JAX:,} operations in statements."
