"""Calls in traced code: to table functions, the user's own (staged in turn) and gradir's transforms."""

from __future__ import annotations

import functools
import random
import sys
from collections import deque
from collections.abc import Sequence
from inspect import getattr_static
from types import BuiltinFunctionType, BuiltinMethodType, CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from ..errors import NoSourceError, UnsupportedError
from .dispatch import CREATION, call_handler, find_function, name_of
from .frame import Trace, user_location
from .loops import Range, check_step
from .tracer import Array, Scalar, Tracer

_MUTATORS = frozenset(
    "append extend insert remove pop clear sort reverse update setdefault popitem add discard appendleft"
    " extendleft popleft rotate move_to_end __setitem__ __delitem__".split()
)
_LIBRARIES = ("numpy", "scipy", "gradir", "optree", "numba")  # and the standard library
_MUTABLE = (list, dict, set, deque, bytearray)
_CLOCKS = ("now", "today", "utcnow")


def call(
    trace: Trace, known: set[CodeType], function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call `function` as traced code does."""
    inline = getattr(function, "__gradir_inline__", None)
    if inline is not None:
        return inline(trace, args, kwargs)
    if function is range:
        return _range(trace, args)
    handler = find_function(function)
    if handler is not None and (handler in CREATION or _any_traced(args) or _any_traced(kwargs.values())):
        return call_handler(trace, handler, name_of(function), args, kwargs)
    _refuse_ambient(function)
    if isinstance(function, functools.partial):
        return call(trace, known, function.func, (*function.args, *args), {**function.keywords, **kwargs})
    if isinstance(function, MethodType):
        return call(trace, known, function.__func__, (function.__self__, *args), kwargs)
    if isinstance(function, FunctionType):
        return _call_python(trace, known, function, args, kwargs)
    python = getattr(function, "py_func", None)  # numba.njit functions keep their Python source
    if isinstance(python, FunctionType):
        return _call_python(trace, known, python, args, kwargs)
    _check_mutator(trace, function)
    own = getattr_static(type(function), "__call__", None)
    if isinstance(own, FunctionType) and not isinstance(function, type):
        return _call_python(trace, known, own, (function, *args), kwargs)
    result = function(*args, **kwargs)
    if isinstance(function, type):
        trace.made[id(result)] = result
    return result


def _any_traced(values: Any) -> bool:
    pending = list(values)
    while pending:
        x = pending.pop()
        if isinstance(x, (Tracer, np.ndarray)):
            return True
        if isinstance(x, (list, tuple)):
            pending.extend(x)
        elif isinstance(x, dict):
            pending.extend(x.values())
    return False


def _call_python(
    trace: Trace, known: set[CodeType], function: FunctionType, args: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """Call a Python function through its staged form, as it is where it was staged with its surroundings."""
    if function.__code__ in known or _is_library(function):
        return function(*args, **kwargs)
    return staged(trace, known, function)(*args, **kwargs)


def staged(trace: Trace, known: set[CodeType], function: FunctionType) -> FunctionType:
    """Return the staged form of a user's function; without source, the function itself."""
    from .staged import Staged
    from .staging import stage

    try:
        return stage(function, Staged(trace, function, known))
    except NoSourceError:
        return function  # runs with tracers all the same; a branch on a traced value then says what to do


def _is_library(function: FunctionType) -> bool:
    package = (function.__module__ or "").partition(".")[0]
    return package in _LIBRARIES or package in sys.stdlib_module_names


def _check_mutator(trace: Trace, function: Any) -> None:
    """Refuse a method that changes a container where that could not be undone, or would be seen outside."""
    from .staged import check_container

    owner = getattr(function, "__self__", None)
    if isinstance(function, (BuiltinFunctionType, BuiltinMethodType)) and isinstance(owner, _MUTABLE):
        if function.__name__ in _MUTATORS:
            check_container(trace, owner)


def _refuse_ambient(function: Any) -> None:
    """Refuse what gives something else at each call: tracing would freeze its first answer."""
    owner = getattr(function, "__self__", None)
    module = getattr(function, "__module__", None) or ""
    if module.startswith("numpy.random") or isinstance(owner, (np.random.RandomState, np.random.Generator)):
        what = "np.random"
    elif module in ("random", "secrets", "time", "uuid") or isinstance(owner, random.Random):
        what = module or "random"
    elif isinstance(owner, type) and owner.__module__ == "datetime" and function.__name__ in _CLOCKS:
        what = "datetime"
    else:
        return
    raise UnsupportedError(
        f"{what} in traced code would be called once, at tracing: call it before, and pass the result as an"
        " argument",
        loc=user_location(),
    )


def _range(trace: Trace, args: tuple[Any, ...]) -> range | Range:
    """Return a range, of tracers where a bound is only known at run time."""
    if not any(isinstance(a, Tracer) for a in args):
        return range(*args)
    for a in args:
        if isinstance(a, Array) or (isinstance(a, Scalar) and a.dtype.kind not in "iub"):
            raise TypeError(f"'{a.dtype}' object cannot be interpreted as an integer")
    start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
    check_step(trace, step)
    return Range(start, stop, step)
