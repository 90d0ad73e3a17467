"""The threads that help with large loop nests: one pool a process, in LLVM IR, made when first needed.

`gradir_parallel(task, context, chunks)` calls `task(context, begin, end)` until every chunk has been done
once, and returns then. The caller takes chunks like everyone else, so it never waits for a thread to
begin, only for chunks that others have taken. Where the pool is in use (by another Python thread), or
one thread is to do it all, the caller does all chunks itself.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys

import llvmlite.binding as llvm

from ..lower.outside import PARALLEL
from . import host, threads
from .disk_cache import DiskCache
from .machine_code import generate, linked
from .thread_code import ALONE, POOL

_FUTEX = {"x86_64": 202, "aarch64": 98}  # the number of the system call
_PAUSE = {"x86_64": "llvm.x86.sse2.pause()", "aarch64": "llvm.aarch64.isb(i32 15)"}
_SPINS = 250  # looks for work, some 15 microseconds in all, before a thread sleeps


def provide_threads(store: DiskCache | None = None) -> None:
    """Give the function that runs a nest's chunks its address; its code may come from `store`."""
    with host.lock:
        if llvm.address_of_symbol(PARALLEL) is None:
            _make_pool(store)


def _make_pool(store: DiskCache | None) -> None:
    """Make the pool, and have every child of a fork forget its parent's threads."""
    text = POOL if _is_supported() else ALONE
    machine = platform.machine()
    for name, value in (
        ("PARALLEL", PARALLEL),
        ("FUTEX", _FUTEX.get(machine)),
        ("PAUSE", _PAUSE.get(machine)),
        ("SPINS", _SPINS),
        ("SIZE", 320 + 64 * threads.MOST),
    ):
        text = text.replace(name, str(value))
    llvm.add_symbol("gradir_threads", ctypes.addressof(threads.number()))
    code = linked(["thread pool", text], lambda: generate(text, level=0), store)
    llvm.add_symbol(PARALLEL, code.address(PARALLEL))
    # The threads run this code until the process ends, so it stays even when the interpreter is gone.
    for kept in (code.engine, threads.number()):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
    if _is_supported():
        forget = ctypes.CFUNCTYPE(None)(code.address("forget"))
        os.register_at_fork(after_in_child=forget)


def _is_supported() -> bool:
    return sys.platform == "linux" and platform.machine() in _FUTEX
