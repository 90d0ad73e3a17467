"""C math functions and scipy.special functions as LLVM declarations, with their vector variants."""

from __future__ import annotations

from ..ir.types import DType
from .llvm_text import ModuleText, register_type
from .outside import SPECIAL_PREFIX


def declare_math(module: ModuleText, name: str, dtype: DType, arity: int) -> tuple[str, str]:
    """Declare a libm function; return its name for `dtype` and the attributes of a call."""
    kind = register_type(dtype)
    function = name if dtype is DType.F64 else name + "f"
    parameters = ", ".join([kind] * arity)
    module.declare(function, f"declare {kind} @{function}({parameters}) nounwind willreturn memory(none)")
    there = module.vector_functions
    variants = there.of(function, dtype, arity) if there is not None else {}
    for variant, lanes in variants.items():
        wide = f"<{lanes} x {kind}>"
        given = ", ".join([wide] * arity)
        module.keep(variant, f"declare {wide} @{variant}({given}) nounwind willreturn memory(none)")
    pairs = ",".join(f"{v}({v})" for v in variants)
    return function, f' "vector-function-abi-variant"="{pairs}"' if pairs else ""


def declare_special(module: ModuleText, name: str, arity: int) -> str:
    """Declare a function of scipy.special on doubles; the runtime gives the symbol its address."""
    function = SPECIAL_PREFIX + name
    parameters = ", ".join(["double"] * arity)
    module.declare(
        function, f"declare double @{function}({parameters}, i32) nounwind willreturn memory(none)"
    )
    return function
