"""What a traced function reads besides its arguments: arrays become live inputs, other values guards.

A capture is found again at each call by its getter (a global, a cell, an attribute of an object), so a
rebound or changed one is never stale: arrays are passed anew, and a guard that fails means a new trace.
"""

from __future__ import annotations

import copy
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import BuiltinFunctionType, CellType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir.graph import Value
from ..ir.types import ArrayType, dtype_of
from .location import user_location
from .tracer import Array, Tracer

Getter = Callable[[], Any]
PLAIN_ARRAYS = (np.ndarray, np.memmap)  # other subclasses (matrices, masked arrays) compute otherwise
_CONTAINERS = (list, tuple, dict, deque)
_LIBRARIES = ("numpy", "scipy", "gradir", "optree", "numba")  # and the standard library
_UNSTAGED = ("__bool__", "__getattr__")  # special methods that Python calls by itself
_MISSING = object()
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
    return bool(now == before or (now != now and before != before))


def same_contents(now: Any, before: np.ndarray[Any, Any]) -> bool:
    """Equality of arrays, NaN included, dtype and shape too."""
    if not isinstance(now, np.ndarray) or now.dtype != before.dtype or now.shape != before.shape:
        return False
    return now.tobytes() == before.tobytes()


def same_layout(now: Any, before: ArrayType) -> bool:
    return type(now) in PLAIN_ARRAYS and now.shape == before.shape and now.dtype == before.dtype.numpy


def _keys(x: Any) -> Any:
    return tuple(x) if isinstance(x, dict) else len(x) if isinstance(x, _CONTAINERS) else None


def same_keys(now: Any, before: tuple[type, Any]) -> bool:
    return (type(now), _keys(now)) == before


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
        return Path((*self.key, "item", repr(key)), lambda: self.get()[key], f"{self.label}[{key!r}]")


def cell_path(cell: CellType, name: str) -> Path:
    return Path(("cell", id(cell)), lambda: cell.cell_contents, name)


def global_path(namespace: dict[str, Any], name: str) -> Path:
    def get() -> Any:
        value = namespace.get(name, _MISSING)
        if value is _MISSING:
            builtins = namespace["__builtins__"]
            builtins = builtins if isinstance(builtins, dict) else vars(builtins)
            return builtins[name]
        return value

    return Path(("global", id(namespace), name), get, name)


def is_library(module: str) -> bool:
    """Tell whether a module is one whose names stay what they are."""
    package = module.partition(".")[0]
    return package in _LIBRARIES or package in sys.stdlib_module_names


def attribute_path(owner: Any, name: str, label: str) -> Path:
    return Path(("attribute", id(owner), name), lambda: getattr(owner, name), label)


def object_path(value: Any) -> Path:
    """An object that was met without a way to find it again: it stays the same, its contents are live."""
    return Path(("object", id(value)), lambda: value, f"captured {type(value).__name__}")


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

    def require(self, getter: Getter, expected: Any, what: str) -> None:
        """Add a guard on a value that stays what it is."""
        self.guards.append(Guard(getter, expected, same_value, what))

    def _array(self, value: np.ndarray[Any, Any], path: Path) -> Array:
        if type(value) not in PLAIN_ARRAYS:
            raise UnsupportedError(
                f"'{path.label}' is a {type(value).__name__}; gradir takes plain numpy.ndarrays",
                loc=user_location(),
            )
        handle, array_type = self.trace.add_input(value, path.label)
        self.guards.append(Guard(path.get, array_type, same_layout, path.label))
        self.arrays.append(CapturedArray(path.get, array_type, path.label, handle.buffer.value))
        return handle  # type: ignore[no-any-return]

    def _container(self, value: Any, path: Path) -> Any:
        self.guards.append(Guard(path.get, (type(value), _keys(value)), same_keys, path.label))
        pairs: Sequence[Any] = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        result = _refilled(value, [(k, self.bring_in(v, path.item(k))) for k, v in pairs])
        if not isinstance(value, tuple):
            self.protect(result)
        return result

    def _set(self, value: Any, path: Path) -> Any:
        self.guards.append(Guard(path.get, copy.copy(value), same_value, path.label))
        result = copy.copy(value)
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

    def guard_contents(self, value: np.ndarray[Any, Any], path: Path) -> None:
        """Require the contents of an array (a boolean mask, say) to be the same at later calls."""
        self.guards.append(Guard(path.get, value.copy(), same_contents, path.label))


def input_type(array: np.ndarray[Any, Any]) -> ArrayType:
    """Return the type of an input array; KeyError for a dtype that is not supported."""
    return ArrayType(dtype_of(array.dtype.newbyteorder("=")), array.shape)
