"""Errors of Python that come up while tracing code which the run may never reach: the run raises them."""

from __future__ import annotations

import builtins
from typing import NoReturn

import numpy as np

from ..errors import GradirError, OutOfBoundsError
from .frame import Decision, Frame, Raised, Trace
from .location import error_location

LATE = (ArithmeticError, LookupError, AssertionError, ValueError)


def is_late(error: BaseException) -> bool:
    """Tell whether plain Python may have raised `error`, on the values that the code has at tracing."""
    if isinstance(error, GradirError):
        return isinstance(error, OutOfBoundsError)
    return isinstance(error, LATE) and is_builtin(type(error))


def is_builtin(kind: type) -> bool:
    """Tell whether compiled code can raise an exception of this class: those that Python has."""
    return issubclass(kind, Exception) and getattr(builtins, kind.__name__, None) is kind


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


def may_not_come_here(trace: Trace) -> bool:
    """Tell whether only the run knows if it comes to the code that is being traced."""
    return any(f.kind != "function" and not f.sure for f in trace.frame.chain())


def end_run(trace: Trace, kind: str, text: str) -> NoReturn:
    """End the innermost block with a check that raises the built-in exception `kind`."""
    never = trace.b.literal(np.bool_(False))
    trace.emit_all("check", never, exception=kind, message=text)
    raise Raised(next(f for f in trace.frame.chain() if f.kind != "function"))


def _text(error: BaseException) -> str:
    return repr(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
