"""What a user says of one loop: that it is unrolled, or that its reverse runs turns again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from .trace import explicit
from .trace.checkpointed import check_slots, marked
from .trace.explicit import inlined

T = TypeVar("T")


@inlined(marked)
def checkpointed(iterable: T, slots: int | None = None) -> T:
    """Mark a loop: its reverse keeps a few states and runs turns again, instead of saving every turn.

    `for t in gr.checkpointed(range(n), slots=20)`, or `while gr.checkpointed(condition, slots=20)`. With s
    slots the states of C(s + t, s) turns can be had if no turn is run more than t times on the way; the
    schedule is the one with the least number of turns run again. Outside of traced code nothing changes.

    Parameters
    ----------
    iterable
        What a `for` runs over: a range, an array, or what enumerate, zip, map or reversed make of them; or
        the condition of a `while`.
    slots
        How many states are kept: values that the loop carries from turn to turn. None takes the least number
        with which no turn is run more than three times, about the square root of twice the turns; 64 where
        only the run knows how many turns there are.

    Raises
    ------
    TraceError
        In traced code, if the loop cannot become one operation.

    References
    ----------
    A. Griewank and A. Walther, Algorithm 799: revolve, TOMS 26 (2000), pages 19-45.

    Examples
    --------
    >>> import gradir as gr
    >>> def grown(rate):
    ...     y = 1.0
    ...     for _ in gr.checkpointed(range(1000), slots=5):
    ...         y = y + rate * y * (1.0 - 0.1 * y)
    ...     return y
    >>> round(gr.grad(grown)(0.005), 4)
    129.4073
    """
    check_slots(slots)
    return iterable


@inlined(explicit.unrolled)
def unroll(iterable: Iterable[T]) -> Iterable[T]:
    """Return what a `for` runs over turn by turn while it is traced, instead of becoming one operation.

    The number of turns has to be known while tracing, and be at most 4,096. Each turn is compiled by itself:
    the index is a plain number, which may pick from lists and dicts. Outside of traced code nothing changes.

    Parameters
    ----------
    iterable
        A range, an array, or anything else that a `for` takes.

    Raises
    ------
    TraceError
        In traced code, if there are too many turns.
    UnsupportedError
        In traced code, if only the run knows how many turns there are.

    Examples
    --------
    >>> import gradir as gr
    >>> def power(x):
    ...     y = 1.0
    ...     for _ in gr.unroll(range(3)):
    ...         y = y * x
    ...     return y
    >>> print([node.op.name for node in gr.trace(power)(2.0).block.nodes])
    ['constant', 'multiply', 'multiply', 'multiply']
    """
    return iterable
