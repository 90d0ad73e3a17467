"""A case of the corpus: a plain Python function, its calls, and what gradir has to make of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Call = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Exactly one of three things is right: Python's value and gradient, Python's error, or a refusal.

    Attributes
    ----------
    fun
        What a user wrote: nothing in it knows of gradir.
    calls
        Arguments that it works for; all go through one compiled function, one after the other.
    loops
        How many loops are left in the traced graph; None if it does not matter.
    error
        What Python raises for the arguments in `bad`.
    refused
        A pattern in the message that gradir refuses the function with, at the line with `# here`.
    """

    fun: Callable[..., Any]
    calls: tuple[Call, ...]
    loops: int | None = None
    error: type[Exception] | None = None
    bad: tuple[Call, ...] = ()
    refused: str | None = None

    @property
    def name(self) -> str:
        return self.fun.__name__


def right(fun: Callable[..., Any], *calls: Call, loops: int | None = None) -> Case:
    return Case(fun, calls, loops)


def raises(fun: Callable[..., Any], error: type[Exception], *bad: Call, good: tuple[Call, ...] = ()) -> Case:
    return Case(fun, good, error=error, bad=bad)


def refused(fun: Callable[..., Any], pattern: str, *calls: Call) -> Case:
    return Case(fun, calls, refused=pattern)
