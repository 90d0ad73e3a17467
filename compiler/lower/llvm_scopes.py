"""What LLVM may know of memory that it cannot see: which buffers used together are apart."""

from __future__ import annotations

from collections.abc import Iterable

from .kernels import Buffer, Memory
from .llvm_code import Code

# LLVM compares the addresses of these before a loop; of many it does not, and goes element by element.
_UNSEEN = (Memory.ARENA, Memory.OUTPUT, Memory.POPPED)


def separate(
    code: Code, read: Iterable[Buffer], written: Iterable[Buffer], unseen: bool = False, pushes: int = 0
) -> list[str]:
    """Tell LLVM that the buffers which the code from here on uses are apart.

    Where all are `unseen` the function was given nothing but their addresses.

    The scopes are declared where the code stands, and hold until `code.scopes` is emptied: buffers that
    a loop exchanges are apart in one of its turns, but one's memory is the other's in the next.

    Returns
    -------
    list[str]
        The metadata of stores to so many elements that are pushed. They are apart from all but what was
        popped: that may have been popped from the very place.
    """
    written = set(written)
    found = (b for b in {*read, *written} if unseen or b.memory in _UNSEEN)
    buffers = sorted(found, key=lambda b: (b.memory.value, b.number, b.count))
    if not (written or pushes) or len(buffers) + pushes < 2:
        return [""] * pushes
    module = code.module
    domain = module.distinct()
    scopes = [module.distinct([domain]) for _ in range(len(buffers) + pushes)]
    pushed = scopes[len(buffers) :]
    name = "llvm.experimental.noalias.scope.decl"

    def described(own: str, others: Iterable[str]) -> str:
        listed = ", ".join(scope for scope in others if scope != own)
        noalias = f", !noalias {module.metadata('!{' + listed + '}')}" if listed else ""
        return f", !alias.scope {module.metadata('!{' + own + '}')}{noalias}"

    for own, buffer in zip(scopes, buffers, strict=False):
        others = scopes[: len(buffers)] if buffer.memory is Memory.POPPED else scopes
        code.scopes[buffer] = described(own, others)
        if buffer in code.moving:
            module.declare(name, f"declare void @{name}(metadata)")
            code.function.line(f"call void @{name}(metadata {module.metadata('!{' + own + '}')})")
    unpopped = [s for s, b in zip(scopes, buffers, strict=False) if b.memory is not Memory.POPPED]
    return [described(own, [*unpopped, *pushed]) for own in pushed]
