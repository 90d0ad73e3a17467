"""The machine that runs the code: its processor, its vector math library, LLVM's set-up for both."""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from ..lower.llvm_program import Target
from ..lower.llvm_text import VectorFunctions

_LIBMVEC = "libmvec.so.1"
_FUNCTIONS = (
    "acos acosh asin asinh atan atanh cbrt cos cosh erf erfc exp exp2 expm1 "
    "log log10 log1p log2 sin sinh tan tanh"
).split()
_FUNCTIONS_OF_TWO = "atan2 hypot pow".split()
lock = threading.RLock()


@cache
def features() -> dict[str, bool]:
    """The processor's features, by LLVM's names."""
    return dict(llvm.get_host_cpu_features())


@cache
def target() -> Target:
    """What code generation must know of this machine."""
    letter, lanes = (
        ("e", 8) if features().get("avx512f") else ("d", 4) if features().get("avx2") else ("b", 2)
    )
    return Target(_vector_functions(letter, lanes), vector_bits=512 if lanes == 8 else 0)


def _vector_functions(letter: str, lanes: int) -> VectorFunctions | None:
    """The functions of glibc's libmvec that are there; None on other platforms."""
    try:
        library = ctypes.CDLL(_LIBMVEC)
        llvm.load_library_permanently(_LIBMVEC)
    except (OSError, RuntimeError):
        return None
    arities = dict.fromkeys(_FUNCTIONS, "v") | dict.fromkeys(_FUNCTIONS_OF_TWO, "vv")
    found = {
        name
        for name, signature in arities.items()
        if hasattr(library, f"_ZGV{letter}N{lanes}{signature}_{name}")
        and hasattr(library, f"_ZGV{letter}N{2 * lanes}{signature}_{name}f")
    }
    return VectorFunctions(letter, lanes, frozenset(found)) if found else None


@cache
def _initialized() -> bool:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return True


def target_machine() -> Any:
    """A new LLVM target machine for this processor."""
    assert _initialized()
    machine = llvm.Target.from_default_triple()
    return machine.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )
