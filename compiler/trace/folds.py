"""sum, min, max, any and all of what can be taken by index: one loop, where unrolling would not pay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .calls import call, staged
from .frame import Trace
from .iterables import Indexed, Lazy, indexed, sequence
from .tracer import Tracer

_FEWEST = 16  # turns: fewer are written out


def rolled(trace: Trace, iterable: Any) -> Indexed | None:
    """Return what to fold in a loop, None where Python folds."""
    if not isinstance(iterable, Lazy):
        return None
    found = sequence(trace, iterable)
    if found is None or (isinstance(found.length, int) and found.length < _FEWEST):
        return None
    return indexed(trace, iterable)


def _rolled_sum(trace: Trace, items: Indexed, start: Any = 0) -> Any:
    return staged(trace, _sum)(items.at, items.length, start)


def _rolled_extreme(function: Any) -> Callable[[Trace, Indexed], Any]:
    def fold(trace: Trace, items: Indexed) -> Any:
        if isinstance(items.length, Tracer):
            some = trace.b.greater(items.length.value, trace.b.int64(0))
            message = f"{function.__name__}() arg is an empty sequence"
            trace.emit_all("check", some, exception="ValueError", message=message)
        better: Callable[..., Any] = lambda x, y: call(trace, function, (x, y), {})  # noqa: E731
        return staged(trace, _extreme)(items.at, items.length, better)

    return fold


def _rolled_any(trace: Trace, items: Indexed) -> Any:
    return staged(trace, _any)(items.at, items.length)


def _rolled_all(trace: Trace, items: Indexed) -> Any:
    return staged(trace, _all)(items.at, items.length)


FOLDS: dict[Any, Callable[..., Any]] = {
    sum: _rolled_sum,
    min: _rolled_extreme(min),
    max: _rolled_extreme(max),
    any: _rolled_any,
    all: _rolled_all,
}


# These are staged, as if they were the user's.


def _sum(at: Any, length: Any, total: Any) -> Any:
    for k in range(length):
        total = total + at(k)
    return total


def _extreme(at: Any, length: Any, better: Any) -> Any:
    best = at(0)
    for k in range(1, length):
        best = better(best, at(k))
    return best


def _any(at: Any, length: Any) -> bool:
    for k in range(length):  # noqa: SIM110
        if at(k):
            return True
    return False


def _all(at: Any, length: Any) -> bool:
    for k in range(length):  # noqa: SIM110
        if not at(k):
            return False
    return True
