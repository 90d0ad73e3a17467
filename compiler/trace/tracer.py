"""Tracers: what stands for numbers and arrays while a function is traced.

`Scalar` is an immutable number; `Array` a mutable handle on a buffer, possibly a view of it.
What NumPy functions do with them stands in the tables of `numpy_*.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConcretizationError, UnsupportedError
from ..ir.graph import Value
from ..ir.types import ArrayType, DType
from .frame import Buffer, Frame, Trace
from .lens import Lens, c_strides
from .lens_fusion import fused
from .location import user_location

if TYPE_CHECKING:
    from typing import Never

_PYTHON_KINDS = {DType.BOOL: bool, DType.I64: int, DType.F64: float}

_TEXT = "text (an f-string, str, format; but for print and the messages of errors)"
_BRANCH = "a branch (`if`, `and`, `in`, `sorted` ...) in code whose source gradir does not have"
_ADVICE = ": define the function in a file, or use np.where"


def decides(xs: Iterable[Any]) -> bool:
    """Tell whether there is an array-like among `xs` that knows what to do with tracers."""
    return any(isinstance(x, np.lib.mixins.NDArrayOperatorsMixin) for x in xs)


class Tracer:
    """Behaviour that numbers and arrays share: operators, methods and NumPy's protocols."""

    __slots__ = ("run",)
    run: Trace

    # NumPy asks these before it would convert to an object array.
    __array_priority__ = 1000

    @property
    def value(self) -> Value:
        """The SSA value of the contents now."""
        raise NotImplementedError  # pragma: no cover

    @property
    def shape(self) -> tuple[Any, ...]:
        return self.value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype.numpy

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from .dispatch import apply_ufunc

        if decides(inputs):
            return NotImplemented
        return apply_ufunc(self.run, ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from .dispatch import apply_function

        return apply_function(self.run, function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        from .dispatch import find_method

        return find_method(self, name)

    def __copy__(self) -> Any:
        return self if isinstance(self, Scalar) else self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.__copy__()

    def __array__(self, *args: Any, **kwargs: Any) -> Never:
        raise ConcretizationError(
            "this would turn a traced value into a concrete NumPy array, and lose its gradient."
            " Use a NumPy function that gradir supports instead",
            loc=user_location(),
        )

    def _concrete(self, what: str, advice: str = "") -> ConcretizationError:
        """The error for Python code that asks for a value that is only known at run time."""
        return ConcretizationError(
            f"{what} needs the value of a traced number, which is only known at run time{advice}",
            loc=user_location(),
        )

    __hash__ = None  # type: ignore[assignment]


class Scalar(Tracer):
    """A traced number.

    `weak` says that it is a Python number (`float`, `int`, `bool`) and promotes like one; otherwise it
    is a NumPy scalar.
    """

    __slots__ = ("_value", "frame", "weak")

    def __init__(self, trace: Trace, value: Value, *, weak: bool) -> None:
        self.run = trace
        self._value = value
        self.frame = trace.frame
        self.weak = weak

    @property
    def value(self) -> Value:
        self.run.check_open(self.frame)
        return self._value

    def __repr__(self) -> str:
        return f"<traced {self._value.type}>"

    @property
    def python_type(self) -> type:
        """The type that the number has under plain Python."""
        return _PYTHON_KINDS[self._value.dtype] if self.weak else self.dtype.type

    def known(self) -> Any:
        """Return the number where it is known while tracing (and guard it), None where it is not."""
        from .known import known_value

        value = known_value(self.run, self.value)
        return None if value is None else value.item()

    def _look(self, what: str, reason: str, advice: str = "") -> Any:
        """Return the number; where only the run knows it, give up rolling a loop, or raise."""
        value = self.known()
        if value is None:
            self.run.needs_value(self.value, reason)
            raise self._concrete(what, advice)
        return value

    def __index__(self) -> int:
        if self._value.dtype.is_float:
            raise TypeError("'float' object cannot be interpreted as an integer")
        reason = "a number known only at run time is an index of a container, or a size"
        return int(self._look("an index of a container, or a size,", reason))

    def __int__(self) -> int:
        return int(self._look("int()", "Python needs the value of a number known only at run time"))

    def __bool__(self) -> bool:
        return bool(self._look(_BRANCH, "a decision depends on a number known only at run time", _ADVICE))

    def __float__(self) -> float:
        what = "float() or a math function that gradir does not know"
        return float(self._look(what, "Python needs the value of a number known only at run time"))

    def __complex__(self) -> complex:
        raise UnsupportedError("complex numbers are not supported", loc=user_location())

    def __format__(self, spec: str) -> str:
        return format(self._look(_TEXT, "the text of a number known only at run time is needed"), spec)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self._look("a dict key or set member", "a number known only at run time is a key"))


class Array(Tracer):
    """A handle on a buffer: the whole of it, or what `lenses` show of it.

    `steps` are the strides in elements, as NumPy's would be; None where the memory order is not known.
    """

    __slots__ = ("_read", "_shape", "buffer", "lenses", "steps")

    def __init__(
        self,
        trace: Trace,
        buffer: Buffer,
        lenses: tuple[Lens, ...] = (),
        strides: tuple[int, ...] | None = None,
    ) -> None:
        self.run = trace
        self.buffer = buffer
        self.lenses = lenses
        self.steps = strides
        shape = buffer.value.shape
        for lens in lenses:
            shape = lens.shape(shape)
        self._shape = shape
        self._read: tuple[Value, Frame, Value] | None = None  # of what, where, and what it gave

    @property
    def value(self) -> Value:
        whole = self.run.read(self.buffer)
        if self._read is None or self._read[0] is not whole or self._read[1].closed:
            self._read = (whole, self.run.frame, self._path()[-1])
        return self._read[2]

    @property
    def shape(self) -> tuple[Any, ...]:
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.buffer.value.dtype.numpy

    def __repr__(self) -> str:
        return f"<traced {ArrayType(self.buffer.value.dtype, self._shape)}>"

    def _path(self) -> list[Value]:
        """The values from the whole buffer to this view of it."""
        path = [self.run.read(self.buffer)]
        for lens in self.lenses:
            path.append(lens.get(self.run.b, path[-1]))
        return path

    def through(self, lens: Lens, strides: tuple[int, ...] | None = None) -> Array:
        """Return a view of this view; `strides` default to what the lens makes of them."""
        if strides is None and self.steps is not None:
            strides = lens.strides(self.steps)
        lenses = fused(self.run.b, self.lenses, lens, self.buffer.value.shape)
        return Array(self.run, self.buffer, lenses, strides)

    def write(self, part: Value) -> None:
        """Replace the contents that this handle shows; `part` has its type exactly."""
        path = self._path()
        for lens, whole in zip(reversed(self.lenses), reversed(path[:-1]), strict=True):
            part = lens.put(self.run.b, whole, part)
        self.run.write(self.buffer, part)

    def __format__(self, spec: str) -> str:
        raise self._concrete(_TEXT)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return operator.index(self.shape[0])

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))  # type: ignore[index]

    def __bool__(self) -> bool:
        self.run.needs_value(self.value, "a decision depends on an array known only at run time")
        raise self._concrete(_BRANCH, _ADVICE)

    def __index__(self) -> int:
        self.run.needs_value(self.value, "Python needs the value of an array known only at run time")
        raise self._concrete("an index of a container, or a size,")

    def __float__(self) -> float:
        raise self._concrete("float()")


def wrap(trace: Trace, value: Value, *, weak: bool = False) -> Scalar | Array:
    """Return what NumPy's result would be: a scalar where the rank is 0, else a new C-ordered array."""
    if not value.shape:
        return Scalar(trace, value, weak=weak)
    return new_array(trace, value)


def new_array(trace: Trace, value: Value, *, ordered: bool = True, readonly: str = "") -> Array:
    """Return a handle on a new buffer, also for rank 0; `ordered` says that its memory is in C order."""
    ordered = ordered or sum(d != 1 for d in value.shape) < 2
    return Array(trace, trace.buffer(value, readonly), (), c_strides(value.shape) if ordered else None)


def maybe_same(result: Array, x: Array) -> Array:
    """Return a new array that may be the memory of `x`: after a write to one the other cannot be read."""
    for other in (x.buffer, *x.buffer.may_alias):
        other.may_alias.append(result.buffer)
        result.buffer.may_alias.append(other)
    return result


__all__ = ["Array", "Scalar", "Tracer", "c_strides", "maybe_same", "new_array", "wrap"]
