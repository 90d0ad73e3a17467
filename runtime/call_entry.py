"""A built-in Python function for one kind of call of a user's function, without the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .call_machine import call_function
from .call_plan import CallPlan
from .call_program import program_of
from .compile import Compiled
from .python_objects import is_known


class CallEntry:
    """The entry for one kind of call: where a call is of another kind, it passes it on.

    Attributes
    ----------
    function
        The built-in function.
    """

    def __init__(self, plan: CallPlan, compiled: Compiled, otherwise: Callable[..., Any]) -> None:
        program = program_of(plan, compiled.address, compiled.output_types, compiled.fail, compiled.donated)
        self._hits = program.hits
        self._otherwise = [otherwise]
        kept = compiled, *program.kept
        self.function = call_function(program.words(), self._otherwise, kept, compiled.store)

    @property
    def hits(self) -> int:
        """How many calls it has taken."""
        return self._hits.value

    def pass_on_to(self, other: Callable[..., Any]) -> None:
        """Set what is called where the entry does not take the call."""
        self._otherwise[0] = other


def can_be_made() -> bool:
    """Tell whether this process has entries at all."""
    return is_known()
