"""Python's operators on tracers: NumPy's ufuncs, or Python's own arithmetic between Python numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ShapeError, TraceError, UnsupportedError
from ..ir.types import DType
from .dispatch import find_function, implements
from .frame import Trace
from .location import user_location
from .numpy_elementwise import scalar_power, store
from .operands import is_weak, lift, own_value
from .python_numbers import OPERATORS
from .tracer import Array, Scalar, Tracer

_UFUNCS: dict[str, Any] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "divmod": np.divmod,
    "pow": np.power,
    "matmul": np.matmul,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "neg": np.negative,
    "pos": np.positive,
    "abs": np.absolute,
    "invert": np.invert,
}
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_UNARY = ("neg", "pos", "abs", "invert")


def _is_operand(x: Any) -> bool:
    return isinstance(x, (Tracer, int, float, complex, np.generic, np.ndarray, list, tuple))


def apply_operator(trace: Trace, name: str, *xs: Any) -> Any:
    """Apply the operator `name` ("add", "neg", ...) to operands of which one at least is traced."""
    weak = 0
    for x in xs:  # a loop, and one for all questions: most of what is traced comes by here
        if isinstance(x, complex):
            raise UnsupportedError("complex numbers are not supported", loc=user_location())
        weak += is_weak(x)
    if weak == len(xs):
        return OPERATORS[name](trace, *xs)
    if weak and any(isinstance(x, (list, tuple)) for x in xs):
        raise TraceError(f"unsupported operands for '{name}': a number and a sequence", loc=user_location())
    if name == "pow" and isinstance(xs[0], (Scalar, np.generic)) and _is_scalar(xs[1]):
        known = None if isinstance(xs[1], Tracer) else xs[1]
        if known != 2:  # NumPy's scalars have no shortcut for square roots
            return scalar_power(trace, *xs, exponent=known)
    handler = find_function(_UFUNCS[name])
    assert handler is not None
    return handler(trace, *xs)


def _is_scalar(x: Any) -> bool:
    return is_weak(x) or isinstance(x, (Scalar, np.generic))


def _forward(name: str) -> Callable[[Tracer, Any], Any]:
    def method(self: Tracer, other: Any) -> Any:
        if not _is_operand(other):
            return NotImplemented
        return apply_operator(self.run, name, self, other)

    return method


def _reflected(name: str) -> Callable[[Tracer, Any], Any]:
    def method(self: Tracer, other: Any) -> Any:
        if not _is_operand(other):
            return NotImplemented
        return apply_operator(self.run, name, other, self)

    return method


def _unary(name: str) -> Callable[[Tracer], Any]:
    return lambda self: apply_operator(self.run, name, self)


def _in_place(name: str) -> Callable[[Array, Any], Any]:
    def method(self: Array, other: Any) -> Any:
        if not _is_operand(other):
            return NotImplemented
        result = apply_operator(self.run, name, self, lift(self.run, other))
        if result.shape != self.shape and len(result.shape) >= len(self.shape):
            raise ShapeError(
                f"non-broadcastable output operand with shape {self.shape} doesn't match the broadcast"
                f" shape {result.shape}",
                loc=user_location(),
            )
        return store(self.run, result, self, f"ufunc '{_UFUNCS[name].__name__}' output")

    return method


def _power(self: Tracer, other: Any, modulus: Any = None) -> Any:
    if modulus is not None:
        raise UnsupportedError("pow with a modulus is not supported", loc=user_location())
    return _forward("pow")(self, other)


def truth(trace: Trace, x: Any) -> Scalar:
    """The truth of what `if`, `while`, `not`, `and`, `or` test, as a traced bool."""
    if isinstance(x, Array) and x.size != 1:
        what = (
            "more than one element is ambiguous. Use a.any() or a.all()"
            if x.size
            else "no element is ambiguous"
        )
        raise TraceError(f"The truth value of an array with {what}", loc=user_location())
    value = own_value(trace, x)
    value = value if not value.shape else trace.b.reshape(value, shape=())
    return Scalar(trace, trace.b.cast(value, DType.BOOL), weak=True)


implements(bool)(truth)


def _install() -> None:
    for name in _UFUNCS:
        if name in _UNARY:
            setattr(Tracer, f"__{name}__", _unary(name))
        elif name in _COMPARISONS:
            setattr(Tracer, f"__{name}__", _forward(name))
        else:
            setattr(Tracer, f"__{name}__", _forward(name))
            setattr(Tracer, f"__r{name}__", _reflected(name))
            if name != "divmod":
                setattr(Array, f"__i{name}__", _in_place(name))
    setattr(Tracer, "__pow__", _power)  # noqa: B010


_install()

for _name in _UFUNCS:
    _function = (
        divmod if _name == "divmod" else getattr(operator, f"{_name}_", getattr(operator, _name, None))
    )

    def _handler(trace: Trace, *xs: Any, _name: str = _name) -> Any:
        return apply_operator(trace, _name, *xs)

    if _function is not None and _function not in (abs, divmod):
        implements(_function)(_handler)
