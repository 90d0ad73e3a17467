"""Calls in traced code: to table functions, the user's own (staged in turn) and gradir's transforms."""

from __future__ import annotations

import copy
import functools
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import is_dataclass, replace
from functools import partial
from inspect import getattr_static
from types import BuiltinFunctionType, BuiltinMethodType, FunctionType, GeneratorType, MethodType
from typing import Any

import numpy as np

from ..errors import NoSourceError, UnsupportedError
from .capture import attribute_path, is_library
from .dispatch import CREATION, call_handler, find_function, name_of
from .frame import Trace
from .iterables import Lazy, iterator
from .location import user_location
from .ranges import Range, check_step
from .tracer import Array, Scalar, Tracer, decides

_MUTATORS = frozenset(
    "append extend insert remove pop clear sort reverse update setdefault popitem add discard appendleft"
    " extendleft popleft rotate move_to_end __setitem__ __delitem__".split()
)
MUTABLE = (list, dict, set, deque, bytearray)
_BUILTINS = {
    len: "__len__", abs: "__abs__", float: "__float__", int: "__int__", bool: "__bool__", iter: "__iter__",
}  # fmt: skip
_ITERATING = (sum, max, min, any, all, sorted, list, tuple, set, frozenset, dict)
_HOLDING = (isinstance, issubclass, callable, id, type, zip, enumerate, iter, next, reversed)
_KEEPING = frozenset(map(id, (*_HOLDING, list, tuple, dict, set)))  # these read nothing of their arguments
_ITERATORS = ("builtins", "itertools")  # modules of iterators in C
_AMBIENT = (open, input, globals, locals, eval, exec)
_CLOCKS = ("now", "today", "utcnow")


