"""One built-in Python function, made by LLVM, that runs call programs without the interpreter.

Its `self` is a tuple: the program's words (bytes), a list of one function, and what must be kept alive. It
takes the arguments as the user gives them and looks whether the call is one that the program is for. If so it
runs the compiled code and makes the results; if not, it calls the function of that list in its own place.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from .call_steps import Step
from .disk_cache import DiskCache
from .machine_code import generate, linked
from .python_objects import DECLARATIONS, is_known

_FASTCALL, _KEYWORDS = 0x80, 0x2
_NO_NAMES = "@none = internal constant [4 x i64] zeroinitializer"  # as much as is read of an empty tuple


class _Method(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


def call_function(
    program: bytes, otherwise: list[Callable[..., Any]], kept: tuple[Any, ...], store: DiskCache | None
) -> Any:
    """Return the built-in function that runs a call program; its code may come from `store`."""
    # The collector may empty a list or a dict before the function itself goes; never a tuple.
    return _maker(store)((program, otherwise, kept))


@cache
def _maker(store: DiskCache | None) -> Callable[[Any], Any]:
    assert is_known(), "the code reads objects as this process does not lay them out"
    # It waits for memory and for calls: better code takes twice as long to make, and gains 30 ns.
    code = linked(["call machine"], lambda: generate(module_text(), level=0), store)
    method = _Method(b"gradir", code.address("call"), _FASTCALL | _KEYWORDS, None)
    new = ctypes.pythonapi.PyCMethod_New
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p]
    _alive.append((code.engine, method))
    return lambda given: new(ctypes.addressof(method), given, None, None)


_alive: list[Any] = []  # the code, and what CPython keeps a pointer to


def module_text() -> str:
    """Return the LLVM IR of the function `call`."""
    # Not needed where the code is found on disk.
    from .call_code import Machine
    from .call_looking import LOOKING
    from .call_making import MAKING

    emitters = LOOKING | MAKING
    machine = Machine()
    machine.begin()
    for step in Step:
        machine.label(step)
        emitters[step](machine)
    machine.end()
    return f"{DECLARATIONS}\n{_NO_NAMES}\n{machine.f}\n"
