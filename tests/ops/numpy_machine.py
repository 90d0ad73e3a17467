"""A Machine whose scalars are NumPy's: runs the scalar code of an operation's record directly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gradir.ir.types import DType, dtype_of


def _pow(x: Any, y: Any) -> Any:
    # np.power takes short cuts where the exponent is a scalar.
    return np.power([x], [y])[0]


_MATH: dict[str, Any] = {
    "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh, "atan": np.arctan,
    "atan2": np.arctan2, "atanh": np.arctanh, "pow": _pow,
}  # fmt: skip
_INTRINSICS = {"fabs": np.fabs}
_RELATIONS: dict[str, Any] = {
    "==": np.equal, "!=": np.not_equal,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """A NumPy scalar."""

    value: Any

    @property
    def dtype(self) -> DType:
        return dtype_of(self.value.dtype)


def _same(*numbers: Number) -> list[Any]:
    """The values, having checked that their dtypes agree."""
    assert len({n.dtype for n in numbers}) == 1, f"operands of different dtypes: {numbers}"
    return [n.value for n in numbers]


class NumpyMachine:
    """Computes what it is told to emit; `operands` are what `element` reads."""

    def __init__(self, operands: Sequence[np.ndarray] = ()) -> None:
        self.operands = operands

    def constant(self, dtype: DType, value: Any) -> Number:
        return Number(np.array(value).astype(dtype.numpy)[()])

    def add(self, x: Number, y: Number) -> Number:
        return Number(np.add(*_same(x, y)))

    def subtract(self, x: Number, y: Number) -> Number:
        return Number(np.subtract(*_same(x, y)))

    def multiply(self, x: Number, y: Number) -> Number:
        return Number(np.multiply(*_same(x, y)))

    def divide(self, x: Number, y: Number) -> Number:
        assert x.dtype.is_float
        return Number(np.divide(*_same(x, y)))

    def quotient(self, x: Number, y: Number) -> Number:
        a, b = self._divisible(x, y)
        magnitude = abs(a) // abs(b)
        return self.constant(x.dtype, magnitude if (a < 0) == (b < 0) else -magnitude)

    def modulo(self, x: Number, y: Number) -> Number:
        if not x.dtype.is_float:
            self._divisible(x, y)
        return Number(np.fmod(*_same(x, y)))

    def _divisible(self, x: Number, y: Number) -> tuple[int, int]:
        a, b = map(int, _same(x, y))
        assert b != 0, "division by 0 traps"
        assert not (b == -1 and a == np.iinfo(x.dtype.numpy).min), "the quotient overflows"
        return a, b

    def negate(self, x: Number) -> Number:
        return Number(np.negative(x.value))

    def bitand(self, x: Number, y: Number) -> Number:
        return Number(np.bitwise_and(*_same(x, y)))

    def bitor(self, x: Number, y: Number) -> Number:
        return Number(np.bitwise_or(*_same(x, y)))

    def bitxor(self, x: Number, y: Number) -> Number:
        return Number(np.bitwise_xor(*_same(x, y)))

    def shift_left(self, x: Number, y: Number) -> Number:
        return Number(np.left_shift(*self._shiftable(x, y)))

    def shift_right(self, x: Number, y: Number) -> Number:
        return Number(np.right_shift(*self._shiftable(x, y)))

    def _shiftable(self, x: Number, y: Number) -> list[Any]:
        assert 0 <= y.value < 8 * y.dtype.numpy.itemsize, "an oversized shift is poison"
        return _same(x, y)

    def compare(self, relation: str, x: Number, y: Number) -> Number:
        return Number(_RELATIONS[relation](*_same(x, y)))

    def select(self, condition: Number, x: Number, y: Number) -> Number:
        assert condition.dtype is DType.BOOL
        _same(x, y)
        return x if condition.value else y

    def convert(self, x: Number, dtype: DType) -> Number:
        return Number(x.value.astype(dtype.numpy))

    def intrinsic(self, name: str, *args: Number) -> Number:
        return Number(_INTRINSICS.get(name, getattr(np, name))(*_same(*args)))

    def call(self, name: str, *args: Number) -> Number:
        function = _MATH.get(name)
        if function is None:
            function = getattr(np, name, None) or _scipy(name)
        return Number(function(*_same(*args)))

    def special(self, name: str, *args: Number) -> Number:
        assert all(a.dtype is DType.F64 for a in args), "scipy.special is called with doubles"
        return Number(_scipy(name)(*_same(*args)))

    def element(self, operand: int, index: Sequence[Number]) -> Number:
        array = self.operands[operand]
        place = tuple(int(i.value) for i in index)
        assert len(place) == array.ndim
        inside = all(0 <= i < n for i, n in zip(place, array.shape, strict=True))
        assert inside, f"reads {place} of an array of shape {array.shape}"
        return Number(array[place])


def _scipy(name: str) -> Any:
    from scipy import special

    return getattr(special, name)
