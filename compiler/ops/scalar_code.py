"""Pieces of scalar code that several operations' lowerings share, written for any Machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ir.operation import Machine
from ..ir.types import DType

Emit = Callable[..., Any]


def primitive(method: str) -> Emit:
    """Emit the Machine's own operation of that name."""
    return lambda m, *args: getattr(m, method)(*args)


def libm(name: str) -> Emit:
    """Emit a call of a C math function."""
    return lambda m, *args: m.call(name, *args)


def intrinsic(name: str) -> Emit:
    """Emit a rounding, sign or root instruction."""
    return lambda m, *args: m.intrinsic(name, *args)


def scipy_function(name: str) -> Emit:
    """Emit a call of a function of scipy.special, which computes in double precision."""

    def emit(m: Machine, *args: Any) -> Any:
        return m.convert(m.special(name, *(m.convert(x, DType.F64) for x in args)), args[0].dtype)

    return emit


def constant(m: Machine, like: Any, value: Any) -> Any:
    """A constant with the dtype of the scalar `like`."""
    return m.constant(like.dtype, value)


def negation(m: Machine, x: Any) -> Any:
    """The other truth value."""
    return m.bitxor(x, m.constant(DType.BOOL, True))


def is_nan(m: Machine, x: Any) -> Any:
    return m.compare("!=", x, x)


def is_zero(m: Machine, x: Any) -> Any:
    return m.compare("==", x, constant(m, x, 0))


def is_negative(m: Machine, x: Any) -> Any:
    return m.compare("<", x, constant(m, x, 0))


def clamp(m: Machine, x: Any, low: Any, high: Any) -> Any:
    """`x` where it lies between two scalars, otherwise the nearer of them."""
    x = m.select(m.compare("<", x, low), low, x)
    return m.select(m.compare(">", x, high), high, x)
