"""What a benchmark program is: one function, written for gradir and for each peer."""

from __future__ import annotations

from collections.abc import Callable
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
    numba
        The same as one writes it for Numba, compiled; `by_hand` itself where that is written in loops.
    jax, torch, autograd, pytensor
        Return the function as that peer's expert writes it. They import the peer, so they are called only
        where it is installed; None where the peer has no such program.
    newcomer
        The same for JAX as someone writes it who comes from NumPy: Python loops and `.at[].set`. Where that
        cannot be measured, a text that says why.
    torch_compile
        Why torch.compile is left out, though there is `torch`.
    in_loops
        The function as one writes it for Numba, to be compared with gradir's primal.
    without_gradient
        A program that computes gradients by itself is compiled as it is; this is what is left of it
        without them.
    donate
        The positions of arguments that a call may overwrite: their gradients are the next call's arguments.
    traffic
        Bytes that each element of the size needs moved between processor and memory; 0 where that is not what
        the program takes its time for. It is then measured beside a copy of as many elements.
    """

    name: str
    title: str
    arguments: Callable[[int], Arguments]
    size: int
    small: int
    wrt: tuple[int, ...]
    function: Callable[..., Any]
    by_hand: Callable[..., tuple[Any, Gradients]]
    numba: Callable[..., tuple[Any, Gradients]] | None = None
    jax: Callable[[], Callable[..., Any]] | None = None
    torch: Callable[[], Callable[..., Any]] | None = None
    autograd: Callable[[], Callable[..., Any]] | None = None
    pytensor: Callable[[], Callable[..., Any]] | None = None
    newcomer: Callable[[], Callable[..., Any]] | str | None = None
    torch_compile: str = ""
    in_loops: Callable[..., Any] | None = None
    without_gradient: Callable[..., Any] | None = None
    donate: tuple[int, ...] = ()
    traffic: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What the page says about contestants that are left out."""
        told = []
        if isinstance(self.newcomer, str):
            told.append(f"JAX as a newcomer writes it is left out: {self.newcomer}")
        if self.torch_compile:
            told.append(f"torch.compile is left out: {self.torch_compile}")
        return tuple(told)
