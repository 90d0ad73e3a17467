"""Questions about types: a traced value answers as the number or array that it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dispatch import implements
from .frame import Trace
from .tracer import Array, Scalar, Tracer


def python_type(x: Any) -> type:
    """Return the type that `x` has in plain Python."""
    if isinstance(x, Array):
        return np.ndarray
    return x.python_type if isinstance(x, Scalar) else type(x)


@implements(type)
def type_(trace: Trace, x: Any) -> type:
    return python_type(x)


@implements(isinstance)
def isinstance_(trace: Trace, x: Any, class_or_tuple: Any) -> bool:
    if isinstance(x, Tracer):
        return issubclass(python_type(x), class_or_tuple)
    return isinstance(x, class_or_tuple)


@implements(hasattr)
def hasattr_(trace: Trace, x: Any, name: str) -> bool:
    return hasattr(python_type(x) if isinstance(x, Tracer) else x, name)


@implements(np.isscalar)
def isscalar(trace: Trace, element: Any) -> bool:
    return isinstance(element, Scalar) if isinstance(element, Tracer) else np.isscalar(element)
