"""A built-in Python function made by LLVM: arrays in, a tuple of new arrays out, in under a microsecond.

It reads NumPy's array structures itself and takes only what needs no conversion: exact arrays of
the right dtype object and shape, C-contiguous and aligned, and for rank 0 also Python and NumPy
numbers. For anything else it returns None, and the caller goes the slow way.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from ..ir.dims import static
from ..ir.types import ArrayType, DType
from ..lower.llvm_text import FunctionText

# Offsets in CPython's and NumPy's structures; `is_known` checks them in the running process.
_TYPE, _DATA, _NDIM, _DIMS, _DESCR, _FLAGS = 8, 16, 24, 32, 56, 64
_CONTIGUOUS_AND_ALIGNED = 0x101
_NEW_FROM_DESCR = 94  # the place of PyArray_NewFromDescr in NumPy's C API
_FASTCALL = 0x80
_PYTHON_FUNCTIONS = (
    "PyTuple_New PyTuple_SetItem PyList_New PyList_SetItem PyLong_FromLongLong PyLong_AsLongLongAndOverflow "
    "PyEval_SaveThread PyEval_RestoreThread Py_IncRef Py_DecRef"
).split()
_DECLARATIONS = """
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare ptr @PyList_New(i64)
declare i32 @PyList_SetItem(ptr, i64, ptr)
declare ptr @PyLong_FromLongLong(i64)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyArray_NewFromDescr(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
"""


class _Method(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


def make_function(address: int, name: str) -> Callable[..., Any]:
    """Return the built-in function at `address`; whoever holds the code must hold the result no longer."""
    method = _Method(name.encode(), address, _FASTCALL, None)
    new = ctypes.pythonapi.PyCMethod_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p] * 4
    function = new(ctypes.addressof(method), None, None, None)
    _methods.append(method)
    return function  # type: ignore[no-any-return]


_methods: list[_Method] = []  # CPython keeps pointers to them


@cache
def is_known() -> bool:
    """Tell whether this process lays out arrays and numbers as the entry expects; give it its symbols."""
    array = np.zeros((2, 3))
    try:
        here = id(array)
        dims = ctypes.c_int64 * 2
        same = (
            ctypes.c_int64.from_address(here + _TYPE).value == id(np.ndarray)
            and ctypes.c_int64.from_address(here + _DATA).value == array.ctypes.data
            and ctypes.c_int32.from_address(here + _NDIM).value == 2
            and list(dims.from_address(ctypes.c_int64.from_address(here + _DIMS).value)) == [2, 3]
            and ctypes.c_int64.from_address(here + _DESCR).value == id(np.dtype(np.float64))
            and ctypes.c_int32.from_address(here + _FLAGS).value & _CONTIGUOUS_AND_ALIGNED
            == _CONTIGUOUS_AND_ALIGNED
            and all(_holds_its_value(x) for x in (np.float64(1.5), np.int64(7), 1.5))
        )
        if same:
            _provide_symbols()
    except (AttributeError, ImportError):
        return False
    return same


def _holds_its_value(x: Any) -> bool:
    kind = ctypes.c_double if isinstance(x, float) else ctypes.c_int64
    return bool(kind.from_address(id(x) + _DATA).value == x)


def _provide_symbols() -> None:
    for name in _PYTHON_FUNCTIONS:
        address = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
        assert address is not None
        llvm.add_symbol(name, address)
    api = importlib.import_module("numpy._core._multiarray_umath")._ARRAY_API
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.cast(get(api, None), ctypes.POINTER(ctypes.c_void_p))
    llvm.add_symbol("PyArray_NewFromDescr", table[_NEW_FROM_DESCR] or 0)
    objects: dict[str, Any] = {"type.ndarray": np.ndarray, "type.float": float, "type.int": int, "none": None}
    for dtype in DType:
        objects[f"dtype.{dtype.value}"] = dtype.numpy
        objects[f"type.{dtype.value}"] = dtype.numpy.type
    for name, thing in objects.items():
        llvm.add_symbol(f"gradir.{name}", id(thing))


def entry_module(symbol: str, inputs: Sequence[ArrayType], outputs: Sequence[ArrayType]) -> str:
    """Return LLVM IR of the function `symbol.python`, which calls the entry `symbol`."""
    return _Entry(symbol, inputs, outputs).module()


class _Entry:
    def __init__(self, symbol: str, inputs: Sequence[ArrayType], outputs: Sequence[ArrayType]) -> None:
        self.symbol = symbol
        self.inputs = inputs
        self.outputs = outputs
        self.f = FunctionText(f"define ptr @{symbol}.python(ptr %self, ptr %args, i64 %count)")
        self.objects: dict[str, None] = {}

    def module(self) -> str:
        f = self.f
        table = f.slot("i64", len(self.inputs) + len(self.outputs) + 1)
        self.require(f.value(f"icmp eq i64 %count, {len(self.inputs)}"))
        for k, type in enumerate(self.inputs):
            given = f.value(f"load ptr, ptr {self.at('%args', 8 * k)}")
            data = self.array(given, type) if type.shape else self.number(given, type)
            f.line(f"store ptr {data}, ptr {self.at(table, 8 * k)}")
        results = f.value(f"call ptr @PyTuple_New(i64 {len(self.outputs)})")
        self.require(f.value(f"icmp ne ptr {results}, null"))
        for k, type in enumerate(self.outputs):
            self.fresh(k, type, results, self.at(table, 8 * (len(self.inputs) + k)))
        self.run(table, results)
        f.label("slow")
        f.line(f"call void @Py_IncRef(ptr {self.object('none')})")
        f.line(f"ret ptr {self.object('none')}")
        externals = "\n".join(f"@{o} = external global i8" for o in self.objects)
        return f"{externals}\n{_DECLARATIONS}\ndeclare i64 @{self.symbol}(ptr)\n{f}\n"

    def object(self, name: str) -> str:
        self.objects[f"gradir.{name}"] = None
        return f"@gradir.{name}"

    def at(self, pointer: str, offset: int) -> str:
        return self.f.value(f"getelementptr i8, ptr {pointer}, i64 {offset}")

    def require(self, condition: str) -> None:
        go_on = self.f.name("ok")
        self.f.branch(condition, go_on, "slow")
        self.f.label(go_on)

    def equal(self, kind: str, pointer: str, offset: int, expected: str) -> str:
        found = self.f.value(f"load {kind}, ptr {self.at(pointer, offset)}")
        return self.f.value(f"icmp eq {kind} {found}, {expected}")

    def array(self, given: str, type: ArrayType) -> str:
        """The data of an argument that must be an array as it is."""
        f, shape = self.f, static(type.shape)
        self.require(self.equal("ptr", given, _TYPE, self.object("type.ndarray")))
        self.require(self.equal("ptr", given, _DESCR, self.object(f"dtype.{type.dtype.value}")))
        self.require(self.equal("i32", given, _NDIM, str(len(shape))))
        flags = f.value(f"load i32, ptr {self.at(given, _FLAGS)}")
        masked = f.value(f"and i32 {flags}, {_CONTIGUOUS_AND_ALIGNED}")
        self.require(f.value(f"icmp eq i32 {masked}, {_CONTIGUOUS_AND_ALIGNED}"))
        if shape:
            dims = f.value(f"load ptr, ptr {self.at(given, _DIMS)}")
            for axis, size in enumerate(shape):
                self.require(self.equal("i64", dims, 8 * axis, str(size)))
        return f.value(f"load ptr, ptr {self.at(given, _DATA)}")

    def number(self, given: str, type: ArrayType) -> str:
        """The address of the value of a rank-0 argument."""
        f, dtype = self.f, type.dtype
        found = f.slot("ptr")
        done, inline, other = f.name("done"), f.name("inline"), f.name("other")
        names = [f"type.{dtype.value}"] + (["type.float"] if dtype is DType.F64 else [])
        for name in names:
            next_ = f.name("next")
            f.branch(self.equal("ptr", given, _TYPE, self.object(name)), inline, next_)
            f.label(next_)
        if dtype is DType.I64:
            self.python_int(given, found, done)
        f.jump(other)
        f.label(inline)
        f.line(f"store ptr {self.at(given, _DATA)}, ptr {found}")
        f.jump(done)
        f.label(other)
        f.line(f"store ptr {self.array(given, type)}, ptr {found}")
        f.jump(done)
        f.label(done)
        return f.value(f"load ptr, ptr {found}")

    def python_int(self, given: str, found: str, done: str) -> None:
        f = self.f
        convert, not_int = f.name("convert"), f.name("notint")
        f.branch(self.equal("ptr", given, _TYPE, self.object("type.int")), convert, not_int)
        f.label(convert)
        value, overflow = f.slot("i64"), f.slot("i32")
        x = f.value(f"call i64 @PyLong_AsLongLongAndOverflow(ptr {given}, ptr {overflow})")
        self.require(f.value(f"icmp eq i32 {f.value(f'load i32, ptr {overflow}')}, 0"))
        f.line(f"store i64 {x}, ptr {value}")
        f.line(f"store ptr {value}, ptr {found}")
        f.jump(done)
        f.label(not_int)

    def fresh(self, k: int, type: ArrayType, results: str, word: str) -> None:
        """A new array as the k-th result, its data's address in `word`."""
        f, shape = self.f, static(type.shape)
        dims = f.slot("i64", max(1, len(shape)))
        for axis, size in enumerate(shape):
            f.line(f"store i64 {size}, ptr {self.at(dims, 8 * axis)}")
        descr = self.object(f"dtype.{type.dtype.value}")
        f.line(f"call void @Py_IncRef(ptr {descr})")
        array = f.value(
            f"call ptr @PyArray_NewFromDescr(ptr {self.object('type.ndarray')}, ptr {descr}, "
            f"i32 {len(shape)}, ptr {dims}, ptr null, ptr null, i32 0, ptr null)"
        )
        made, failed = f.name("made"), f.name("failed")
        f.branch(f.value(f"icmp eq ptr {array}, null"), failed, made)
        f.label(failed)
        f.line(f"call void @Py_DecRef(ptr {results})")
        f.line("ret ptr null")
        f.label(made)
        f.line(f"call i32 @PyTuple_SetItem(ptr {results}, i64 {k}, ptr {array})")
        f.line(f"store ptr {f.value(f'load ptr, ptr {self.at(array, _DATA)}')}, ptr {word}")

    def run(self, table: str, results: str) -> None:
        """Call the entry without the GIL; a run that fails gives a list of its status and the index."""
        f = self.f
        thread = f.value("call ptr @PyEval_SaveThread()")
        status = f.value(f"call i64 @{self.symbol}(ptr {table})")
        f.line(f"call void @PyEval_RestoreThread(ptr {thread})")
        f.branch(f.value(f"icmp eq i64 {status}, 0"), "good", "bad")
        f.label("good")
        f.line(f"ret ptr {results}")
        f.label("bad")
        f.line(f"call void @Py_DecRef(ptr {results})")
        index = f.value(f"load i64, ptr {self.at(table, 8 * (len(self.inputs) + len(self.outputs)))}")
        pair = f.value("call ptr @PyList_New(i64 2)")
        for k, x in enumerate((status, index)):
            number = f.value(f"call ptr @PyLong_FromLongLong(i64 {x})")
            f.line(f"call i32 @PyList_SetItem(ptr {pair}, i64 {k}, ptr {number})")
        f.line(f"ret ptr {pair}")
