"""What staged code calls: the meaning of control flow, reads, stores and calls while a function is traced."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
import optree

from ..errors import UnsupportedError
from . import operators
from .attributes import ATTRIBUTES, call_attribute, read_attribute, write_attribute
from .branches import branch, truth
from .calls import MUTABLE, call, own_method
from .capture import cell_path, global_path
from .checkpointed import tested, unmarked
from .comprehensions import check_pick, elements
from .frame import Trace
from .iterables import at_end, generated, indexed, plain_range
from .known import check_known, known_value
from .late_errors import end_run, is_builtin, may_not_come_here
from .leaves import NO_VARIABLES, State
from .location import user_location
from .missing import NEVER, Missing, Never, present
from .ranges import Range
from .rolling import for_range, in_turn, while_loop
from .stores import check_container
from .tracer import Scalar, Tracer


class Staged:
    """The runtime of one staged function: bound to the trace, and to where its free names are found."""

    slice = slice
    state = State

    def __init__(self, trace: Trace, function: FunctionType) -> None:
        self.trace = trace
        self._globals = function.__globals__
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        self._cells = dict(cells)

    # Names

    def undefined(self, name: str) -> Missing:
        return Missing(name)

    def local(self, value: Any) -> Any:
        """A local variable that control flow may have left without a value."""
        return present(self.trace, value)

    def free(self, value: Any) -> Any:
        """Such a variable of a function around."""
        return present(self.trace, value, free=True)

    def outer(self, name: str, value: Any) -> Any:
        """A global, a builtin (which a global may hide later) or a variable of an enclosing function."""
        cell = self._cells.get(name)
        path = global_path(self._globals, name) if cell is None else cell_path(cell, name)
        return self.trace.captures.bring_in(value, path)

    def attr(self, owner: Any, name: str) -> Any:
        return read_attribute(self.trace, owner, name)

    # Items and stores

    def item(self, container: Any, key: Any) -> Any:
        if isinstance(container, np.ndarray):
            container = self.trace.capture(container)
        own = own_method(container, "__getitem__")
        return operator.getitem(container, key) if own is None else self.call(own, container, key)

    def set_item(self, container: Any, key: Any, value: Any) -> None:
        if isinstance(container, np.ndarray):
            container = self.trace.capture(container)
        self._store(container)
        own = own_method(container, "__setitem__")
        if own is None:
            container[key] = value
        else:
            self.call(own, container, key, value)

    def set_attr(self, owner: Any, name: str, value: Any) -> None:
        write_attribute(self.trace, owner, name, value)

    def made(self, x: Any) -> Any:
        """A list, dict or set that the user's code writes down here."""
        return self.trace.make(x)

    def inplace(self, syntax: str, target: Any, value: Any) -> Any:
        self._store(target)
        return operators.inplace(self.trace, syntax, target, value)

    # Operators and texts

    def binary(self, syntax: str, x: Any, y: Any) -> Any:
        return operators.binary(self.trace, syntax, x, y)

    def unary(self, syntax: str, x: Any) -> Any:
        return operators.unary(self.trace, syntax, x)

    def compare(self, syntax: str, x: Any, y: Any) -> Any:
        return operators.compare(self.trace, syntax, x, y)

    def text(self, conversion: str, x: Any) -> str:
        """A conversion in an f-string: `!r`, `!s` or `!a`."""
        return str(self.call({"r": repr, "s": str, "a": ascii}[conversion], x))

    def shown(self, x: Any) -> Any:
        """A value whose text is only shown to people: a traced one shows its type."""
        return Shown(x) if isinstance(x, Tracer) else x

    def _store(self, container: Any) -> None:
        """A store to a Python container: undone by nothing, so not in loops to be rolled or branches."""
        if isinstance(container, MUTABLE):
            check_container(self.trace, container)

    # Calls

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        by_name = isinstance(function, BuiltinFunctionType) and function in ATTRIBUTES
        if by_name and args and not isinstance(args[0], Tracer):
            return call_attribute(self.trace, function, *args)
        return call(self.trace, function, args, kwargs)

    def elements(self, iterable: Any) -> Any:
        """What a comprehension runs over."""
        return elements(self.trace, iterable)

    def generator(self, make: Callable[[Any], Any], iterable: Any, one_each: bool) -> Any:
        """A generator expression over `iterable`; `one_each` says that each item gives one."""
        return generated(self.trace, make, elements(self.trace, iterable), one_each)

    def picks(self, test: Any) -> Any:
        return check_pick(self.trace, test)

    # Conditions

    def concrete(self, test: Any, what: str) -> Any:
        """The condition of a statement that stays Python's."""
        return check_known(
            self.trace,
            test,
            f"a '{what}' depends on a number known only at run time",
            "in a `match` that more statements follow, a way out under a condition that is only known at"
            " run time is not supported: put the `if` outside",
        )

    def concrete_subject(self, subject: Any) -> Any:
        if isinstance(subject, Tracer):
            known = known_value(self.trace, subject.value)
            if known is not None and not known.ndim:
                return known.item()
            raise UnsupportedError(
                "match on a traced value is not supported; use if/elif", loc=user_location()
            )
        return subject

    def _asked(self, x: Any) -> Any:
        """What a condition tests: a user's object answers by its own `__bool__`."""
        own = own_method(x, "__bool__")
        return x if own is None else self.call(own, x)

    def not_(self, x: Any) -> Any:
        x = self._asked(x)
        if not isinstance(x, Tracer):
            return not x
        return Scalar(self.trace, self.trace.emit("logical_not", truth(self.trace, x)), weak=True)

    def and_(self, first: Any, *rest: Callable[[], Any]) -> Any:
        for thunk in rest:
            if isinstance(first, Tracer):
                first = self.if_(first, thunk, _kept(first))
            elif first:
                first = thunk()
            else:
                return first
        return first

    def or_(self, first: Any, *rest: Callable[[], Any]) -> Any:
        for thunk in rest:
            if isinstance(first, Tracer):
                first = self.if_(first, _kept(first), thunk)
            elif first:
                return first
            else:
                first = thunk()
        return first

    def chain(self, first: Any, *links: tuple[str, Callable[[], Any]]) -> Any:
        """A chained comparison: each operand is evaluated once, and only while the links before hold."""
        (name, thunk), *others = links
        second = thunk()
        holds = self.compare(name, first, second)
        return self.and_(holds, lambda: self.chain(second, *others)) if others else holds

    def if_(
        self,
        test: Any,
        then: Callable[[], Any],
        otherwise: Callable[[], Any],
        state: State = NO_VARIABLES,
    ) -> Any:
        """An `if`, with what it may assign, or a conditional expression.

        A statement has a result where its branches run to the end of the function or the loop's turn.
        """
        test = self._asked(test)
        if not isinstance(test, Tracer):
            return then() if test else otherwise()
        return self._checked(branch(self.trace, test, then, otherwise, state))

    def _checked(self, result: Any) -> Any:
        for x in optree.tree_leaves(result, none_is_leaf=True):
            self.local(x)
        return result

    def assert_(self, test: Any, message: Callable[[], Any] | None) -> None:
        test = self._asked(test)
        if not isinstance(test, Tracer):
            assert test, message() if message is not None else ""
            return
        text = str(message()) if message is not None else ""
        self.trace.emit_all("check", truth(self.trace, test), exception="AssertionError", message=text)

    def raising(self, error: Any) -> Any:
        """The error of a `raise`: under traced control flow the run ends with it, if it comes there."""
        if may_not_come_here(self.trace):
            kind = error if isinstance(error, type) else type(error)
            if not is_builtin(kind):
                raise UnsupportedError(
                    f"{kind.__name__} is raised where only the run decides whether it comes to that: compiled"
                    " code can raise the exceptions that are built into Python only",
                    loc=user_location(),
                )
            end_run(self.trace, kind.__name__, "" if isinstance(error, type) else str(error))
        return error

    def context(self, manager: Any) -> Any:
        if isinstance(manager, np.errstate):
            return manager
        raise UnsupportedError(
            "`with` is not supported in a function that gradir traces (but for np.errstate); move it outside",
            loc=user_location(),
        )

    # Loops

    def never(self) -> Never:
        return NEVER

    def for_(self, iterable: Any, body: Callable[[Any], Any], state: State) -> Any:
        """A `for` loop; tell whether a break ended it."""
        iterable, mark = unmarked(iterable)
        if isinstance(iterable, np.ndarray):
            iterable = self.trace.capture(iterable)
        iterable = plain_range(iterable)
        if isinstance(iterable, (range, Range)):
            return for_range(self.trace, iterable, body, state, mark)
        found = indexed(self.trace, iterable)
        if found is not None:
            length = found.length
            bounds = range(length) if isinstance(length, int) else Range(0, length, 1)
            broken = for_range(self.trace, bounds, lambda k: body(found.at(k)), state, mark)
            if broken is False:
                at_end(iterable)
            return broken
        mark.must_roll(f"Python iterates over a {type(iterable).__name__}")
        return in_turn(self.trace, elements(self.trace, iterable), body, state)

    def while_(self, test: Callable[[], Any], body: Callable[[], Any], state: State) -> Any:
        """A `while` loop; tell whether a break ended it."""
        return while_loop(self.trace, lambda: tested(test(), self._asked), body, state)


class Shown:
    """The text of a traced value for people, whatever the format."""

    def __init__(self, tracer: Tracer) -> None:
        self.text = repr(tracer)

    def __format__(self, spec: str) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def _kept(x: Any) -> Callable[[], Any]:
    return lambda: x
