"""C math functions and scipy.special functions as LLVM declarations, with their vector variants."""

from __future__ import annotations

from ..ir.types import DType
from .llvm_text import ModuleText, register_type

SPECIAL_PREFIX = "scipy_special_"


def declare_math(module: ModuleText, name: str, dtype: DType, arity: int) -> tuple[str, str]:
    """Declare a libm function; return its name for `dtype` and the attributes of a call."""
    kind = register_type(dtype)
    function = name if dtype is DType.F64 else name + "f"
    parameters = ", ".join([kind] * arity)
    module.declare(function, f"declare {kind} @{function}({parameters}) nounwind willreturn memory(none)")
    variants = module.vector_functions
    if variants is None or name not in variants.names:
        return function, ""
    lanes = variants.lanes if dtype is DType.F64 else 2 * variants.lanes
    variant = f"_ZGV{variants.letter}N{lanes}{'v' * arity}_{function}"
    wide = f"<{lanes} x {kind}>"
    module.keep(
        variant, f"declare {wide} @{variant}({', '.join([wide] * arity)}) nounwind willreturn memory(none)"
    )
    return function, f' "vector-function-abi-variant"="{variant}({variant})"'


def declare_special(module: ModuleText, name: str, arity: int) -> str:
    """Declare a function of scipy.special on doubles; the runtime gives the symbol its address."""
    function = SPECIAL_PREFIX + name
    parameters = ", ".join(["double"] * arity)
    module.declare(
        function, f"declare double @{function}({parameters}, i32) nounwind willreturn memory(none)"
    )
    return function
