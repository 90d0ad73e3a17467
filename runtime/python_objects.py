"""What compiled code reads and makes of Python's and NumPy's objects: their layout, their C functions."""

from __future__ import annotations

import ctypes
import importlib
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np

# Offsets in CPython's and NumPy's structures; `is_known` checks them in the running process.
TYPE, SIZE, VALUE = 8, 16, 16
ITEMS, BYTES = 24, 32  # of a tuple, or the pointer to those of a list
DATA, NDIM, DIMS, DESCR, FLAGS = 16, 24, 32, 56, 64
C_CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x100, 0x400
_ARRAY_FUNCTIONS = {"PyArray_Scalar": 60, "PyArray_NewFromDescr": 94, "PyArray_FromArray": 109}
_PYTHON_FUNCTIONS = """
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare ptr @PyList_New(i64)
declare ptr @PyList_GetItem(ptr, i64)
declare i32 @PyList_SetItem(ptr, i64, ptr)
declare ptr @PyDict_New()
declare i64 @PyDict_Size(ptr)
declare i32 @PyDict_Next(ptr, ptr, ptr, ptr)
declare ptr @PyDict_GetItemWithError(ptr, ptr)
declare i32 @PyDict_SetItem(ptr, ptr, ptr)
declare ptr @PyCell_Get(ptr)
declare ptr @PyObject_GetAttr(ptr, ptr)
declare ptr @PyObject_GetItem(ptr, ptr)
declare ptr @PyObject_Call(ptr, ptr, ptr)
declare ptr @PyObject_CallNoArgs(ptr)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyBool_FromLong(i64)
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyLong_FromLongLong(i64)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare void @PyErr_Clear()
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
"""
_OBJECTS: dict[str, Any] = {
    "type.ndarray": np.ndarray,
    "type.float": float,
    "type.int": int,
    "type.list": list,
    "type.dict": dict,
    "true": True,
}
DECLARATIONS = f"""{_PYTHON_FUNCTIONS}
declare ptr @PyArray_Scalar(ptr, ptr, ptr)
declare ptr @PyArray_NewFromDescr(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
declare ptr @PyArray_FromArray(ptr, ptr, i32)
""" + "\n".join(f"@gradir.{name} = external global i8" for name in _OBJECTS)


@cache
def is_known() -> bool:
    """Tell whether this process lays out objects as compiled code expects; give it its symbols."""
    array = np.zeros((2, 3))
    pair = [array], None
    try:
        here = id(array)
        dims = ctypes.c_int64 * 2
        same = (
            _word(here + TYPE) == id(np.ndarray)
            and _word(here + DATA) == array.ctypes.data
            and ctypes.c_int32.from_address(here + NDIM).value == 2
            and list(dims.from_address(_word(here + DIMS))) == [2, 3]
            and _word(here + DESCR) == id(np.dtype(np.float64))
            and ctypes.c_int32.from_address(here + FLAGS).value & (C_CONTIGUOUS | ALIGNED)
            == C_CONTIGUOUS | ALIGNED
            and all(_word(id(x) + SIZE) == 3 for x in ((1, 2, 3), [1, 2, 3]))
            and _word(id(pair) + ITEMS) == id(pair[0])
            and _word(_word(id(pair[0]) + ITEMS)) == here
            and ctypes.string_at(id(b"words") + BYTES, 5) == b"words"
            and all(_holds_its_value(x) for x in (np.float64(1.5), np.int64(7), 1.5))
        )
        if same:
            _provide_symbols()
    except (AttributeError, ImportError):
        return False
    return same


def _word(address: int) -> int:
    return ctypes.c_int64.from_address(address).value


def _holds_its_value(x: Any) -> bool:
    kind = ctypes.c_double if isinstance(x, float) else ctypes.c_int64
    return bool(kind.from_address(id(x) + VALUE).value == x)


def _provide_symbols() -> None:
    for name in (line.split("@")[1].split("(")[0] for line in _PYTHON_FUNCTIONS.split("\n") if line):
        llvm.add_symbol(name, ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value)
    api = importlib.import_module("numpy._core._multiarray_umath")._ARRAY_API
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.cast(get(api, None), ctypes.POINTER(ctypes.c_void_p))
    for name, place in _ARRAY_FUNCTIONS.items():
        llvm.add_symbol(name, table[place] or 0)
    for name, thing in _OBJECTS.items():
        llvm.add_symbol(f"gradir.{name}", id(thing))
