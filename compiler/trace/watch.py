"""Noticing stores to the user's objects that do not come through the tracer, as C code's do.

In a loop or a branch such a store would happen once, at tracing. It is undone, and the loop unrolled or
the branch refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..errors import TraceError, UnsupportedError
from .capture import is_library
from .frame import Trace
from .location import user_location

_CONTAINERS = (list, dict, set, deque)


@dataclass(frozen=True, slots=True)
class Watched:
    """An object and what it held: the items of a container, the attributes of an instance."""

    owner: Any
    held: Any

    def changed(self, slots: Collection[tuple[int, str]]) -> bool:
        """Tell whether it holds other objects now, but for what is among the variables of the block."""
        if (id(self.owner), "") in slots:
            return False
        now = _held(self.owner)
        if isinstance(now, dict) and not isinstance(self.owner, dict):
            names = [n for n in {*now, *self.held} if (id(self.owner), n) not in slots]
            return any(now.get(n, _held) is not self.held.get(n, _held) for n in names)
        return not _same_items(now, self.held)

    def restore(self) -> None:
        if isinstance(self.owner, (list, deque)):
            self.owner.clear()
            self.owner.extend(self.held)
        elif isinstance(self.owner, (dict, set)):
            self.owner.clear()
            self.owner.update(self.held)
        else:
            vars(self.owner).clear()
            vars(self.owner).update(self.held)


def watched(trace: Trace) -> list[Watched]:
    """Return what traced code has made so far, and its copies of the user's containers, as they are now."""
    made = [x for x, frame in trace.made.values() if not frame.closed and _is_watched(x)]
    return [Watched(x, _held(x)) for x in (*made, *trace.captures.containers.values())]


def refuse_stray(trace: Trace, x: Watched) -> None:
    """Give up the loop or the branch that changed an object behind the tracer's back."""
    what = f"a {type(x.owner).__name__} is changed by code that gradir does not rewrite"
    trace.abort(f"{what} in the loop")
    raise UnsupportedError(
        f"{what} (C code, or a special method that Python calls by itself), under an `if` on a traced value:"
        " write the store where it can be seen (`x[i] = v`, `o.a = v`)",
        loc=user_location(),
    )


def check_outside(trace: Trace) -> None:
    """Refuse a trace in which a container from outside was changed: that would happen to a copy, and once."""
    for container, before in trace.captures.originals:
        if Watched(container, _held(before)).changed(()):
            raise TraceError(
                f"a {type(container).__name__} from outside of the traced function is changed by code that"
                " gradir does not rewrite: return what is new instead",
                loc=user_location(),
            )


def _is_watched(x: Any) -> bool:
    return isinstance(x, _CONTAINERS) or (hasattr(x, "__dict__") and not is_library(type(x).__module__))


def _held(x: Any) -> Any:
    if isinstance(x, (list, deque)):
        return list(x)
    if isinstance(x, (dict, set)):
        return x.copy()
    return dict(vars(x))


def _same_items(now: Any, before: Any) -> bool:
    if isinstance(now, set):
        return bool(now == before)
    if len(now) != len(before):
        return False
    if isinstance(now, dict):
        return all(k in before and before[k] is x for k, x in now.items())
    return all(x is y for x, y in zip(now, before, strict=True))
