"""What the names of a program's values, buffers and sizes stand for in one of several parts of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ir.dims import Symbol
from ..ir.graph import Value
from .kernels import Buffer, Memory

if TYPE_CHECKING:
    from .llvm_frame import Part


class Scalars(dict[Value, Any]):
    """The scalars of a part: its own, and what it has loaded of others."""

    def __init__(self, part: Part) -> None:
        self.part = part

    def __setitem__(self, value: Value, x: Any) -> None:
        self.part.frame.homes[value] = self.part
        dict.__setitem__(self, value, x)

    def __missing__(self, value: Value) -> Any:
        found = self.part.scalar(value)
        dict.__setitem__(self, value, found)
        return found


class Bases(dict[Buffer, str]):
    """The addresses of buffers in a part."""

    def __init__(self, part: Part) -> None:
        self.part = part

    def __setitem__(self, buffer: Buffer, base: str) -> None:
        self.part.frame.homes[buffer] = self.part
        dict.__setitem__(self, buffer, base)

    def __missing__(self, buffer: Buffer) -> str:
        found = self._find(buffer)
        dict.__setitem__(self, buffer, found)
        return found

    def _find(self, buffer: Buffer) -> str:
        part, frame, code = self.part, self.part.frame, self.part.code
        f = code.function
        if buffer in frame.moving:
            return f.at(f.entry, lambda: f.value(f"load ptr, ptr {code.moving[buffer]}"))  # type: ignore[no-any-return]
        match buffer.memory:
            case Memory.INPUT | Memory.OUTPUT:
                return part.parameter(f"%{buffer.memory.value}{buffer.position}")
            case Memory.ARENA:
                offset = f"ptr {part.parameter('%workspace')}, i64 {buffer.position}"
                return f.at(f.entry, lambda: f.value(f"getelementptr inbounds i8, {offset}"))  # type: ignore[no-any-return]
            case Memory.LOCAL:
                frame.users.setdefault(buffer, {})[part] = None
                return f"%local{buffer.number}"
            case Memory.CONSTANT:
                return code.module.constant(*frame.constants[buffer])
            case Memory.POPPED:
                home = frame.homes[buffer]
                return part.fetch(buffer, home, home.code.bases[buffer], False)  # type: ignore[no-any-return]


class Moving(dict[Buffer, str]):
    """Where the addresses of buffers lie that loops exchange."""

    def __init__(self, part: Part) -> None:
        self.part = part

    def __contains__(self, buffer: object) -> bool:
        return buffer in self.part.frame.moving

    def __missing__(self, buffer: Buffer) -> str:
        frame = self.part.frame
        return self.part.slot(frame.place((buffer, "moving")))


class Symbols(dict[Symbol, Any]):
    """The sizes that are bound where a part stands."""

    def __init__(self, part: Part) -> None:
        self.part = part

    def __missing__(self, symbol: Symbol) -> Any:
        return self.part.code.scalars[self.part.frame.bound[symbol]]
