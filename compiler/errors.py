"""Every exception that gradir raises; each is also the built-in that fits, and points at the user's line."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ir.graph import Loc


_SHOWN = 80  # characters of a line shown on each side of an error


def located(message: str, loc: Loc | None) -> str:
    """Return `message` followed by the user's file, line and source text, where they are known."""
    if loc is None:
        return message
    place = f"{message}\n  at {loc.file}:{loc.line}" + (f" in {loc.function}" if loc.function else "")
    source = linecache.getline(loc.file, loc.line).strip()
    return f"{place}\n    {source}" if source else place


class GradirError(Exception):
    """The base of all of gradir's exceptions.

    Parameters
    ----------
    message
        What happened, and what to do about it.
    loc
        The line of the user's code that it happened at; it is appended to the message.
    """

    def __init__(self, message: str = "", *, loc: Loc | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.loc = loc

    def __str__(self) -> str:
        return located(self.message, self.loc)


class ParseError(GradirError, ValueError):
    """Text that is not a graph; `line` and `column` count from 1."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1, source: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.source = source

    def __str__(self) -> str:
        text = f"line {self.line}, column {self.column}: {self.message}"
        first = max(0, self.column - _SHOWN)
        shown = self.source[first : self.column + _SHOWN]
        return f"{text}\n  {shown}\n  {' ' * (self.column - 1 - first)}^" if shown else text


class VerifyError(GradirError, ValueError):
    """A graph that breaks a rule of the IR: a defect of the pass or tracer that made it."""


class TraceError(GradirError, TypeError):
    """Code that cannot be traced."""


class UnsupportedError(GradirError, NotImplementedError):
    """A function, method or keyword that gradir does not know."""


class ShapeError(GradirError, ValueError):
    """Shapes or dtypes that do not fit together."""


class GradientError(GradirError, TypeError):
    """A derivative that does not exist: of an integer, or of a result that is no real scalar."""


class ConcretizationError(TraceError):
    """Python code that needs the value of a traced number or array."""


class RecursionTraceError(TraceError, RecursionError):
    """A function that calls itself without end while it is traced."""


class EscapedTracerError(GradirError, RuntimeError):
    """A traced value used after the trace that made it."""


class CheckError(GradirError, AssertionError):
    """A gradient that does not match finite differences."""


class NoSourceError(TraceError):
    """A function whose source is needed and cannot be found."""


class StaleSourceError(TraceError):
    """A function whose source file has changed since it was defined."""


class RenderError(GradirError, RuntimeError):
    """A diagram that cannot be drawn: Graphviz's `dot` is missing, or the graph is too large."""


class UnboundError(TraceError, UnboundLocalError):
    """A variable that has no value, or not one that can be known while tracing."""


class OutOfBoundsError(GradirError, IndexError):
    """An index that is known at tracing and does not exist."""
