"""The tables from NumPy, math, scipy.special and builtin functions to their traced versions."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

import numpy as np

from ..errors import UnsupportedError
from .frame import Trace
from .location import user_location

# A handler takes the trace and then exactly the arguments of the function it stands for; a parameter
# it lacks is a keyword that gradir does not support.
Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)

FUNCTIONS: dict[Any, Handler] = {}
CREATION: set[Handler] = set()  # make arrays that traced code may write to, or iterators, of any arguments
METHODS: dict[str, Handler] = {}  # methods and properties of arrays and numbers
PROPERTIES: dict[str, Handler] = {}

# What NumPy passes for a keyword that was not given.
NO_VALUE: Any = np._NoValue


def implements(*functions: Any, method: str | None = None, creates: bool = False) -> Callable[[H], H]:
    """Register a handler for NumPy (or other) functions, and as an array method of that name.

    `creates` says that it makes arrays or iterators, also of arguments that are all concrete.
    """

    def register(handler: H) -> H:
        for function in functions:
            assert function not in FUNCTIONS, f"{function} has two handlers"
            FUNCTIONS[function] = handler
        if creates:
            CREATION.add(handler)
        if method is not None:
            assert method not in METHODS
            METHODS[method] = handler
        return handler

    return register


@cache
def load_tables() -> None:
    """Import every module that registers handlers."""
    from . import numpy_all

    del numpy_all


@cache
def _load_scipy_table() -> None:
    from . import scipy_special

    del scipy_special


def find_function(function: Any) -> Handler | None:
    """Return the handler of `function`, None where it is not in the tables."""
    load_tables()
    if "scipy.special" in sys.modules:  # else nobody can hold one of its functions
        _load_scipy_table()
    try:
        return FUNCTIONS.get(function)
    except TypeError:  # unhashable callables are nobody's
        return None


def name_of(function: Any) -> str:
    """Return how the user writes `function`: np.sin, scipy.special.erf; a text as it is."""
    if isinstance(function, str):
        return function
    name = getattr(function, "__name__", repr(function))
    module = (getattr(function, "__module__", None) or "numpy").replace("numpy", "np", 1)
    if isinstance(function, np.ufunc) and getattr(np, name, None) is not function:
        module = "scipy.special"
    module = ".".join(part for part in module.split(".") if not part.startswith("_"))
    return f"{module}.{name}"


def apply_function(trace: Trace, function: Any, args: Iterable[Any], kwargs: dict[str, Any]) -> Any:
    """Call the handler of `function`; without one, or with a keyword that it lacks, refuse by name."""
    handler = find_function(function)
    if handler is None:
        raise UnsupportedError(f"{name_of(function)} is not supported on traced values", loc=user_location())
    return call_handler(trace, handler, function, tuple(args), kwargs)


@cache
def _misfit(handler: Handler, count: int, names: tuple[str, ...]) -> str:
    """Say what keeps a handler from taking so many arguments and these keywords; "" if nothing does."""
    try:
        inspect.signature(handler).bind(*(None,) * count, **dict.fromkeys(names))
    except TypeError as error:
        return str(error)
    return ""


def call_handler(
    trace: Trace, handler: Handler, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call the handler of `function` (or of what has this name), if it takes such arguments."""
    misfit = _misfit(handler, 1 + len(args), tuple(kwargs))
    if misfit:
        raise UnsupportedError(
            f"{name_of(function)}: {misfit} in gradir's version of it", loc=user_location()
        )
    return handler(trace, *args, **kwargs)


def apply_ufunc(
    trace: Trace, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Apply a ufunc or one of its methods (`np.add.reduce` ...)."""
    if method != "__call__":
        handler = find_function((ufunc, method))
        name = f"{name_of(ufunc)}.{method}"
        if handler is None:
            raise UnsupportedError(f"{name} is not supported on traced values", loc=user_location())
        return call_handler(trace, handler, name, inputs, kwargs)
    return apply_function(trace, ufunc, inputs, kwargs)


def find_method(tracer: Any, name: str) -> Any:
    """Return a method or property of a tracer from the tables."""
    if name.startswith("__"):
        raise AttributeError(name)
    load_tables()
    if name in PROPERTIES:
        return PROPERTIES[name](tracer.run, tracer)
    handler = METHODS.get(name)
    if handler is not None:

        def method(*args: Any, **kwargs: Any) -> Any:
            return call_handler(tracer.run, handler, f"ndarray.{name}", (tracer, *args), kwargs)

        return method
    if hasattr(np.ndarray, name):
        raise UnsupportedError(f"ndarray.{name} is not supported on traced values", loc=user_location())
    raise AttributeError(f"an array has no attribute '{name}'")
