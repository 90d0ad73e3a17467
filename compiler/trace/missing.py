"""Variables that may have no value: what they hold, and the errors of reading them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import UnboundError
from .frame import Trace
from .late_errors import end_run, may_not_come_here
from .location import user_location
from .tracer import Scalar


@dataclass(frozen=True, slots=True)
class Refused:
    """What a variable holds whose value gradir cannot follow; reading it is refused, with the reason."""

    name: str
    reason: str

    def fail(self) -> NoReturn:
        raise UnboundError(self.reason, loc=user_location())


@dataclass(slots=True, eq=False)
class Missing:
    """What a variable holds that Python may not know here: it has `value` if `assigned` holds.

    Without `assigned` it surely has none. `asked` tells whether that mattered to any code so far: in a loop
    the turn before may have given it a value.
    """

    name: str
    attribute_of: str = ""  # the class whose attribute it is; "" of a local variable
    value: Any = None
    assigned: Scalar | None = None
    asked: bool = False

    @property
    def is_absent(self) -> bool:
        return self.assigned is None

    def absent(self) -> Missing:
        """The same variable, surely without a value."""
        return Missing(self.name, self.attribute_of)

    def filled(self, value: Any, assigned: Any) -> Any:
        """The same variable with a value if `assigned`, a bool or a traced one, holds."""
        if isinstance(assigned, Scalar):
            return Missing(self.name, self.attribute_of, value, assigned)
        return value if assigned else self.absent()

    def error(self, *, free: bool) -> Exception:
        """What Python raises where it is read; `free` says that a nested function does."""
        if self.attribute_of:
            return AttributeError(f"'{self.attribute_of}' object has no attribute '{self.name}'")
        if free:
            return NameError(
                f"cannot access free variable '{self.name}' where it is not associated with a value in"
                " enclosing scope"
            )
        return UnboundLocalError(
            f"cannot access local variable '{self.name}' where it is not associated with a value"
        )


class Never:
    """What a variable holds that nothing reads while it is so: the result of a loop that does not return."""


NEVER = Never()


def present(trace: Trace, x: Any, *, free: bool = False) -> Any:
    """Return what a variable holds that is read here; the run raises Python's error where it has no value."""
    if isinstance(x, Refused):
        x.fail()
    if not isinstance(x, Missing):
        return x
    error = x.error(free=free)
    if x.assigned is None:
        x.asked = True
        if not may_not_come_here(trace):
            raise error if x.attribute_of else UnboundError(str(error), loc=user_location())
        end_run(trace, type(error).__name__, str(error))
    flag = x.assigned.value
    if not any(flag in frame.holds for frame in trace.frame.chain()):
        trace.emit_all("check", flag, exception=type(error).__name__, message=str(error))
        trace.frame.holds.add(flag)
    return x.value
