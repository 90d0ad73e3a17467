"""Types of SSA values: arrays with a dtype and a shape of dims, and stacks of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from .dims import Shape, room

_NUMPY_NAMES = {"b": "bool", "i": "int", "u": "uint", "f": "float"}


class DType(Enum):
    """Element types; the value is the name in printed IR.

    Attributes
    ----------
    numpy
        The NumPy dtype, in native byte order.
    """

    __hash__ = object.__hash__  # that of an enum is Python code: types are looked up all the time

    numpy: np.dtype
    is_float: bool
    is_signed: bool
    is_integer: bool

    BOOL = "bool"
    I8 = "i8"
    I16 = "i16"
    I32 = "i32"
    I64 = "i64"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    F32 = "f32"
    F64 = "f64"

    def __repr__(self) -> str:
        return str(self.value)


for _dtype in DType:  # attributes, for properties would run Python code whenever a type is looked at
    _kind, _bits = _dtype.value[0], _dtype.value[1:]
    _dtype.numpy = np.dtype(_NUMPY_NAMES[_kind] + (_bits if _bits.isdigit() else ""))
    _dtype.is_float, _dtype.is_signed, _dtype.is_integer = _kind == "f", _kind == "i", _kind in "iu"
_FROM_NUMPY = {d.numpy: d for d in DType}


def dtype_of(numpy_dtype: np.dtype) -> DType:
    """Return the DType of a NumPy dtype in native byte order; KeyError where there is none."""
    return _FROM_NUMPY[np.dtype(numpy_dtype)]


@dataclass(frozen=True, slots=True)
class ArrayType:
    """An array of `shape`; a scalar has the shape ()."""

    dtype: DType
    shape: Shape = ()

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def most_bytes(self) -> int:
        """The bytes that an array takes; with sizes that the run decides, the most it can take."""
        return room(self.shape) * self.dtype.numpy.itemsize

    def with_dtype(self, dtype: DType) -> ArrayType:
        return ArrayType(dtype, self.shape)

    def with_shape(self, shape: Shape) -> ArrayType:
        return ArrayType(self.dtype, shape)

    def __str__(self) -> str:
        return f"{self.dtype.value}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True)
class StackType:
    """A last-in-first-out stack of arrays of one type: residuals of loops live there."""

    element: ArrayType

    def __str__(self) -> str:
        return f"stack<{self.element}>"


Type = ArrayType | StackType

INDEX = ArrayType(DType.I64)
BOOL = ArrayType(DType.BOOL)
F64 = ArrayType(DType.F64)
