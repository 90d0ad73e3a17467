"""Operators in staged code: those that the user's classes define are staged, all others are Python's."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .branches import truth
from .calls import call, own_method
from .frame import Trace
from .tracer import Array, Scalar, Tracer

# By the names of syntax nodes: the special method, the one of the right operand, and the function.
_BINARY: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "Add": ("add", operator.add), "Sub": ("sub", operator.sub), "Mult": ("mul", operator.mul),
    "Div": ("truediv", operator.truediv), "FloorDiv": ("floordiv", operator.floordiv),
    "Mod": ("mod", operator.mod), "Pow": ("pow", operator.pow), "MatMult": ("matmul", operator.matmul),
    "BitAnd": ("and", operator.and_), "BitOr": ("or", operator.or_), "BitXor": ("xor", operator.xor),
    "LShift": ("lshift", operator.lshift), "RShift": ("rshift", operator.rshift),
}  # fmt: skip
_UNARY: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "USub": ("__neg__", operator.neg), "UAdd": ("__pos__", operator.pos),
    "Invert": ("__invert__", operator.invert),
}  # fmt: skip
_COMPARISONS: dict[str, tuple[str, str, Callable[[Any, Any], Any]]] = {
    "Eq": ("__eq__", "__eq__", operator.eq), "NotEq": ("__ne__", "__ne__", operator.ne),
    "Lt": ("__lt__", "__gt__", operator.lt), "LtE": ("__le__", "__ge__", operator.le),
    "Gt": ("__gt__", "__lt__", operator.gt), "GtE": ("__ge__", "__le__", operator.ge),
}  # fmt: skip
_PLAIN = (Tracer, int, float, np.ndarray, np.generic, str, tuple, list, dict, set, type(None), type)


def _is_plain(x: Any) -> bool:
    """Tell whether no operator of `x` is the user's own (a subclass may have its own)."""
    return isinstance(x, Tracer) or type(x) in _PLAIN or isinstance(x, np.generic)


def binary(trace: Trace, syntax: str, x: Any, y: Any) -> Any:
    """Apply a binary operator."""
    name, function = _BINARY[syntax]
    if isinstance(x, str) and syntax == "Mod":
        y = tuple(_known(trace, part) for part in (y if isinstance(y, tuple) else (y,)))
    return _reflected(trace, f"__{name}__", f"__r{name}__", function, x, y)


def _known(trace: Trace, x: Any) -> Any:
    """A value that is formatted with `%`; a traced number has to be known."""
    known = x.known() if isinstance(x, Scalar) else x
    return call(trace, str, (x,), {}) if known is None or isinstance(known, Array) else known


def compare(trace: Trace, syntax: str, x: Any, y: Any) -> Any:
    """Apply one link of a comparison."""
    if syntax not in ("Is", "IsNot"):
        trace.captures.expose((x, y))  # to the `==` that a dataclass has, and to those of elements
    if syntax in ("In", "NotIn"):
        own = None if _is_plain(y) else own_method(y, "__contains__")
        found = x in y if own is None else call(trace, own, (y, x), {})
        if not isinstance(found, Tracer):
            return bool(found) == (syntax == "In")
        value = truth(trace, found)
        return Scalar(trace, value if syntax == "In" else trace.emit("logical_not", value), weak=True)
    if syntax in ("Is", "IsNot"):
        return (x is y) == (syntax == "Is")
    return _reflected(trace, *_COMPARISONS[syntax], x, y)


def unary(trace: Trace, syntax: str, x: Any) -> Any:
    """Apply a unary operator."""
    name, function = _UNARY[syntax]
    own = None if _is_plain(x) else own_method(x, name)
    return function(x) if own is None else call(trace, own, (x,), {})


def inplace(trace: Trace, syntax: str, x: Any, y: Any) -> Any:
    """Apply an operator of an augmented assignment: in place where the left operand can."""
    name, _ = _BINARY[syntax]
    own = None if _is_plain(x) else own_method(x, f"__i{name}__")
    if own is not None:
        result = call(trace, own, (x, y), {})
        if result is not NotImplemented:
            return result
    if hasattr(type(x), f"__i{name}__"):
        return getattr(operator, f"i{name}")(x, y)
    return binary(trace, syntax, x, y)


def _reflected(
    trace: Trace, name: str, right_name: str, function: Callable[[Any, Any], Any], x: Any, y: Any
) -> Any:
    """Apply an operator by Python's rule: the left operand's method, then the right one's; that one
    first if its type is a subclass."""
    if _is_plain(x) and _is_plain(y):
        return function(x, y)
    sides = [(x, name, y), (y, right_name, x)]
    if type(y) is not type(x) and issubclass(type(y), type(x)):
        sides.reverse()
    if not any(own_method(receiver, method) for receiver, method, _ in sides):
        return function(x, y)
    for receiver, method, other in sides:
        own = own_method(receiver, method)
        if own is not None:
            result = call(trace, own, (receiver, other), {})
        else:
            result = getattr(type(receiver), method, _refuse)(receiver, other)
        if result is not NotImplemented:
            return result
    return function(x, y)  # raises Python's own error, or compares identities


def _refuse(receiver: Any, other: Any) -> Any:
    return NotImplemented
