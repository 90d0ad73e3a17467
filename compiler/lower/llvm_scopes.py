"""What LLVM may know of memory that it cannot see: which buffers used together are apart."""

from __future__ import annotations

from collections.abc import Iterable

from .kernels import Buffer, Memory
from .llvm_code import Code

# LLVM compares the addresses of these before a loop; of many it does not, and goes element by element.
_UNSEEN = (Memory.ARENA, Memory.OUTPUT, Memory.POPPED)


def separate(code: Code, read: Iterable[Buffer], written: Iterable[Buffer], unseen: bool = False) -> None:
    """Tell LLVM that the buffers which the code from here on uses are apart.

    Where all are `unseen` the function was given nothing but their addresses.

    The scopes are declared where the code stands, and hold until `code.scopes` is emptied: buffers that
    a loop exchanges are apart in one of its turns, but one's memory is the other's in the next.
    """
    written = set(written)
    found = (b for b in {*read, *written} if unseen or b.memory in _UNSEEN)
    buffers = sorted(found, key=lambda b: (b.memory.value, b.number, b.count))
    if not written or len(buffers) < 2:
        return
    module = code.module
    domain = module.distinct()
    scopes = [module.distinct([domain]) for _ in buffers]
    name = "llvm.experimental.noalias.scope.decl"
    for k, buffer in enumerate(buffers):
        own = module.metadata("!{" + scopes[k] + "}")
        others = module.metadata("!{" + ", ".join(scopes[:k] + scopes[k + 1 :]) + "}")
        code.scopes[buffer] = f", !alias.scope {own}, !noalias {others}"
        if buffer in code.moving:
            module.declare(name, f"declare void @{name}(metadata)")
            code.function.line(f"call void @{name}(metadata {own})")
