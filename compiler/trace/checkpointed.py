"""`gr.checkpointed` in traced code: a mark on what a loop runs over, or on the condition of a `while`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ..errors import TraceError, UnsupportedError
from .frame import Trace
from .iterables import Lazy
from .known import can_know
from .location import user_location
from .ranges import Range
from .tracer import Scalar, Tracer

_MOST_SLOTS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Mark:
    """How a loop is to be reversed: None for as any loop, else with so many slots, 0 for any number."""

    slots: int | None = None

    @property
    def attrs(self) -> Mapping[str, int]:
        """The attributes of the loop's operation."""
        return {} if self.slots is None else {"checkpointed": self.slots}

    def must_roll(self, reason: str) -> None:
        """Refuse to unroll a loop that is marked."""
        if self.slots is not None:
            raise TraceError(
                f"gr.checkpointed: this loop could not be kept as a loop ({reason}), and only a loop has"
                " turns to run again",
                loc=user_location(),
            )


PLAIN = Mark()


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """What `gr.checkpointed` gives traced code; only `for` and `while` know what to do with it."""

    content: Any
    mark: Mark

    def __iter__(self) -> Iterator[Any]:
        self.refuse()

    def __bool__(self) -> bool:
        self.refuse()

    def refuse(self) -> NoReturn:
        """Refuse to be used as anything else."""
        raise UnsupportedError(
            "gr.checkpointed marks a loop: it has to be all that a `for` runs over, or the whole condition of"
            " a `while`",
            loc=user_location(),
        )


def marked(trace: Trace, iterable: Any, slots: Any = None) -> Checkpointed:
    """Mark what a loop runs over, or its condition."""
    if isinstance(slots, Scalar) and can_know(trace, slots.value):
        slots = operator.index(slots)
    check_slots(slots)
    number: Any = slots
    if isinstance(iterable, Checkpointed):
        iterable.refuse()
    return Checkpointed(iterable, Mark(0 if number is None else int(number)))


def check_slots(slots: Any) -> None:
    """Refuse what is no number of slots."""
    if isinstance(slots, Tracer):
        raise UnsupportedError(
            "gr.checkpointed: 'slots' sizes memory, so it has to be known while tracing: an int in the code",
            loc=user_location(),
        )
    if slots is None:
        return
    if not isinstance(slots, (int, np.integer)) or isinstance(slots, bool):
        raise TypeError(f"gr.checkpointed: 'slots' is an int or None, not {type(slots).__name__}")
    if slots < 1:
        raise ValueError(
            f"gr.checkpointed: 'slots' is at least 1, for the state before the loop, not {slots}"
        )
    if slots > _MOST_SLOTS:
        raise ValueError(f"gr.checkpointed: 'slots' is a number of states to hold in memory, not {slots}")


def tested(x: Any, asked: Callable[[Any], Any]) -> Any:
    """Return what `asked` makes of the condition of a `while`, marked as it was."""
    if not isinstance(x, Checkpointed):
        return asked(x)
    if isinstance(x.content, (range, Range, Lazy)):
        x.refuse()
    return Checkpointed(asked(x.content), x.mark)


def unmarked(x: Any) -> tuple[Any, Mark]:
    """Return what is marked, and the mark."""
    return (x.content, x.mark) if isinstance(x, Checkpointed) else (x, PLAIN)
