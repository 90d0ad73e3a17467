"""What a traced function reads besides its arguments: arrays become live inputs, other values guards.

A capture is found again at each call by its getter (a global, a cell, an attribute of an object), so a
rebound or changed one is never stale: arrays are passed anew, and a guard that fails means a new trace.
"""

from __future__ import annotations

import copy
import operator
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import BuiltinFunctionType, CellType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir.graph import Value
from ..ir.types import ArrayType, dtype_of
from ..reads import AttributeRead, CellRead, Getter, GlobalRead, ItemRead, ObjectRead
from .exact import exact_key, snapshot
from .frame import Buffer
from .location import user_location
from .tracer import Array, Tracer, c_strides

PLAIN_ARRAYS = (np.ndarray, np.memmap)  # other subclasses (matrices, masked arrays) compute otherwise
_CONTAINERS = (list, tuple, dict, deque)
_LIBRARIES = ("numpy", "scipy", "gradir", "optree", "numba")  # and the standard library
_UNSTAGED = ("__bool__", "__getattr__")  # special methods that Python calls by itself
_SUBTLE = (complex, range, slice, frozenset)
IMMUTABLE = (str, bytes, type(None), int, float, complex, bool, np.generic, slice, range, type(Ellipsis))


@dataclass(frozen=True, slots=True)
class Guard:
    """A value that must be the same at a later call for the compiled code to be right."""

    getter: Getter
    expected: Any
    holds: Callable[[Any, Any], bool]
    what: str

    def check(self) -> bool:
        try:
            return self.holds(self.getter(), self.expected)
        except (NameError, AttributeError, LookupError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class CapturedArray:
    """An array that is read at each call and passed as a hidden input."""

    getter: Getter
    type: ArrayType
    ordered: bool  # in C order: what is a view of it then is a copy of others
    label: str
    value: Value


def same_object(now: Any, before: Any) -> bool:
    return now is before


def same_value(now: Any, before: Any) -> bool:
    if now is before:
        return True
    if type(now) is not type(before):
        return False
    if isinstance(now, (float, np.floating)) and now == before:
        return bool(np.signbit(now) == np.signbit(before))  # 0.0 and -0.0 are equal, and differ
    if isinstance(now, _SUBTLE):
        return bool(exact_key(now) == exact_key(before))
    return bool(now == before or (now != now and before != before))


def same_contents(now: Any, before: np.ndarray[Any, Any]) -> bool:
    """Equality of arrays, NaN included, dtype and shape too."""
    if not isinstance(now, np.ndarray) or now.dtype != before.dtype or now.shape != before.shape:
        return False
    return now.tobytes() == before.tobytes()


def same_layout(now: Any, before: tuple[ArrayType, bool]) -> bool:
    kind, ordered = before
    if type(now) not in PLAIN_ARRAYS or now.shape != kind.shape or now.flags.c_contiguous != ordered:
        return False
    return bool(now.dtype.newbyteorder("=") == kind.dtype.numpy)


def _keys(x: Any) -> Any:
    return tuple(x) if isinstance(x, dict) else len(x) if isinstance(x, _CONTAINERS) else None


def same_keys(now: Any, before: tuple[type, Any]) -> bool:
    return (type(now), _keys(now)) == before


def same_elements(now: Any, before: tuple[type, tuple[Any, ...]]) -> bool:
    """Equality of sets, with the order in which they are run through."""
    kind, elements = before
    found: tuple[Any, ...] = (*now,) if isinstance(now, (set, frozenset)) else ()
    same_size = type(now) is kind and len(found) == len(elements)
    return same_size and all(map(same_value, found, elements))


def _refilled(container: Any, items: Sequence[tuple[Any, Any]]) -> Any:
    """Return a copy of a container, of its own type, with other elements."""
    if isinstance(container, tuple):
        return tuple.__new__(type(container), [v for _, v in items])
    result = copy.copy(container)
    for key, v in items:
        result[key] = v
    return result


@dataclass(frozen=True, slots=True)
class Path:
    """How a captured value is found: `get()` reads it anew; two paths are the same if their keys are."""

    key: tuple[Any, ...]
    get: Getter
    label: str

    def item(self, key: Any) -> Path:
        return Path((*self.key, "item", repr(key)), ItemRead(self.get, key), f"{self.label}[{key!r}]")


def cell_path(cell: CellType, name: str) -> Path:
    return Path(("cell", id(cell)), CellRead(cell), name)


def global_path(namespace: dict[str, Any], name: str) -> Path:
    return Path(("global", id(namespace), name), GlobalRead(namespace, name), name)


def is_library(module: str) -> bool:
    """Tell whether a module is one whose names stay what they are."""
    package = module.partition(".")[0]
    return package in _LIBRARIES or package in sys.stdlib_module_names


def attribute_path(owner: Any, name: str, label: str) -> Path:
    return Path(("attribute", id(owner), name), AttributeRead(owner, name), label)


def _is_plain_object(x: Any) -> bool:
    return not isinstance(x, (Tracer, type)) and not is_library(type(x).__module__)


def object_path(value: Any) -> Path:
    """An object that was met without a way to find it again: it stays the same, its contents are live."""
    return Path(("object", id(value)), ObjectRead(value), f"captured {type(value).__name__}")


@dataclass(slots=True)
class Captures:
    """The guards and hidden inputs of one trace."""

    trace: Any
    guards: list[Guard] = field(default_factory=list)
    arrays: list[CapturedArray] = field(default_factory=list)
    containers: dict[int, Any] = field(default_factory=dict)  # copies of the user's lists and dicts, by id
    originals: list[tuple[Any, Any]] = field(default_factory=list)  # those copies, and a copy of each
    _seen: dict[tuple[Any, ...], Any] = field(default_factory=dict)  # what each path gave
    _kept: list[Any] = field(default_factory=list)  # keeps objects alive, so that an id stays its own

    def bring_in(self, value: Any, path: Path) -> Any:
        """Return what traced code sees of a value from outside, and remember how to find it again."""
        if isinstance(value, Tracer) or (isinstance(value, ModuleType) and is_library(value.__name__)):
            return value
        key = (path.key, id(value))
        if key not in self._seen:
            self._kept.append(value)
            self._seen[key] = self._bring_in(value, path)
        return self._seen[key]

    def _bring_in(self, value: Any, path: Path) -> Any:
        if isinstance(value, np.ndarray):
            return self._array(value, path)
        if isinstance(value, (*IMMUTABLE, MethodType, BuiltinFunctionType)):
            self.guards.append(Guard(path.get, value, same_value, path.label))
        elif isinstance(value, _CONTAINERS):
            return self._container(value, path)
        elif isinstance(value, (set, frozenset)):
            return self._set(value, path)
        elif hasattr(type(value), "__next__"):
            raise UnsupportedError(
                f"'{path.label}' is an iterator from outside of the traced function: tracing would use it up."
                " Pass what it gives as an argument",
                loc=user_location(),
            )
        else:
            self.guards.append(Guard(path.get, value, same_object, path.label))
            self.watch(value)
        return value

    def watch(self, value: Any) -> None:
        """Guard what special methods that are not staged may read of an object."""
        own = [vars(c) for c in type(value).__mro__[:-1] if not is_library(c.__module__)]
        if any(name in names for names in own for name in _UNSTAGED):
            for name, attribute in sorted(getattr(value, "__dict__", {}).items()):
                holds = same_value if isinstance(attribute, IMMUTABLE) else same_object
                path = attribute_path(value, name, f"{type(value).__name__}.{name}")
                self.guards.append(Guard(path.get, attribute, holds, path.label))

    def expose(self, values: Iterable[Any]) -> None:
        """Guard all that code which is not staged may read of its arguments: objects from outside."""
        for x in values:
            if isinstance(x, (*_CONTAINERS, set)):
                self.expose(x.values() if isinstance(x, dict) else x)
            elif hasattr(x, "__dict__") and _is_plain_object(x) and id(x) not in self.trace.made:
                self.guards.append(Guard(partial(snapshot, x), snapshot(x), operator.eq, type(x).__name__))

    def require(self, getter: Getter, expected: Any, what: str) -> None:
        """Add a guard on a value that stays what it is."""
        self.guards.append(Guard(getter, expected, same_value, what))

    def _array(self, value: np.ndarray[Any, Any], path: Path) -> Array:
        if type(value) not in PLAIN_ARRAYS:
            raise UnsupportedError(
                f"'{path.label}' is a {type(value).__name__}; gradir takes plain numpy.ndarrays",
                loc=user_location(),
            )
        try:
            type_ = input_type(value)
        except KeyError:
            raise UnsupportedError(
                f"the array '{path.label}' has dtype {value.dtype}; gradir takes bool, integers,"
                " float32 and float64",
                loc=user_location(),
            ) from None
        ssa = self.trace.input(type_, path.label)
        ordered = bool(value.flags.c_contiguous)
        self.guards.append(Guard(path.get, (type_, ordered), same_layout, path.label))
        self.arrays.append(CapturedArray(path.get, type_, ordered, path.label, ssa))
        readonly = (
            f"'{path.label}' is an array from outside of the traced function, which is not written to:"
            f" copy it first (`{path.label} = {path.label}.copy()`)"
        )
        strides = c_strides(value.shape) if ordered else None
        return Array(self.trace, Buffer(ssa, self.trace.root, readonly), (), strides)

    def _container(self, value: Any, path: Path) -> Any:
        self.guards.append(Guard(path.get, (type(value), _keys(value)), same_keys, path.label))
        pairs: Sequence[Any] = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        result = _refilled(value, [(k, self.bring_in(v, path.item(k))) for k, v in pairs])
        if not isinstance(value, tuple):
            self.protect(result)
        return result

    def _set(self, value: Any, path: Path) -> Any:
        self.guards.append(Guard(path.get, (type(value), tuple(value)), same_elements, path.label))
        copied = copy.copy(value)
        result = copied if list(copied) == list(value) else value  # a copy may have another order
        self.protect(result)
        return result

    def protect(self, container: Any) -> None:
        """Remember a container from outside: nothing may be stored to it."""
        self.containers[id(container)] = container
        self.originals.append((container, copy.copy(container)))

    def contents(self, value: Value) -> np.ndarray[Any, Any] | None:
        """Return what a captured array holds, required from now on to be the same at later calls."""
        for captured in self.arrays:
            if captured.value is value:
                array: np.ndarray[Any, Any] = captured.getter()
                self.guards.append(Guard(captured.getter, array.copy(), same_contents, captured.label))
                return array
        return None


def input_type(array: np.ndarray[Any, Any]) -> ArrayType:
    """Return the type of an input array; KeyError for a dtype that is not supported."""
    return ArrayType(dtype_of(array.dtype.newbyteorder("=")), array.shape)
