"""Attributes in traced code: reads, stores, and the builtins that make them by name."""

from __future__ import annotations

from inspect import getattr_static
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from .branches import branch
from .calls import call, own_property
from .capture import attribute_path, is_library
from .frame import Trace
from .late_errors import end_run, may_not_come_here
from .leaves import NO_VARIABLES
from .location import user_location
from .missing import Missing, present
from .python_types import python_type
from .stores import store_attribute
from .tracer import Array, Tracer

ATTRIBUTES = (getattr, hasattr, setattr, vars)


def read_attribute(trace: Trace, owner: Any, name: str) -> Any:
    """Read an attribute; those of outside objects are captured, so they are never stale."""
    if isinstance(owner, Tracer) and name == "__class__":
        return python_type(owner)
    if isinstance(owner, Array) and name in ("shape", "size"):
        sizes = trace.sizes
        return tuple(map(sizes.shown, owner.shape)) if name == "shape" else sizes.shown_count(owner.shape)
    own = own_property(owner, name)
    if own is not None and isinstance(own.fget, FunctionType):
        return call(trace, own.fget, (owner,), {})
    try:
        value = getattr(owner, name)
    except AttributeError as error:
        if id(owner) in trace.made and may_not_come_here(trace):
            end_run(trace, "AttributeError", str(error))
        raise
    value = present(trace, value)
    if name == "__dict__" and any(isinstance(x, Missing) for x in value.values()):
        raise UnsupportedError(
            "an attribute of this object is assigned in one branch only, so only the run knows what its"
            " `__dict__` has",
            loc=user_location(),
        )
    if isinstance(owner, Tracer) or id(owner) in trace.made or not _may_change(owner, name, value):
        return value
    path = attribute_path(owner, name, f"{getattr(owner, '__name__', type(owner).__name__)}.{name}")
    return trace.captures.bring_in(value, path)


def write_attribute(trace: Trace, owner: Any, name: str, value: Any) -> None:
    """Assign an attribute, through the setter of a property that the user wrote."""
    own = own_property(owner, name)
    if own is not None and isinstance(own.fset, FunctionType):
        call(trace, own.fset, (owner, value), {})
    else:
        store_attribute(trace, owner, name, value)


def call_attribute(trace: Trace, function: Any, owner: Any, name: str = "__dict__", *more: Any) -> Any:
    """Call one of `ATTRIBUTES`."""
    if function is setattr:
        return write_attribute(trace, owner, name, *more)
    there = hasattr(owner, name)
    value = getattr_static(owner, name, None)
    if isinstance(value, Missing):
        return _call_missing(trace, function, value, *more)
    if function is hasattr or (more and not there):
        trace.captures.require(lambda: hasattr(owner, name), there, f"{type(owner).__name__}.{name}")
    if function is hasattr:
        return there
    return more[0] if more and not there else read_attribute(trace, owner, name)


def _call_missing(trace: Trace, function: Any, x: Missing, *more: Any) -> Any:
    """`hasattr` or `getattr` of an attribute that may not be there."""
    if x.assigned is None:
        x.asked = True
    there = x.assigned if x.assigned is not None else False
    if function is hasattr:
        return there
    if not more:
        return present(trace, x)
    if x.assigned is None:
        return more[0]
    return branch(trace, x.assigned, lambda: x.value, lambda: more[0], NO_VARIABLES)


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
