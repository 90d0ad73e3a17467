"""The memory through which the parts of a long program hand each other what they compute.

LLVM takes more than linear time for a function, so a long program becomes many. A part finds out what it
reads of others while it is written, and has whoever computed that store it in the frame: memory of the
call, behind the buffers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..ir.dims import Symbol
from ..ir.graph import Value
from ..ir.types import DType
from .affine import ZERO, Index
from .arena import ALIGNMENT
from .kernels import Buffer
from .llvm_code import Code
from .llvm_machine import Scalar
from .llvm_names import Bases, Moving, Scalars, Symbols
from .llvm_stack_memory import Stack
from .llvm_stacks import Strip
from .llvm_text import FunctionText, ModuleText, memory_type

Key = Any  # a value, a buffer, or one of them and the name of a register that it has
Held = Any  # a scalar, or the register of an address


class Frame:
    """What the parts of one program share.

    Attributes
    ----------
    parameters
        Those of the whole program, with their types; a part takes which it needs.
    attributes
        Those of every function.
    limit
        The lines after which a part ends.
    most_optimised
        The lines without a loop, in a row, from which on they are compiled fast.
    straight
        The module of such parts.
    bytes
        How much memory the parts take, in the end.
    """

    def __init__(
        self,
        symbol: str,
        parameters: Mapping[str, str],
        attributes: str,
        limit: int,
        most_optimised: int,
        moving: Iterable[Buffer],
    ) -> None:
        self.symbol = symbol
        self.parameters = parameters
        self.attributes = attributes
        self.limit = limit
        self.most_optimised = most_optimised
        self.straight = ModuleText()
        self.unrolls = True  # whether LLVM may unroll loops
        self.moving = frozenset(moving)
        self.bytes = 0
        self.parts: list[Part] = []
        self.homes: dict[Key, Part] = {}  # who computed each scalar, and each address in a stack, last
        self.bound: dict[Symbol, Value] = {}
        self.constants: dict[Buffer, tuple[str, str]] = {}
        self.users: dict[Buffer, dict[Part, None]] = {}  # of arrays on the machine's stack
        self._places: dict[Key, int] = {}
        self._kept: set[tuple[Key, Part]] = set()

    def begin(self, code: Code, around: Part | None = None) -> Part:
        """Make a new function one of the parts; the first is the program itself."""
        part = Part(self, code, around, len(self.parts))
        code.part = part
        code.scalars, code.bases = Scalars(part), Bases(part)
        code.moving, code.machine.symbols = Moving(part), Symbols(part)
        self.parts.append(part)
        code.stacks = self.parts[0].code.stacks
        return part

    def place(self, key: Key, size: int = 8, alignment: int = 8) -> int:
        """The offset of something in the frame; always the same one."""
        if key not in self._places:
            self._places[key] = -(-self.bytes // alignment) * alignment
            self.bytes = self._places[key] + size
        return self._places[key]

    def keep(self, key: Key, home: Part, x: Held) -> None:
        """Have the part that computed something store it, before all who read it."""
        if not home.closed:
            home.store(key, x)  # the part that is being written will be called there, next
        elif (key, home) not in self._kept:
            self._kept.add((key, home))
            home.code.function.at(home.tail, lambda: home.store(key, x))

    def finish(self, module: ModuleText) -> None:
        """End all parts, and put their functions into their modules."""
        for buffer, users in self.users.items():
            kind, count = memory_type(buffer.dtype), max(1, buffer.count)
            text = f"alloca {kind}, i64 {count}, align 16"
            if len(users) > 1:
                place = self.place(buffer, buffer.bytes, ALIGNMENT)
                text = f"getelementptr inbounds i8, ptr %frame, i64 {place}"
            for part in users:
                part.first.append(f"  %local{buffer.number} = {text}")
        for part in self.parts:
            part.finish()
        for part in self.parts[1:]:
            part.code.module.functions.append(part.code.function)
            if part.is_straight:
                given = ", ".join(["ptr"] * (1 + len(part.parameters)))
                module.declare(part.symbol, f"declare hidden i64 @{part.symbol}({given})")


@dataclass(slots=True, eq=False)
class Part:
    """A function of several, called where the one around stood when it began."""

    frame: Frame
    code: Code
    around: Part | None
    number: int
    parameters: dict[str, None] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    closed: bool = False
    _named: set[int] = field(default_factory=set)

    @property
    def symbol(self) -> str:
        return f"{self.frame.symbol}.part{self.number}"

    @property
    def is_straight(self) -> bool:
        """Whether it has no loops, and is one of very many."""
        return self.code.module is self.frame.straight

    @property
    def is_full(self) -> bool:
        f = self.code.function
        return len(f.lines) + len(f.entry) >= self.frame.limit

    def inner(self, *, straight: bool = False) -> Part:
        """Begin a part that is called where this one stands now."""
        code = self.code
        module = self.frame.straight if straight else code.module
        return self.frame.begin(Code(code.program, module, FunctionText(""), code.attributes), self)

    def close(self) -> None:
        """End the part, and call it from the one around."""
        assert self.around is not None
        self.closed = True
        caller = self.around.code
        given = ", ".join(f"ptr {self.around.parameter(name)}" for name in ("%frame", *self.parameters))
        status = caller.function.value(f"call i64 @{self.symbol}({given})")
        caller.end_with(status)

    def finish(self) -> None:
        """Write the edges of the function."""
        f, types = self.code.function, self.frame.parameters
        f.entry[:0] = self.first
        if self.around is None:
            return
        given = ", ".join(f"{types[name]} {name}" for name in ("%frame", *self.parameters))
        linkage = "" if self.is_straight else "internal "
        f.header = f"define {linkage}i64 @{self.symbol}({given}) {self.frame.attributes}"
        f.entry.append(f"  store i64 0, ptr {self.code.status}")
        f.lines += self.tail
        f.jump("cleanup")
        f.label("cleanup")
        f.line(f"ret i64 {f.value(f'load i64, ptr {self.code.status}')}")

    def parameter(self, name: str) -> str:
        """One of the program's parameters, which this part takes from now on."""
        if name != "%frame":
            self.parameters[name] = None
        return name

    def slot(self, offset: int) -> str:
        """The address of a place in the frame, which has the same name in all parts."""
        name = f"%frame.{offset}"
        if offset not in self._named:
            self._named.add(offset)
            self.code.function.entry.append(f"  {name} = getelementptr inbounds i8, ptr %frame, i64 {offset}")
        return name

    def store(self, key: Key, x: Held) -> None:
        pointer = self._pointer(key)
        if isinstance(x, str):
            self.code.function.line(f"store ptr {x}, ptr {pointer}, align 8")
        else:
            self.code.store_at(pointer, ZERO, x)

    def load(self, key: Key, x: Held) -> Held:
        """Load what is stored there: another register for `x`."""
        pointer = self._pointer(key)
        if isinstance(x, str):
            return self.code.function.value(f"load ptr, ptr {pointer}, align 8")
        return self.code.load_at(pointer, x.dtype, ZERO)

    def _pointer(self, key: Key) -> str:
        place = self.frame.place(key)
        address = f"getelementptr inbounds i8, ptr %frame, i64 {place}"
        return self.code.function.value(address) if place else "%frame"

    def fetch(self, key: Key, home: Part, x: Held, here: bool) -> Held:
        """Load what another part has in a register: `here`, or where all of this part comes after."""
        self.frame.keep(key, home, x)
        if here or home.is_inside(self):
            return self.load(key, x)
        f = self.code.function
        return f.at(f.entry, lambda: self.load(key, x))

    def is_inside(self, other: Part) -> bool:
        around = self.around
        while around is not None and around is not other:
            around = around.around
        return around is other

    def scalar(self, value: Value, *, here: bool = False) -> Any:
        """A scalar, or a stack, of another part."""
        home = self.frame.homes[value]
        x = home.code.scalars[value]
        match x:
            case Stack():
                return self._stack(value, home, x, here)
            case Strip():
                number = self.fetch((value, "number"), home, Scalar(DType.I64, x.number), here)
                first = self.fetch((value, "first"), home, x.first, here)
                return replace(
                    x, stack=self._stack(value, home, x.stack, here), first=first, number=number.text
                )
            case Scalar() if not x.text.startswith("%"):
                return x
            case Index() if not x.terms:
                return x
        return self.fetch(value, home, x, here)

    def _stack(self, value: Value, home: Part, stack: Stack, here: bool) -> Stack:
        slots = {name: getattr(stack, name) for name in ("data", "count", "capacity")}
        for name, text in slots.items():
            if text.startswith("%frame."):
                slots[name] = self.slot(int(text.removeprefix("%frame.")))
            else:
                slots[name] = self.fetch((value, name), home, text, here)
        return replace(stack, **slots)

    def stack(self, value: Value) -> tuple[str, str, str, FunctionText]:
        """The slots of a new stack, and the function at the beginning of which it takes its memory."""
        places = [self.frame.place((value, name)) for name in ("data", "count", "capacity")]
        data, count, capacity = (self.slot(place) for place in places)
        whole = self.frame.parts[0]
        for place in places:
            whole.slot(place)
        return data, count, capacity, whole.code.function

    def bring(self, values: Sequence[Value]) -> None:
        """Load what the next statement of this part reads of others; no loop or branch of it is around."""
        scalars = self.code.scalars
        for value in values:
            if value not in scalars and value in self.frame.homes:
                dict.__setitem__(scalars, value, self.scalar(value, here=True))
