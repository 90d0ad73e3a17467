"""Types of SSA values: arrays with a dtype and a shape of dims, and stacks of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from .dims import Shape


class DType(Enum):
    """Element types; the value is the name in printed IR."""

    __hash__ = object.__hash__  # that of an enum is Python code: types are looked up all the time

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

    @property
    def numpy(self) -> np.dtype:
        """The NumPy dtype, in native byte order."""
        return _TO_NUMPY[self]

    @property
    def is_float(self) -> bool:
        return self in (DType.F32, DType.F64)

    @property
    def is_signed(self) -> bool:
        return self in (DType.I8, DType.I16, DType.I32, DType.I64)

    @property
    def is_integer(self) -> bool:
        return not self.is_float and self is not DType.BOOL

    def __repr__(self) -> str:
        return self.value


_NUMPY_NAMES = {"bool": "bool", "i": "int", "u": "uint", "f": "float"}
_TO_NUMPY: dict[DType, np.dtype] = {
    d: np.dtype("bool" if d is DType.BOOL else _NUMPY_NAMES[d.value[0]] + d.value[1:]) for d in DType
}
_FROM_NUMPY = {n: d for d, n in _TO_NUMPY.items()}


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
