"""A kernel: the same mathematics as loops and as NumPy slices, with arguments of any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Arguments = tuple[Any, ...]
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel of the table.

    Attributes
    ----------
    name
        The one that PolyBench or NPBench gives it.
    loops, slices
        From the arguments to an array or several.
    arguments
        From a size and a generator to arguments; the float ones are differentiated by.
    turns
        How many loops the two forms have.
    """

    name: str
    loops: Callable[..., Any]
    slices: Callable[..., Any]
    arguments: Callable[[int, Rng], Arguments]
    turns: tuple[int, int]


def objective(form: Callable[..., Any]) -> Callable[..., Any]:
    """Return a smooth function of all that a kernel computes, in which no two entries play the same part."""

    def total(*args: Any) -> Any:
        outputs = form(*args)
        s = 0.0
        for out in outputs if isinstance(outputs, tuple) else (outputs,):
            s = s + np.sum(np.sin(out + np.arange(out.size).reshape(out.shape)))
        return s

    return total
