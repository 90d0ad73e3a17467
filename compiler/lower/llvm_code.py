"""The code of one function under construction: registers, buffers, loops, and loads and stores."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..ir.dims import Affine, Dim, Symbol
from ..ir.graph import Node, Value
from ..ir.operation import Elementwise
from ..ir.types import DType
from .affine import ZERO, Index, Variable
from .arena import ALIGNMENT
from .elements import Place, Walk
from .kernels import Buffer, Exchange, KernelProgram
from .llvm_loop_hints import FREE, Hints
from .llvm_machine import LlvmMachine, Scalar
from .llvm_stack_memory import Stack
from .llvm_text import FunctionText, ModuleText, literal, memory_type, register_type

if TYPE_CHECKING:
    from .llvm_frame import Part

_SHORT_ALIGNMENT = 16


class NestMachine(LlvmMachine):
    """The scalar machine with loops that may walk several dimensions at once."""

    def __init__(self, module: ModuleText, function: FunctionText) -> None:
        super().__init__(module, function)
        self.groups: dict[
            Variable, tuple[str, int]
        ] = {}  # its loop's register, its stride in that loop's counter

    def merged(self, x: Index) -> list[tuple[str, int]]:
        found: dict[str, int] = {}
        for atom, coefficient in x.terms:
            if isinstance(atom, Scalar):
                found[atom.text] = found.get(atom.text, 0) + coefficient
                continue
            register, stride = self.groups[atom]
            known = found.setdefault(register, coefficient // stride)
            assert known * stride == coefficient, "dimensions walked as one are addressed apart"
        return list(found.items())


@dataclass(slots=True)
class Turn:
    """One turn of a loop with a condition: its number's register, and what to branch on at its end."""

    counter: str
    again: str = "false"

    @property
    def next(self) -> str:
        """The register of the number of the next turn."""
        return f"{self.counter}.next"


