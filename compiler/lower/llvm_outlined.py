"""A function that does some chunks of a statement, and the table of what it takes from around the call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ..ir.dims import Dim, room
from ..ir.graph import Value
from .kernels import Buffer, Root, Split
from .llvm_code import Code
from .llvm_loop_hints import ROLLED
from .llvm_machine import Scalar
from .llvm_text import FunctionText, register_type
from .outside import PARALLEL


@dataclass(frozen=True, slots=True)
class OneChunk:
    """Registers: the number of a chunk, its first iteration, and its end."""

    number: str
    first: str
    end: str


class Outlined:
    """The function under construction; `outside` is the code that calls it."""

    def __init__(self, outside: Code) -> None:
        module = outside.module
        self.name = f"chunks.{len(module.functions)}"
        header = f"define internal void @{self.name}(ptr %table, i64 %begin, i64 %end) noinline nounwind"
        self.outside = outside
        self.function = FunctionText(header + outside.attributes)
        self.code = Code(outside.program, module, self.function, outside.attributes)
        self.words: list[tuple[str, str]] = []  # types and registers, outside
        module.functions.append(self.function)

    def taken(self, kind: str, register: str) -> str:
        """The register, here, of what is in a register outside; a constant or a global is the same."""
        if not register.startswith("%"):
            return register
        address, name = (f"%{self.function.name('word')}" for _ in range(2))
        k = len(self.words)
        self.function.entry.append(f"  {address} = getelementptr inbounds i64, ptr %table, i64 {k}")
        self.function.entry.append(f"  {name} = load {kind}, ptr {address}, align 8")
        self.words.append((kind, register))
        return name

    def take(self, value: Value) -> None:
        """Have a scalar here that is one outside; forms without terms are constants."""
        if value not in self.code.scalars:
            x = self.outside.scalars[value]
            if isinstance(x, Scalar):
                x = Scalar(x.dtype, self.taken(register_type(x.dtype), x.text))
            self.code.scalars[value] = x

    @contextmanager
    def chunks(self, split: Split, count: Dim) -> Iterator[OneChunk]:
        """The loop over the chunks of a call, and the function's end; `count` iterations are split."""
        f = self.function
        with self.code.loop(f.value("sub nuw nsw i64 %end, %begin"), ROLLED) as i:
            number = f.value(f"add nuw nsw i64 %begin, {i}")
            first = f.value(f"mul nuw nsw i64 {number}, {split.size}")
            # Not as a length: LLVM would see that chunks of one iteration have no loop, and vectorise the one
            # around it. Then the last digits of `sin` would depend on how many chunks a thread does in a row.
            end = self.code.least(f.value(f"add nuw nsw i64 {first}, {split.size}"), count)
            yield OneChunk(number, first, end)
        f.line("ret void")

    def part(self, root: Root) -> Buffer:
        """What one chunk has of the result of a reduction."""
        return replace(self.code.program.scratch[root.node], count=room(root.result.shape))

    def point(self, part: Buffer, root: Root, number: str) -> None:
        """Have the part of a result be that of a chunk."""
        base = self.code.base(self.code.program.scratch[root.node])
        offset = self.function.value(f"mul nuw nsw i64 {number}, {part.bytes}")
        place = self.function.value(f"getelementptr inbounds i8, ptr {base}, i64 {offset}")
        self.code.bases[part] = place

    def call(self, chunks: int) -> None:
        """Fill the table and share out the chunks, where the code outside stands."""
        f = self.outside.function
        table = f.slot("i64", max(1, len(self.words)), 8)
        for k, (kind, register) in enumerate(self.words):
            address = f.value(f"getelementptr inbounds i64, ptr {table}, i64 {k}")
            f.line(f"store {kind} {register}, ptr {address}, align 8")
        self.outside.module.declare(PARALLEL, f"declare void @{PARALLEL}(ptr, ptr, i64) nounwind")
        f.line(f"call void @{PARALLEL}(ptr @{self.name}, ptr {table}, i64 {chunks})")
