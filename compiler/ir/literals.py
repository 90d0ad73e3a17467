"""Numbers as text, exactly: a number reads back as the same bits, NaN payloads and -0.0 included."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import Any

import numpy as np

from .dims import is_static, size
from .graph import Literal
from .types import DType

# For each float dtype: the unsigned dtype of its bits, and the bits that print as a bare `nan`.
_BITS: dict[DType, tuple[np.dtype[Any], int]] = {
    DType.F32: (np.dtype(np.uint32), 0x7FC00000),
    DType.F64: (np.dtype(np.uint64), 0x7FF8000000000000),
}


def float_text(value: float) -> str:
    """Print a float: in decimal where that is the very number, else in hexadecimal."""
    if math.isnan(value):
        return _nan_text(DType.F64, struct.unpack("<Q", struct.pack("<d", value))[0])
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = repr(value)
    return text if Decimal(text) == Decimal(value) else _hexadecimal(value)


def _hexadecimal(value: float) -> str:
    mantissa, exponent = value.hex().split("p")
    return f"{mantissa.rstrip('0')}p{exponent}"


def is_whole(literal: Literal) -> bool:
    """Tell whether a literal has a size known at compile time, and data of that size."""
    shape, itemsize = literal.type.shape, literal.type.dtype.numpy.itemsize
    return is_static(shape) and len(literal.data) == size(shape) * itemsize


def element_texts(literal: Literal) -> list[str]:
    """Print every element of a literal, in C order."""
    dtype = literal.type.dtype
    array = literal.array.ravel()
    if dtype is DType.BOOL:
        return ["true" if x else "false" for x in array.tolist()]
    if not dtype.is_float:
        return [str(x) for x in array.tolist()]
    texts = [float_text(x) for x in array.tolist()]
    for k in np.flatnonzero(np.isnan(array)).tolist():
        texts[k] = _nan_text(dtype, int(array.view(_BITS[dtype][0])[k]))
    return texts


def approximate(literal: Literal) -> str:
    """Return a scalar's shortest decimal where its exact text is hexadecimal, else ''."""
    if literal.type.shape or not element_texts(literal)[0].lstrip("-").startswith("0x"):
        return ""
    return str(literal.array[()])


def _nan_text(dtype: DType, bits: int) -> str:
    return "nan" if bits == _BITS[dtype][1] else f"nan({bits:#x})"


def nan_bits(dtype: DType, bits: int | None) -> bytes:
    """Return the bytes of a NaN given its bits, None for the one that prints as `nan`.

    Raises
    ------
    ValueError
        If the bits are not those of a NaN of `dtype`.
    """
    unsigned, default = _BITS[dtype]
    bits = default if bits is None else bits
    if bits >= 1 << 8 * unsigned.itemsize:
        raise ValueError(f"{bits:#x} has more bits than {dtype.value}")
    data = np.array(bits, unsigned).tobytes()
    if not np.isnan(np.frombuffer(data, dtype.numpy)[0]):
        raise ValueError(f"{bits:#x} is not a NaN of {dtype.value}")
    return data


def nan_float(bits: int | None) -> float:
    """Return the Python float of a NaN given its bits; ValueError as `nan_bits`."""
    return float(np.frombuffer(nan_bits(DType.F64, bits), np.float64)[0])


def float_value(text: str) -> float:
    """Read an unsigned float, decimal or hexadecimal; ValueError where it is not finite."""
    try:
        value = float.fromhex(text) if text[:2].lower() == "0x" else float(text)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large for f64")
    return value


def float_bytes(dtype: DType, value: float) -> bytes:
    """Return the bytes of a float; ValueError where `dtype` has no such number."""
    with np.errstate(over="ignore", under="ignore"):
        scalar = np.array(value).astype(dtype.numpy)
    if float(scalar) != value:
        raise ValueError(f"{value!r} is no {dtype.value}; the nearest is {float_text(float(scalar))}")
    return scalar.tobytes()


def integer_bytes(dtype: DType, value: int) -> bytes:
    """Return the bytes of an integer; ValueError where it does not fit in `dtype`."""
    limits = np.iinfo(dtype.numpy)
    if not limits.min <= value <= limits.max:
        raise ValueError(f"{value} does not fit in {dtype.value}")
    return np.array(value, dtype.numpy).tobytes()
