"""What a benchmark program is: one function, written for gradir and for each peer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Arguments = tuple[Any, ...]
Gradients = tuple[Any, ...]
Step = Callable[[], tuple[Any, Gradients]]


@dataclass(frozen=True, slots=True)
class Program:
    """A scalar function and what its gradient is measured against.

    Attributes
    ----------
    name
        What `--only` takes.
    title
        What the tables show.
    arguments
        From a size to the function's arguments: NumPy arrays and floats, the same at every call.
    size, small
        The size that is measured, and the one that the tests run.
    wrt
        The positions of the arguments to differentiate by.
    function
        The function as a gradir user writes it: plain NumPy.
    by_hand
        Value and gradients as one writes them without a tool: the reference that all others are held to.
    jax, torch, autograd
        Return the function as that peer's expert writes it. They import the peer, so they are called only
        where it is installed; None where the peer has no such program.
    newcomer
        The same for JAX as someone writes it who comes from NumPy: Python loops and `.at[].set`. Where that
        cannot be measured, a text that says why.
    in_loops
        The function as one writes it for Numba, to be compared with gradir's primal.
    compiled_by_hand
        `by_hand` is written for Numba, too.
    without_gradient
        A program that computes gradients by itself is compiled as it is; this is what is left of it
        without them.
    """

    name: str
    title: str
    arguments: Callable[[int], Arguments]
    size: int
    small: int
    wrt: tuple[int, ...]
    function: Callable[..., Any]
    by_hand: Callable[..., tuple[Any, Gradients]]
    jax: Callable[[], Callable[..., Any]] | None = None
    torch: Callable[[], Callable[..., Any]] | None = None
    autograd: Callable[[], Callable[..., Any]] | None = None
    newcomer: Callable[[], Callable[..., Any]] | str | None = None
    in_loops: Callable[..., Any] | None = None
    compiled_by_hand: bool = False
    without_gradient: Callable[..., Any] | None = None


def select(programs: Sequence[Program], names: Sequence[str]) -> tuple[Program, ...]:
    """Return the programs of these names, all without names; an unknown one raises ValueError."""
    known = {p.name for p in programs}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return tuple(p for p in programs if not names or p.name in names)
