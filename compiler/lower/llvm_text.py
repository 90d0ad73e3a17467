"""Writing LLVM IR as text: a function's lines, names and metadata, and the module around them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..ir.types import DType
from .target import VectorFunctions

_REGISTER = {d: f"i{d.value[1:]}" for d in DType}
_REGISTER |= {DType.BOOL: "i1", DType.F32: "float", DType.F64: "double"}


def register_type(dtype: DType) -> str:
    """The LLVM type of a scalar in a register."""
    return _REGISTER[dtype]


def memory_type(dtype: DType) -> str:
    """The LLVM type of an array's element: booleans are bytes."""
    return "i8" if dtype is DType.BOOL else register_type(dtype)


def literal(dtype: DType, value: Any) -> str:
    """A constant, exactly; LLVM writes a float as the bits of the double of the same value."""
    if dtype is DType.BOOL:
        return "true" if value else "false"
    if not dtype.is_float:
        return str(int(value))
    if dtype is DType.F64:
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
    bits = int(np.asarray(value, np.float32).view(np.uint32))
    if (bits >> 23) & 0xFF == 0xFF:
        wide = (bits >> 31) << 63 | 0x7FF << 52 | (bits & 0x7FFFFF) << 29
        return f"0x{wide:016X}"
    return f"0x{struct.unpack('<Q', struct.pack('<d', float(np.float32(value))))[0]:016X}"


class FunctionText:
    """The lines of one function under construction; `entry` holds what must run first."""

    def __init__(self, header: str) -> None:
        self.header = header
        self.entry: list[str] = []
        self.lines: list[str] = []
        self.block = "entry"  # the basic block that is being written
        self._names = 0
        self._values = "%"  # numbers, which LLVM reads twice as fast as names, rise from line to line

    def name(self, prefix: str = "v") -> str:
        """A new name, without its sigil."""
        self._names += 1
        return f"{prefix}{self._names}"

    def value(self, text: str) -> str:
        """Append an instruction that has a result; return the result's name."""
        self._names = number = self._names + 1
        name = f"{self._values}{number}"
        self.lines.append(f"  {name} = {text}")
        return name

    def at(self, lines: list[str], write: Callable[[], Any]) -> Any:
        """Write at the end of other lines of the function than those of now."""
        before = self.lines, self._values, self.block
        self.lines, self._values, self.block = lines, "%v", ""
        found = write()
        self.lines, self._values, self.block = before
        return found

    def line(self, text: str) -> None:
        """Append an instruction without a result."""
        self.lines.append("  " + text)

    def label(self, name: str) -> None:
        """Begin the basic block `name`."""
        self.lines.append(f"{name}:")
        self.block = name

    def slot(self, type: str, count: int = 1, align: int = 0) -> str:
        """Reserve memory on the stack for the whole call."""
        name = "%" + self.name("slot")
        array = f", i64 {count}" if count != 1 else ""
        aligned = f", align {align}" if align else ""
        self.entry.append(f"  {name} = alloca {type}{array}{aligned}")
        return name

    def branch(self, condition: str, then: str, orelse: str, metadata: str = "") -> None:
        self.line(f"br i1 {condition}, label %{then}, label %{orelse}{metadata}")

    def jump(self, target: str) -> None:
        self.line(f"br label %{target}")

    def __str__(self) -> str:
        return "\n".join([self.header + " {", "entry:", *self.entry, *self.lines, "}"])


class ModuleText:
    """Declarations, globals and metadata that functions ask for, each made once."""

    def __init__(self, vector_functions: VectorFunctions | None = None) -> None:
        self.vector_functions = vector_functions
        self._declarations: dict[str, str] = {}
        self._globals: dict[str, str] = {}
        self._metadata: dict[str, int] = {}
        self._kept: list[str] = []
        self.functions: list[FunctionText] = []
        self.shares_products = False  # whether small matrix products that are alike are one function
        self._shared: set[str] = set()

    def is_new(self, name: str) -> bool:
        """Tell, once, that a function that several places call is still to be written."""
        new = name not in self._shared
        self._shared.add(name)
        return new

    def declare(self, name: str, text: str) -> None:
        self._declarations.setdefault(name, text)

    def keep(self, name: str, text: str) -> None:
        """Declare a function that only the vectoriser will call, and keep the declaration alive."""
        if name not in self._declarations:
            self._kept.append(name)
        self.declare(name, text)

    def constant(self, name: str, text: str) -> str:
        """A private global of the given content; return its name."""
        self._globals.setdefault(name, f"@{name} = {text}")
        return "@" + name

    def constants(self, prefix: str) -> list[str]:
        """The globals whose names begin so."""
        return [f"@{name}" for name in self._globals if name.startswith(prefix)]

    def metadata(self, text: str) -> str:
        return f"!{self._metadata.setdefault(text, len(self._metadata))}"

    def distinct(self, parts: Iterable[str] = ()) -> str:
        """A metadata node whose first entry is itself."""
        own = f"!{len(self._metadata)}"
        return self.metadata("distinct !{" + ", ".join([own, *parts]) + "}")

    def __str__(self) -> str:
        parts = ["\n".join(self._globals.values()), "\n".join(self._declarations.values())]
        parts += map(str, self.functions)
        if self._kept:
            names = ", ".join(f"ptr @{k}" for k in self._kept)
            kind = f"[{len(self._kept)} x ptr]"
            parts.append(f'@llvm.compiler.used = appending global {kind} [{names}], section "llvm.metadata"')
        parts.append("\n".join(f"!{k} = {text}" for text, k in self._metadata.items()))
        return "\n\n".join(p for p in parts if p) + "\n"
