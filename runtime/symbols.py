"""Addresses of outside functions that compiled code refers to by name: BLAS, scipy.special, signals."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import ExtensionFileLoader, PathFinder
from typing import Any

import llvmlite.binding as llvm

from ..lower.outside import BLAS_PREFIX, INTERRUPTED, PARALLEL, SPECIAL_PREFIX
from .disk_cache import DiskCache
from .interrupts import provide_interrupts
from .thread_pool import provide_threads

_WAIT = "OPENBLAS_THREAD_TIMEOUT"
_DECLARATION = re.compile(
    rf"^declare [^@\n]*@((?:{BLAS_PREFIX}|{SPECIAL_PREFIX})\w+)\(([^)]*)\)", re.MULTILINE
)


def provide_symbols(ir: str, store: DiskCache | None = None) -> None:
    """Give an address to every outside function that LLVM IR declares.

    Parameters
    ----------
    ir
        The text of a module.
    store
        Where the code of functions of the runtime is kept.

    Raises
    ------
    NotImplementedError
        If SciPy has no such function.
    """
    if f"@{INTERRUPTED}(" in ir:
        provide_interrupts(store)
    if f"@{PARALLEL}(" in ir:
        provide_threads(store)
    for match in _DECLARATION.finditer(ir):
        _provide(match[1], match[2].count("double"))


@cache
def _provide(symbol: str, doubles: int) -> None:
    if symbol.startswith(BLAS_PREFIX):
        with _short_waits():
            table = _cython_blas().__pyx_capi__
        address = _address(table[symbol.removeprefix(BLAS_PREFIX)])
    else:
        address = _special_address(symbol.removeprefix(SPECIAL_PREFIX), doubles)
    llvm.add_symbol(symbol, address)


@contextmanager
def _short_waits() -> Iterator[None]:
    """Have OpenBLAS, if it is loaded now, let threads wait for the next product 60 microseconds, not 30 ms.

    They wait awake, on the processors of the threads that share the nests behind the product.
    """
    if _WAIT in os.environ:
        yield
        return
    os.environ[_WAIT] = "17"  # the logarithm of the number of cycles
    try:
        yield
    finally:
        os.environ.pop(_WAIT, None)


def _cython_blas() -> Any:
    """SciPy's module of pointers to BLAS, without the package around it, which takes ten times as long."""
    name = "scipy.linalg.cython_blas"
    scipy = importlib.util.find_spec("scipy")
    folders = (scipy.submodule_search_locations or ()) if scipy else ()
    found = PathFinder.find_spec(name, [os.path.join(folder, "linalg") for folder in folders])
    if name in sys.modules or found is None or not isinstance(found.loader, ExtensionFileLoader):
        return importlib.import_module(name)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    sys.modules.pop(name, None)  # who imports it by its name shall get it as a part of its package
    return module


def _special_address(name: str, arity: int) -> int:
    """The variant on doubles of a function, which is the function itself or one of a fused type."""
    table = importlib.import_module("scipy.special.cython_special").__pyx_capi__
    expected = f"double ({', '.join(['double'] * arity)}, int __pyx_skip_dispatch)"
    for key in (name, f"__pyx_fuse_1{name}", f"__pyx_fuse_0{name}"):
        if key in table and _signature(table[key]) == expected:
            return _address(table[key])
    raise NotImplementedError(f"scipy.special has no function {name} of {arity} doubles")


_api: Any = ctypes.pythonapi
_api.PyCapsule_GetName.restype = ctypes.c_char_p
_api.PyCapsule_GetName.argtypes = [ctypes.py_object]
_api.PyCapsule_GetPointer.restype = ctypes.c_void_p
_api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def _signature(capsule: Any) -> str:
    return str(_api.PyCapsule_GetName(capsule).decode())


def _address(capsule: Any) -> int:
    return int(_api.PyCapsule_GetPointer(capsule, _api.PyCapsule_GetName(capsule)))
