"""What staged code calls: the meaning of control flow, reads, stores and calls while a function is traced."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Iterator, Sequence
from inspect import getattr_static
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from . import operators
from .branches import branch, truth
from .calls import MUTABLE, call, own_method, own_property
from .capture import Path, attribute_path, cell_path, global_path, is_library
from .carries import Variables
from .frame import Raised, Trace
from .iterables import at_end, generated, indexed, iterator, plain_range
from .known import can_know, known_value
from .leaves import NEVER, Missing, Never, State, unassigned
from .location import user_location
from .python_types import python_type
from .ranges import Range
from .rolling import for_range, in_turn, unrolls, while_loop
from .stores import check_container, store_attribute
from .tracer import Array, Scalar, Tracer

_ATTRIBUTES = (getattr, hasattr, setattr, vars)


class Staged:
    """The runtime of one staged function: bound to the trace, and to where its free names are found."""

    slice = slice

    def __init__(self, trace: Trace, function: FunctionType) -> None:
        self.trace = trace
        self._globals = function.__globals__
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        self._cells = dict(cells)

    # Names

    def undefined(self, name: str) -> Missing:
        return unassigned(name)

    def local(self, value: Any) -> Any:
        """A local variable that control flow may have left without a value."""
        if not isinstance(value, Missing):
            return value
        if value.assigned is None:
            value.fail()
        message = f"cannot access local variable '{value.name}' where it is not associated with a value"
        self.trace.emit_all("check", value.assigned, exception="UnboundLocalError", message=message)
        return value.value

    def outer(self, name: str, value: Any) -> Any:
        """A global or a variable of an enclosing function."""
        if name in self._cells:
            path = cell_path(self._cells[name], name)
        elif name in self._globals:
            path = global_path(self._globals, name)
        else:
            return value  # a builtin
        return self.trace.captures.bring_in(value, path)

    def attr(self, owner: Any, name: str) -> Any:
        """An attribute; those of outside objects are captured, so they are never stale."""
        if isinstance(owner, Tracer) and name == "__class__":
            return python_type(owner)
        if isinstance(owner, Array) and name in ("shape", "size"):
            sizes = self.trace.sizes
            return tuple(map(sizes.shown, owner.shape)) if name == "shape" else sizes.shown_count(owner.shape)
        own = own_property(owner, name)
        if own is not None and isinstance(own.fget, FunctionType):
            return self.call(own.fget, owner)
        value = self.local(getattr(owner, name))
        if isinstance(owner, Tracer) or id(owner) in self.trace.made or not _may_change(owner, name, value):
            return value
        path: Path = attribute_path(owner, name, f"{getattr(owner, '__name__', type(owner).__name__)}.{name}")
        return self.trace.captures.bring_in(value, path)

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
        own = own_property(owner, name)
        if own is not None and isinstance(own.fset, FunctionType):
            self.call(own.fset, owner, value)
        else:
            store_attribute(self.trace, owner, name, value)

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
        if isinstance(function, BuiltinFunctionType) and function in _ATTRIBUTES and not _is_traced(args):
            return self._attribute(function, *args)
        return call(self.trace, function, args, kwargs)

    def _attribute(self, function: Any, owner: Any, name: str = "__dict__", *more: Any) -> Any:
        """The builtins that read and write attributes."""
        if function is setattr:
            return self.set_attr(owner, name, *more)
        there = hasattr(owner, name)
        if function is hasattr or (more and not there):
            self.trace.captures.require(lambda: hasattr(owner, name), there, f"{type(owner).__name__}.{name}")
        if function is hasattr:
            return there
        return more[0] if more and not there else self.attr(owner, name)

    def elements(self, iterable: Any) -> Any:
        """What a comprehension runs over."""
        if isinstance(iterable, Array):
            unrolls(self.trace, len(iterable), "each turn of a comprehension gives an item of a Python list")
        own = own_method(iterable, "__iter__")
        if own is not None:
            return self.call(own, iterable)
        item = own_method(iterable, "__getitem__")
        return iterator(self.trace, iterable if item is None else self._items(item, iterable))

    def generator(self, make: Callable[[Any], Any], iterable: Any, one_each: bool) -> Any:
        """A generator expression over `iterable`; `one_each` says that each item gives one."""
        return generated(self.trace, make, self.elements(iterable), one_each)

    def picks(self, test: Any) -> Any:
        """The condition of a comprehension."""
        if isinstance(test, Tracer) and not can_know(self.trace, test.value):
            self.trace.needs_value(test.value, "an `if` in a comprehension depends on a traced value")
            raise UnsupportedError(
                "an `if` on a traced value in a comprehension picks as many items as only the run knows:"
                " give 0 for the others (`v if test else 0.0`), or write a `for` with an `if`",
                loc=user_location(),
            )
        return test

    def _items(self, item: FunctionType, sequence: Any) -> Iterator[Any]:
        """Iterate over an object that has no `__iter__`, as Python does: by index, up to an IndexError."""
        k = 0
        while True:
            try:
                element = self.call(item, sequence, k)
            except IndexError:
                return
            yield element
            k += 1

    # Conditions

    def concrete(self, test: Any, what: str) -> Any:
        """The condition of a statement that stays Python's."""
        if isinstance(test, Tracer) and not can_know(self.trace, test.value):
            self.trace.needs_value(test.value, f"a '{what}' depends on a number known only at run time")
            raise UnsupportedError(
                "in a `match` that more statements follow, a way out under a condition that is only known at"
                " run time is not supported: put the `if` outside",
                loc=user_location(),
            )
        return test

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
        if not _is_traced_test(x):
            return not x
        return Scalar(self.trace, self.trace.emit("logical_not", truth(self.trace, x)), weak=True)

    def and_(self, first: Any, *rest: Callable[[], Any]) -> Any:
        for thunk in rest:
            if _is_traced_test(first):
                first = self._choose(first, thunk, first, swap=False)
            elif first:
                first = thunk()
            else:
                return first
        return first

    def or_(self, first: Any, *rest: Callable[[], Any]) -> Any:
        for thunk in rest:
            if _is_traced_test(first):
                first = self._choose(first, thunk, first, swap=True)
            elif first:
                return first
            else:
                first = thunk()
        return first

    def _choose(self, test: Any, thunk: Callable[[], Any], other: Any, *, swap: bool) -> Any:
        keep = lambda: other  # noqa: E731
        return self.ifexp(test, keep, thunk) if swap else self.ifexp(test, thunk, keep)

    def chain(self, first: Any, *links: tuple[str, Callable[[], Any]]) -> Any:
        """A chained comparison: each operand is evaluated once, and only while the links before hold."""
        (name, thunk), *others = links
        second = thunk()
        holds = self.compare(name, first, second)
        return self.and_(holds, lambda: self.chain(second, *others)) if others else holds

    def ifexp(self, test: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        test = self._asked(test)
        if not _is_traced_test(test):
            return then() if test else otherwise()
        return self._checked(branch(self.trace, test, then, otherwise, _NO_VARIABLES))

    def if_(
        self,
        test: Any,
        then: Callable[[], Any],
        otherwise: Callable[[], Any],
        get: Callable[[], tuple[Any, ...]],
        put: Callable[[tuple[Any, ...]], None],
        names: tuple[str, ...],
    ) -> Any:
        """An `if`; it has a result where its branches run to the end of the function or the loop's turn."""
        test = self._asked(test)
        if not _is_traced_test(test):
            return then() if test else otherwise()
        return self._checked(branch(self.trace, test, then, otherwise, State(get, put, names)))

    def _checked(self, result: Any) -> Any:
        import optree

        for x in optree.tree_leaves(result, none_is_leaf=True):
            self.local(x)
        return result

    def assert_(self, test: Any, message: Callable[[], Any] | None) -> None:
        test = self._asked(test)
        if not _is_traced_test(test):
            assert test, message() if message is not None else ""
            return
        text = str(message()) if message is not None else ""
        self.trace.emit_all("check", truth(self.trace, test), exception="AssertionError", message=text)

    def raising(self, error: Any) -> Any:
        """The error of a `raise`: under traced control flow the run ends with it, if it comes there."""
        frames = [f for f in self.trace.frame.chain() if f.kind != "function" and not f.sure]
        if not frames:
            return error
        kind = error if isinstance(error, type) else type(error)
        if not _is_builtin_error(kind):
            raise UnsupportedError(
                f"{kind.__name__} is raised where only the run decides whether it comes to that: compiled"
                " code can raise the exceptions that are built into Python only",
                loc=user_location(),
            )
        text = "" if isinstance(error, type) else str(error)
        never = self.trace.b.literal(np.bool_(False))
        self.trace.emit_all("check", never, exception=kind.__name__, message=text)
        raise Raised(next(f for f in self.trace.frame.chain() if f.kind != "function"))

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

    def for_(
        self,
        iterable: Any,
        body: Callable[[Any], Any],
        get: Callable[[], tuple[Any, ...]],
        put: Callable[[tuple[Any, ...]], None],
        names: tuple[str, ...],
        live: Sequence[bool],
    ) -> Any:
        """A `for` loop; tell whether a break ended it."""
        variables = Variables(State(get, put, names), live)
        if isinstance(iterable, np.ndarray):
            iterable = self.trace.capture(iterable)
        iterable = plain_range(iterable)
        if isinstance(iterable, (range, Range)):
            return for_range(self.trace, iterable, body, variables)
        found = indexed(self.trace, iterable)
        if found is not None:
            length = found.length
            bounds = range(length) if isinstance(length, int) else Range(0, length, 1)
            broken = for_range(self.trace, bounds, lambda k: body(found.at(k)), variables)
            if broken is False:
                at_end(iterable)
            return broken
        return in_turn(self.trace, self.elements(iterable), body, variables)

    def while_(
        self,
        test: Callable[[], Any],
        body: Callable[[], Any],
        get: Callable[[], tuple[Any, ...]],
        put: Callable[[tuple[Any, ...]], None],
        names: tuple[str, ...],
        live: Sequence[bool],
    ) -> Any:
        """A `while` loop; tell whether a break ended it."""
        return while_loop(
            self.trace, lambda: self._asked(test()), body, Variables(State(get, put, names), live)
        )


class Shown:
    """The text of a traced value for people, whatever the format."""

    def __init__(self, tracer: Tracer) -> None:
        self.text = repr(tracer)

    def __format__(self, spec: str) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def _get() -> tuple[Any, ...]:
    return ()


def _set(state: tuple[Any, ...]) -> None:
    del state


_NO_VARIABLES = State(_get, _set, ())


def _is_builtin_error(kind: type) -> bool:
    return issubclass(kind, Exception) and getattr(builtins, kind.__name__, None) is kind


def _may_change(owner: Any, name: str, value: Any) -> bool:
    """Tell whether an attribute has to be guarded: all but those of libraries, and methods of classes."""
    if isinstance(owner, ModuleType):
        return not is_library(owner.__name__)
    if isinstance(value, np.ndarray) or not callable(value):
        return True
    if isinstance(owner, type):
        return False
    static = getattr_static(type(owner), name, None)
    return static is None or name in getattr(owner, "__dict__", ()) or hasattr(static, "__set__")


def _is_traced(args: tuple[Any, ...]) -> bool:
    """Tell whether the first argument is a tracer (or there is none)."""
    return not args or isinstance(args[0], Tracer)


def _is_traced_test(x: Any) -> bool:
    return isinstance(x, Tracer)
