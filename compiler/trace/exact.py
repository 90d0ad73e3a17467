"""Values that no code can tell apart: equality is not enough, as 0.0 == -0.0, 1 == True, {0, 8} == {8, 0}."""

from __future__ import annotations

from collections import deque
from dataclasses import fields
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_BY_EQUALITY = (str, bytes, bool, int, type(None), type(Ellipsis))
_OPAQUE = (type, FunctionType, MethodType, ModuleType)
_BY_IDENTITY = (Enum, FunctionType, BuiltinFunctionType, np.ufunc)


def exact_key(x: Any) -> Any:
    """Return a hashable that equals only that of a value like `x`; None if `x` may be no value."""
    kind = type(x)
    if kind in _BY_EQUALITY:
        return kind, x
    if kind in (float, complex):
        return kind, repr(x)
    if isinstance(x, np.generic):
        return kind, x.dtype.str, x.tobytes()
    if isinstance(x, _BY_IDENTITY) or kind is type:
        return kind, id(x), x
    parts = [exact_key(part) for part in _parts(x)]
    return None if not parts or None in parts else (kind, *parts)


def _parts(x: Any) -> list[Any]:
    """What makes up a value, its length first: other kinds of objects have no parts."""
    if type(x) in (range, slice):
        return [x.start, x.stop, x.step]
    if type(x) in (tuple, set, frozenset):  # in their own order
        return [len(x), *x]
    return [len(fields(x)), *(getattr(x, f.name, ...) for f in fields(x))] if is_frozen(type(x)) else []


class Same:
    """The key of an object that is no value: it is equal to itself only, and kept alive."""

    __slots__ = ("object",)

    def __init__(self, x: Any) -> None:
        self.object = x

    def __hash__(self) -> int:
        return id(self.object)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.object is self.object


def snapshot(x: Any, inside: tuple[Any, ...] = ()) -> Any:
    """Return all that can be read of an object now, to any depth; equal only to that of an equal state."""
    key = exact_key(x)
    if key is not None:
        return key
    if isinstance(x, np.ndarray) and not x.dtype.hasobject:
        return type(x), x.dtype.str, x.shape, x.tobytes()
    if any(x is outer for outer in inside):
        return Same(x)
    if isinstance(x, dict):
        parts: list[Any] = [*x.keys(), *x.values()]
    elif isinstance(x, (list, tuple, set, frozenset, deque)):
        parts = [len(x), *x]
    elif not isinstance(x, _OPAQUE) and hasattr(x, "__dict__"):
        parts = [*vars(x).keys(), *vars(x).values()]
    else:
        parts = []
    return Same(x), tuple(snapshot(part, (*inside, x)) for part in parts)


def is_frozen(kind: type) -> bool:
    """Tell whether objects of a class are values: those of frozen dataclasses."""
    parameters = getattr(kind, "__dataclass_params__", None)
    return parameters is not None and bool(parameters.frozen) and bool(parameters.eq)