class Code:
    """What every rule of the code generator needs; one for each function."""

    def __init__(
        self, program: KernelProgram, module: ModuleText, function: FunctionText, attributes: str = ""
    ) -> None:
        self.program = program
        self.attributes = attributes  # of every function that holds loops
        self.module = module
        self.function = function
        self.machine = NestMachine(module, function)
        self.scalars: dict[Value, Any] = {}  # a Scalar, a constant form, or a Stack
        self.bases: dict[Buffer, str] = {}
        self.moving: dict[Buffer, str] = {}  # where the addresses of buffers lie that loops exchange
        self.stacks: list[Stack] = []
        self.scopes: dict[Buffer, str] = {}  # the metadata of accesses, while in a nest
        self.rows: dict[Buffer, Variable] = {}  # of arrays that have memory for a block: its first row
        self.status = function.slot("i64")
        self.part: Part | None = None  # of a long program, which has many functions

    # Values.

    def scalar(self, value: Value) -> Any:
        return self.scalars[value]

    def form(self, value: Value) -> Index:
        """An i64 scalar in index arithmetic."""
        return self.machine.form(self.scalars[value])

    def register(self, value: Value) -> str:
        """A rank-0 value as it stands in an instruction."""
        return self.machine.text(self.scalars[value])

    @contextmanager
    def own_sizes(self) -> Iterator[None]:
        """Emit a region: a size that it binds to a symbol stands for it in the region only."""
        known = [self.machine.symbols, *([self.part.frame.bound] if self.part is not None else [])]
        before = [dict(symbols) for symbols in known]
        yield
        for symbols, outer in zip(known, before, strict=True):
            symbols.update(outer)

    def bind(self, symbol: Symbol, value: Value) -> None:
        """Make a value the size that a symbol stands for."""
        self.machine.symbols[symbol] = self.scalars[value]
        if self.part is not None:
            self.part.frame.bound[symbol] = value

    def apply(self, node: Node, operands: Sequence[Any]) -> Any:
        """Emit an elementwise operation."""
        lowering = node.op.lowering
        assert isinstance(lowering, Elementwise)
        given = [self.machine.force(x) if isinstance(x, Index) and x.terms else x for x in operands]
        if lowering.with_attrs:
            return lowering.emit(self.machine, *given, attrs=node.attrs)
        return lowering.emit(self.machine, *given)

    def walk(self, computed: Mapping[Value, Collection[Place]] | None = None) -> Walk:
        """A walk that emits code where the function stands now."""
        return Walk(self.program.producers, self.in_memory, self, self.machine, computed)

    def in_memory(self, value: Value) -> bool:
        return value in self.program.places

    # Memory.

    def stack_array(self, buffer: Buffer) -> str:
        """Reserve memory on the stack: a vector of a longer array lies in one cache line."""
        align = ALIGNMENT if buffer.bytes >= ALIGNMENT else _SHORT_ALIGNMENT
        return self.function.slot(memory_type(buffer.dtype), max(1, buffer.count), align)

    def base(self, buffer: Buffer) -> str:
        return self.bases[buffer]

    def find(self, buffers: Iterable[Buffer]) -> None:
        """Look up where moving buffers lie now: after this their bases hold until they change places."""
        for buffer in buffers:
            self.bases[buffer] = self.function.value(f"load ptr, ptr {self.moving[buffer]}")

    def exchange(self, exchanges: Sequence[Exchange]) -> None:
        """Let buffers change places."""
        for e in exchanges:
            self.function.line(f"store ptr {self.bases[e.source]}, ptr {self.moving[e.target]}")

    def load(self, value: Value, position: Index) -> Scalar:
        return self.load_from(self.program.places[value], position)

    def within(self, buffer: Buffer, position: Index) -> Index:
        """Where an element of an array is in memory that may be for a block of its rows."""
        return position.without(self.rows[buffer]) if buffer in self.rows else position

    def load_from(self, buffer: Buffer, position: Index) -> Scalar:
        position = self.within(buffer, position)
        return self.load_at(self.base(buffer), buffer.dtype, position, self.scopes.get(buffer, ""))

    def load_at(self, base: str, dtype: DType, position: Index, scope: str = "") -> Scalar:
        pointer = self.pointer(base, dtype, position)
        kind = memory_type(dtype)
        loaded = self.function.value(f"load {kind}, ptr {pointer}, align {dtype.numpy.itemsize}{scope}")
        if dtype is DType.BOOL:
            loaded = self.function.value(f"trunc i8 {loaded} to i1")
        return Scalar(dtype, loaded)

    def store_to(self, buffer: Buffer, position: Index, x: Any) -> None:
        self.store_at(self.base(buffer), self.within(buffer, position), x, self.scopes.get(buffer, ""))

    def store_at(self, base: str, position: Index, x: Any, scope: str = "") -> None:
        text, dtype = self.machine.text(x), x.dtype
        if dtype is DType.BOOL:
            text = (
                self.function.value(f"zext i1 {text} to i8") if text[0] == "%" else str(int(text == "true"))
            )
        pointer = self.pointer(base, dtype, position)
        self.function.line(
            f"store {memory_type(dtype)} {text}, ptr {pointer}, align {dtype.numpy.itemsize}{scope}"
        )

    def pointer(self, base: str, dtype: DType, position: Index) -> str:
        if position.constant == 0:
            return base
        offset = self.machine.text(position) if position.terms else position.offset
        return self.function.value(f"getelementptr inbounds {memory_type(dtype)}, ptr {base}, i64 {offset}")

    def copy(self, target: str, source: str, size: int) -> None:
        """Copy bytes between buffers that are apart, or the same."""
        if size and target != source:
            self.module.declare("llvm.memmove", "declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)")
            self.function.line(
                f"call void @llvm.memmove.p0.p0.i64(ptr {target}, ptr {source}, i64 {size}, i1 false)"
            )

    def fill(self, buffer: Buffer, x: Scalar) -> None:
        """Store one value in every element."""
        with self.loop(buffer.count) as i:
            self.store_to(buffer, counter(i), x)

    def accumulator(self, dtype: DType) -> str:
        """A place that LLVM turns into a register."""
        return self.function.slot(register_type(dtype))

    def read(self, slot: str, dtype: DType) -> Scalar:
        return Scalar(dtype, self.function.value(f"load {register_type(dtype)}, ptr {slot}"))

    def write(self, slot: str, x: Any) -> None:
        self.function.line(f"store {register_type(x.dtype)} {self.machine.text(x)}, ptr {slot}")

    def literal(self, dtype: DType, value: Any) -> Scalar:
        return Scalar(dtype, literal(dtype, value))

    def extent(self, dim: Dim) -> str:
        """The value of a dim as it stands in an instruction."""
        return self.machine.text(self.machine.constant(DType.I64, dim))

    def least(self, x: str, most: Dim | str) -> str:
        """The smaller one of two sizes."""
        self.module.declare("llvm.umin.i64", "declare i64 @llvm.umin.i64(i64, i64)")
        return self.function.value(f"call i64 @llvm.umin.i64(i64 {x}, i64 {most})")

    # Control.

    @contextmanager
    def loop(self, count: Dim | str, hints: Hints = FREE) -> Iterator[str]:
        """Run what is emitted inside `count` times, if that is positive; gives the counter's register."""
        f = self.function
        if hints.unroll and self.part is not None and not self.part.frame.unrolls:
            hints = replace(hints, unroll=False)
        if isinstance(count, Affine):
            count = self.extent(count)
        if count == 1:
            yield "0"
            return
        before, head, latch, after = (f.name(p) for p in ("before", "loop", "latch", "after"))
        i = "%" + f.name("i")
        if isinstance(count, str):
            f.branch(f.value(f"icmp sgt i64 {count}, 0"), before, after)
        elif count == 0:
            f.branch("false", before, after)
        else:
            f.jump(before)
        f.label(before)
        f.jump(head)
        f.label(head)
        f.line(f"{i} = phi i64 [ 0, %{before} ], [ {i}.next, %{latch} ]")
        yield i
        f.jump(latch)
        f.label(latch)
        f.line(f"{i}.next = add nuw nsw i64 {i}, 1")
        again = f.value(f"icmp ult i64 {i}.next, {count}")
        f.branch(again, head, after, hints.metadata(self.module))
        f.label(after)

    @contextmanager
    def only_if(self, condition: str) -> Iterator[None]:
        """Run what is emitted inside where the condition holds."""
        f = self.function
        then, after = f.name("then"), f.name("after")
        f.branch(condition, then, after)
        f.label(then)
        yield
        f.jump(after)
        f.label(after)

    @contextmanager
    def repeat(self, enter: str) -> Iterator[Turn]:
        """Run what is emitted inside while its condition holds; `enter` is that of the first turn."""
        f = self.function
        before, head, latch, after = (f.name(p) for p in ("before", "while", "latch", "after"))
        turn = Turn("%" + f.name("k"))
        f.branch(enter, before, after)
        f.label(before)
        f.jump(head)
        f.label(head)
        f.line(f"{turn.counter} = phi i64 [ 0, %{before} ], [ {turn.next}, %{latch} ]")
        f.line(f"{turn.next} = add nuw nsw i64 {turn.counter}, 1")
        yield turn
        f.jump(latch)
        f.label(latch)
        f.branch(turn.again, head, after)
        f.label(after)

    def unless(self, failed: str, site: int, index: str | None = None) -> None:
        """End the run with the status `site` where `failed`; record the index at fault."""
        f = self.function
        fail, ok = f.name("fail"), f.name("ok")
        f.branch(failed, fail, ok)
        f.label(fail)
        if index is not None:
            f.line(f"store i64 {index}, ptr {self.parameter('%record')}")
        f.line(f"store i64 {site}, ptr {self.status}")
        f.jump("cleanup")
        f.label(ok)

    def end_with(self, status: str) -> None:
        """End the run with the status of a part of it, if that is not 0."""
        f = self.function
        fail, ok = f.name("fail"), f.name("ok")
        f.branch(f.value(f"icmp eq i64 {status}, 0"), ok, fail)
        f.label(fail)
        f.line(f"store i64 {status}, ptr {self.status}")
        f.jump("cleanup")
        f.label(ok)

    def parameter(self, name: str) -> str:
        """A parameter of the program."""
        return name if self.part is None else self.part.parameter(name)


def counter(register: str) -> Index:
    """The form of a loop's counter."""
    return Index(((Scalar(DType.I64, register), 1),)) if register != "0" else ZERO
