"""Tracing a block of some control flow, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..ir.graph import Value
from .frame import Buffer, Frame, Raised, Trace
from .late_errors import LATE, is_late, raise_late
from .leaves import State, Tree, tree
from .missing import NEVER
from .watch import refuse_stray, watched


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a block left behind: its variables, its result and the buffers of outer frames it changed.

    A block that `raised` ends the run: what it leaves behind does not matter.
    """

    frame: Frame
    variables: tuple[Tree, ...]
    result: Tree
    writes: dict[Buffer, Value]
    lost: dict[Buffer, str]
    raised: bool = False


def run_block(
    trace: Trace, frame: Frame, state: State, body: Callable[[], Any], *, surely: bool = False
) -> Outcome:
    """Trace `body` in `frame`, which is open; leave it, with variables and buffers as they were.

    Unless the run `surely` comes there, it is the run that raises the errors of Python in it.
    """
    entry = state.get()
    before = watched(trace)
    try:
        result = _result(trace, frame, body, surely=surely)
        for x in before:
            if x.changed(frame.slots):
                refuse_stray(trace, x)
        raised = result is None
        variables = tuple(tree(trace, NEVER if raised else x) for x in state.get())
        journal = frame.journal.items()
        writes = {buffer: buffer.value for buffer, (value, _) in journal if buffer.value is not value}
        lost = {buffer: buffer.lost for buffer, (_, before) in journal if buffer.lost and not before}
        return Outcome(frame, variables, result or tree(trace, NEVER), writes, lost, raised)
    finally:
        for x in before:
            if x.changed(frame.slots):
                x.restore()
        trace.close(frame)
        state.set(entry)


def _result(trace: Trace, frame: Frame, body: Callable[[], Any], *, surely: bool) -> Tree | None:
    """Trace the body and return its result; None where it ends with an error of the run."""
    try:
        return tree(trace, body())
    except Raised as error:
        if error.frame is not frame:
            raise
    except LATE as error:
        if surely or not is_late(error):
            raise
        raise_late(trace, frame, error)
    return None