def call(trace: Trace, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call `function` as traced code does."""
    if isinstance(function, MethodType) and hasattr(function.__func__, "__gradir_inline__"):
        return call(trace, function.__func__, (function.__self__, *args), kwargs)
    inline = getattr(function, "__gradir_inline__", None)
    if inline is not None:
        return inline(trace, args, kwargs)
    if function is range:
        return _range(trace, args)
    handler = find_function(function)
    traced = _any_traced(args) or _any_traced(kwargs.values())
    if handler is not None and not decides(args) and (handler in CREATION or traced):
        return call_handler(trace, handler, function, args, kwargs)
    _refuse_ambient(function)
    if isinstance(function, type) and _is_plain_class(function):
        return _construct(trace, function, args, kwargs)
    if isinstance(function, (BuiltinFunctionType, type)):
        return _call_builtin(trace, function, args, kwargs)
    if isinstance(function, functools.partial):
        return _call_partial(trace, function, args, kwargs)
    if isinstance(function, functools._lru_cache_wrapper):
        return call(trace, function.__wrapped__, args, kwargs)
    if isinstance(function, MethodType):
        return call(trace, function.__func__, (function.__self__, *args), kwargs)
    if isinstance(function, FunctionType):
        return _call_python(trace, function, args, kwargs)
    python = getattr(function, "py_func", None)  # numba.njit functions keep their Python source
    if isinstance(python, FunctionType):
        return _call_python(trace, python, args, kwargs)
    own = own_method(function, "__call__")
    if own is None:
        return _as_it_is(trace, function, args, kwargs)
    return _call_python(trace, own, (function, *args), kwargs)


def _call_builtin(trace: Trace, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a class, or a function or method written in C; what they call of the user's is staged."""
    own = own_method(args[0], _BUILTINS[function]) if len(args) == 1 and function in _BUILTINS else None
    if own is not None:
        return _call_python(trace, own, args, {})
    if function in _ITERATING:
        args = tuple(iterated(trace, x) for x in args)
        if args and isinstance(args[0], (GeneratorType, Lazy)) and find_function(function) is not None:
            return _fold(trace, function, iterator(trace, args[0]), args[1:], kwargs)
    _check_mutator(trace, function)
    if function.__module__ == "itertools":  # some of its functions call the user's
        args = tuple(partial(_call_back, trace, x) if isinstance(x, FunctionType) else x for x in args)
    result = _as_it_is(trace, function, args, kwargs)
    if type(result).__module__ in _ITERATORS and hasattr(type(result), "__next__"):
        return iterator(trace, result)
    if isinstance(function, type) or isinstance(result, MUTABLE):
        trace.make(result)
    return result


def _construct(trace: Trace, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make an object of a class that the user wrote in Python."""
    new = trace.make(cls.__new__(cls))
    own = own_method(new, "__post_init__") if is_dataclass(cls) else None
    if own is not None and hasattr(new, "__dict__"):  # the `__init__` that was generated has no source
        vars(new)["__post_init__"] = partial(_call_back, trace, MethodType(own, new))
    call(trace, cls.__init__, (new, *args), kwargs)
    getattr(new, "__dict__", {}).pop("__post_init__", None)
    return new


def _is_plain_class(cls: Any) -> bool:
    """Tell whether calling a class does no more than call the `__init__` that the user wrote for it."""
    plain = type(cls) is type and getattr_static(cls, "__new__") is getattr_static(object, "__new__")
    init = getattr_static(cls, "__init__", None) if plain else None
    return isinstance(init, FunctionType) and not is_library(init.__module__ or "")


def _fold(trace: Trace, function: Any, items: Lazy, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call sum, min, max, any or all on an iterator."""
    from .folds import FOLDS, rolled

    found = None if kwargs else rolled(trace, items)
    return (
        call(trace, function, (list(items), *args), kwargs)
        if found is None
        else FOLDS[function](trace, found, *args)
    )


def _call_back(trace: Trace, function: FunctionType | MethodType, /, *args: Any) -> Any:
    """What C code calls for a function of the user's."""
    return call(trace, function, args, {})


def own_method(x: Any, name: str) -> FunctionType | None:
    """Return a special method that the user wrote in Python for the class of `x`."""
    if isinstance(x, (Tracer, type)):
        return None
    method = getattr_static(type(x), name, None)
    own = isinstance(method, FunctionType) and not is_library(method.__module__ or "")
    return method if own else None


def own_property(x: Any, name: str) -> property | None:
    """Return a property that the user wrote in Python for the class of `x`."""
    if isinstance(x, (Tracer, type)):
        return None
    found = getattr_static(type(x), name, None)
    module = getattr(getattr(found, "fget", None), "__module__", "") or ""
    return found if isinstance(found, property) and not is_library(module) else None


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


def iterated(trace: Trace, x: Any) -> Any:
    """Return what the staged `__iter__` of a user's object gives; other objects as they are."""
    own = own_method(x, "__iter__")
    return x if own is None else _call_python(trace, own, (x,), {})


def _call_partial(
    trace: Trace,
    function: functools.partial[Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Call what a `functools.partial` stands for; what it holds is captured."""
    held = []
    for name in ("args", "keywords"):
        path = attribute_path(function, name, f"partial.{name}")
        held.append(trace.captures.bring_in(getattr(function, name), path))
    return call(trace, function.func, (*held[0], *args), {**held[1], **kwargs})


def _call_python(trace: Trace, function: FunctionType, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Call a Python function through its staged form, as it is where it was staged with its surroundings."""
    module = function.__module__ or ""
    if module.startswith("scipy.") and (_any_traced(args) or _any_traced(kwargs.values())):
        raise UnsupportedError(f"{name_of(function)} is not supported on traced values", loc=user_location())
    if function.__code__ in trace.staged or is_library(module):
        return _as_it_is(trace, function, args, kwargs)
    made = staged(trace, function)
    if made is function:
        return _as_it_is(trace, function, args, kwargs)
    _capture_defaults(trace, function, made, args, kwargs)
    return made(*args, **kwargs)


def _as_it_is(trace: Trace, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Call a function that is not staged; what it may read of the user's objects is guarded."""
    if id(function) not in _KEEPING and getattr(function, "__name__", "") not in _MUTATORS | {"__init__"}:
        owner = getattr(function, "__self__", None)
        trace.captures.expose((owner, *args, *kwargs.values()))
    result = function(*args, **kwargs)
    if function in (copy.copy, replace) and id(args[0]) in trace.made:
        trace.make(result)
    return result


def _capture_defaults(
    trace: Trace, function: FunctionType, made: FunctionType, args: Sequence[Any], kwargs: dict[str, Any]
) -> None:
    """Give a staged function the defaults that a call makes use of as captured values."""
    code, defaults, keywords = function.__code__, function.__defaults__ or (), function.__kwdefaults__ or {}
    names = code.co_varnames[: code.co_argcount]
    missing = names[max(len(args), len(names) - len(defaults)) :]
    if any(name not in kwargs for name in missing):
        path = attribute_path(function, "__defaults__", f"{function.__name__}.__defaults__")
        made.__defaults__ = trace.captures.bring_in(defaults, path)
    if any(name not in kwargs for name in keywords):
        path = attribute_path(function, "__kwdefaults__", f"{function.__name__}.__kwdefaults__")
        made.__kwdefaults__ = trace.captures.bring_in(keywords, path)


def staged(trace: Trace, function: Callable[..., Any]) -> FunctionType:
    """Return the staged form of a user's function; without source, the function itself."""
    from .staged import Staged
    from .staging import stage

    assert isinstance(function, FunctionType)
    try:
        return stage(function, Staged(trace, function))
    except NoSourceError:
        return function  # runs with tracers all the same; a branch on a traced value then says what to do


def _check_mutator(trace: Trace, function: Any) -> None:
    """Refuse a method that changes a container where that could not be undone, or would be seen outside."""
    from .stores import check_container

    if isinstance(function, BuiltinMethodType) and function.__name__ in _MUTATORS:
        owner = function.__self__
        if isinstance(owner, MUTABLE):
            check_container(trace, owner)


def _is_of(x: Any, module: str) -> bool:
    """Tell whether an object is of a class of a module, which is not imported for that."""
    return any(f"{kind.__module__}.".startswith(f"{module}.") for kind in type(x).__mro__)


def _refuse_ambient(function: Any) -> None:
    """Refuse what gives something else at each call: tracing would freeze its first answer."""
    owner = getattr(function, "__self__", None)
    module = getattr(function, "__module__", None) or ""
    if module.startswith("numpy.random") or _is_of(owner, "numpy.random"):
        what = "np.random"
    elif module in ("random", "secrets", "time", "uuid") or _is_of(owner, "random"):
        what = module or "random"
    elif isinstance(owner, type) and owner.__module__ == "datetime" and function.__name__ in _CLOCKS:
        what = "datetime"
    elif isinstance(function, BuiltinFunctionType) and function in _AMBIENT:
        what = f"{function.__name__}()"
    elif isinstance(owner, (ContextVar, os._Environ)) or function is os.getenv:
        what = "a context variable" if isinstance(owner, ContextVar) else "os.environ"
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
