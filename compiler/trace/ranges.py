"""`range` with traced bounds, and how many turns it takes."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import UnsupportedError
from ..ir.graph import Value
from ..ir.types import INDEX
from .frame import Trace
from .location import user_location
from .operands import own_value
from .tracer import Scalar


@dataclass(frozen=True, slots=True)
class Range:
    """A `range` with at least one bound that is only known at run time."""

    start: Any
    stop: Any
    step: Any

    def __iter__(self) -> Iterator[int]:
        """Iterate in Python: bounds that are int arguments become part of the compiled code."""
        return iter(range(operator.index(self.start), operator.index(self.stop), operator.index(self.step)))

    def __getitem__(self, key: Any) -> Any:
        raise UnsupportedError(
            "a range whose length is only known at run time cannot be indexed or sliced: compute with its"
            " bounds, or use reversed()",
            loc=user_location(),
        )

    def __len__(self) -> int:
        return len(range(operator.index(self.start), operator.index(self.stop), operator.index(self.step)))


def static_length(bounds: range | Range) -> int | None:
    return len(bounds) if isinstance(bounds, range) else None


def bound_values(trace: Trace, bounds: range | Range) -> tuple[Value, Value, Value]:
    """Return start, stop and step as i64 values."""
    start, stop, step = (
        trace.b.cast(own_value(trace, x), INDEX.dtype) for x in (bounds.start, bounds.stop, bounds.step)
    )
    return start, stop, step


def check_step(trace: Trace, step: Any) -> None:
    """Refuse a step of 0, at once or at run time."""
    if not isinstance(step, Scalar):
        if step == 0:
            raise ValueError("range() arg 3 must not be zero")
        return
    ok = trace.emit("not_equal", step.value, trace.b.like(step.value, 0))
    trace.emit_all("check", ok, exception="ValueError", message="range() arg 3 must not be zero")
