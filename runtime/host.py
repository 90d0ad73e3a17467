"""The machine that runs the code: its processor, its vector math library, LLVM's set-up for both."""

from __future__ import annotations

import ctypes
import itertools
import os
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from ..lower.target import Target, VectorFunctions

_LIBMVEC = "libmvec.so.1"
_FUNCTIONS = (
    "acos acosh asin asinh atan atanh cbrt cos cosh erf erfc exp exp2 expm1 "
    "log log10 log1p log2 sin sinh tan tanh"
).split()
_FUNCTIONS_OF_TWO = "atan2 hypot pow".split()
# libmvec's letter for an instruction set, with the doubles in a register, and the feature that it takes.
_WIDTHS = {("e", 8): "avx512f", ("d", 4): "avx2", ("b", 2): None}

lock = threading.RLock()  # LLVM's for one thread at a time


def _stop_llvm() -> None:
    """Wait until no thread is in LLVM: the child of a fork could not use one that was at work.

    llvmlite's own lock is held by what goes without ours, such as a module's finalizer.
    """
    lock.acquire()
    llvm.ffi.lib._lock.__enter__()


def _let_llvm_go_on() -> None:
    llvm.ffi.lib._lock.__exit__()
    lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_stop_llvm, after_in_parent=_let_llvm_go_on, after_in_child=_let_llvm_go_on)


@cache
def features() -> dict[str, bool]:
    """The processor's features, by LLVM's names."""
    return dict(llvm.get_host_cpu_features())


@cache
def target() -> Target:
    """What code generation must know of this machine."""
    has = features().get
    widths = [w for w, needed in _WIDTHS.items() if needed is None or has(needed)]
    return Target(vector_functions(widths), vector_bits=512 if has("avx512f") else 0)


def vector_functions(widths: Sequence[tuple[str, int]]) -> VectorFunctions | None:
    """The functions of glibc's libmvec that are there in these widths; None on other platforms."""
    try:
        library = ctypes.CDLL(_LIBMVEC)
        llvm.load_library_permanently(_LIBMVEC)
    except (OSError, RuntimeError):
        return None
    arities = dict.fromkeys(_FUNCTIONS, "v") | dict.fromkeys(_FUNCTIONS_OF_TWO, "vv")
    named = (
        variant
        for (letter, lanes), (name, signature) in itertools.product(widths, arities.items())
        for variant in (
            f"_ZGV{letter}N{lanes}{signature}_{name}",
            f"_ZGV{letter}N{2 * lanes}{signature}_{name}f",
        )
    )
    found = frozenset(variant for variant in named if hasattr(library, variant))
    return VectorFunctions(tuple(widths), found) if found else None


@cache
def _initialized() -> bool:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    return True


def target_machine(level: int = 3) -> Any:
    """A new LLVM target machine for this processor, which generates code at an optimisation level."""
    assert _initialized()
    machine = llvm.Target.from_default_triple()
    return machine.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=level, jit=True
    )
