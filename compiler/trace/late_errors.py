"""Errors of Python that come up while tracing code which the run may never reach: the run raises them."""

from __future__ import annotations

import builtins

import numpy as np

from ..errors import GradirError, OutOfBoundsError
from .frame import Decision, Frame, Trace
from .location import error_location

LATE = (ArithmeticError, LookupError, AssertionError, ValueError)


def is_late(error: BaseException) -> bool:
    """Tell whether plain Python may have raised `error`, on the values that the code has at tracing."""
    if isinstance(error, GradirError):
        return isinstance(error, OutOfBoundsError)
    return isinstance(error, LATE) and getattr(builtins, type(error).__name__, None) is type(error)


def raise_late(trace: Trace, frame: Frame, error: BaseException) -> None:
    """End the block of `frame` with a check that raises `error`."""
    while trace.frame is not frame:
        trace.close(trace.frame)
    kind = "IndexError" if isinstance(error, OutOfBoundsError) else type(error).__name__
    text = error.message if isinstance(error, OutOfBoundsError) else _text(error)
    loc = error_location(error)
    builder = frame.builder
    builder.loc = loc
    builder.emit("check", builder.literal(np.bool_(False)), exception=kind, message=text)
    trace.decisions.append(Decision(loc, f"{kind} if the run comes here", text))


def _text(error: BaseException) -> str:
    return repr(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
