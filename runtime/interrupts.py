"""Ending a run that may never end: the function by which a `while` asks for pending signals.

The main thread of Python handles signals, so a run that it waits for has to let it. It does so at most
once a second, because it may have to wait for the GIL. What a handler raises (KeyboardInterrupt for
Ctrl-C) becomes the end of the run.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any

import llvmlite.binding as llvm

from ..lower.outside import INTERRUPTED
from . import host
from .disk_cache import DiskCache
from .machine_code import generate, linked

# `PyErr_CheckSignals` would do nothing in other threads, and those must not wait for the GIL: the main
# thread may hold it, and wait for them in turn.
_MODULE = f"""
declare i64 @time(ptr)
declare i64 @PyThread_get_thread_ident()
declare i32 @PyGILState_Ensure()
declare void @PyGILState_Release(i32)
declare i32 @PyErr_CheckSignals()
declare void @PyErr_Fetch(ptr, ptr, ptr)
declare void @PyErr_NormalizeException(ptr, ptr, ptr)
@gradir_main_thread = external global i8
@last = internal global i64 0

define i1 @{INTERRUPTED}(ptr %record) {{
entry:
  %kind = alloca ptr
  %trace = alloca ptr
  %here = call i64 @PyThread_get_thread_ident()
  %main = icmp eq i64 %here, ptrtoint (ptr @gradir_main_thread to i64)
  br i1 %main, label %main_thread, label %no
main_thread:
  %now = call i64 @time(ptr null)
  %before = load i64, ptr @last
  %same = icmp eq i64 %now, %before
  br i1 %same, label %no, label %ask
ask:
  store i64 %now, ptr @last
  %gil = call i32 @PyGILState_Ensure()
  %raised = call i32 @PyErr_CheckSignals()
  %none = icmp eq i32 %raised, 0
  br i1 %none, label %go_on, label %stop
go_on:
  call void @PyGILState_Release(i32 %gil)
  br label %no
stop:
  call void @PyErr_Fetch(ptr %kind, ptr %record, ptr %trace)
  call void @PyErr_NormalizeException(ptr %kind, ptr %record, ptr %trace)
  call void @PyGILState_Release(i32 %gil)
  ret i1 1
no:
  ret i1 0
}}
"""
_alive: list[Any] = []  # the code
_FUNCTIONS = (
    "PyThread_get_thread_ident PyGILState_Ensure PyGILState_Release PyErr_CheckSignals PyErr_Fetch "
    "PyErr_NormalizeException"
).split()


def provide_interrupts(store: DiskCache | None = None) -> None:
    """Give the function its address; its code may come from `store`."""
    with host.lock:
        if llvm.address_of_symbol(INTERRUPTED) is None:
            _make(store)


def _make(store: DiskCache | None) -> None:
    for name in _FUNCTIONS:
        llvm.add_symbol(name, ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value)
    llvm.add_symbol("gradir_main_thread", threading.main_thread().ident or 0)
    code = linked(["interrupts", _MODULE], lambda: generate(_MODULE, level=0), store)
    llvm.add_symbol(INTERRUPTED, code.address(INTERRUPTED))
    _alive.append(code.engine)


def interruption(recorded: int) -> BaseException:
    """Return the exception that a handler raised, of which a run that ended has left the address."""
    error: BaseException = ctypes.cast(recorded, ctypes.py_object).value
    release = ctypes.PYFUNCTYPE(None, ctypes.py_object)(("Py_DecRef", ctypes.pythonapi))
    release(error)
    return error
