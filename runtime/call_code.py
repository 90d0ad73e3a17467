"""The function that runs call programs, under construction: its instructions, its registers, its edges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..lower.llvm_text import FunctionText
from .call_steps import CELLS, HEADER, HITS, PARAMETERS, POSITIONAL, REGISTERS, TABLE, Step
from .python_objects import BYTES, ITEMS, SIZE


class Machine:
    """The function under construction; operands are those of the step whose code is being emitted."""

    def __init__(self) -> None:
        self.f = f = FunctionText("define ptr @call(ptr %self, ptr %args, i64 %given, ptr %names)")
        self._here = f.slot("ptr")  # the step that runs
        self._step = ""
        self._registers = f.slot("ptr")
        self._top = f.slot("i64")  # the number of registers in use
        self.table = f.slot("ptr")
        self._word = f.slot("ptr")  # the table's next word
        self._cell = f.slot("ptr")  # the next room for a number
        self._words = ""

    # -- instructions

    def at(self, pointer: str, offset: int) -> str:
        return self.f.value(f"getelementptr i8, ptr {pointer}, i64 {offset}") if offset else pointer

    def field(self, kind: str, pointer: str, offset: int = 0) -> str:
        """What a structure holds at an offset."""
        return self.f.value(f"load {kind}, ptr {self.at(pointer, offset)}")

    def element(self, pointer: str, k: str) -> str:
        """The address of the k-th word."""
        return self.f.value(f"getelementptr i64, ptr {pointer}, i64 {k}")

    def store(self, kind: str, value: str, pointer: str) -> None:
        self.f.line(f"store {kind} {value}, ptr {pointer}")

    def call(self, kind: str, function: str, *arguments: str) -> str:
        return self.f.value(f"call {kind} @{function}({', '.join(arguments)})")

    def is_equal(self, kind: str, a: str, b: str) -> str:
        return self.f.value(f"icmp eq {kind} {a}, {b}")

    def require(self, condition: str, otherwise: str = "miss") -> None:
        """Go on if the condition holds, else to the label `otherwise`."""
        go_on = self.f.name("ok")
        self.f.branch(condition, go_on, otherwise)
        self.f.label(go_on)

    def require_equal(self, kind: str, a: str, b: str) -> None:
        self.require(self.is_equal(kind, a, b))

    @contextmanager
    def where(self, condition: str) -> Iterator[None]:
        """Emit what runs only if the condition holds."""
        then, go_on = self.f.name("then"), self.f.name("go")
        self.f.branch(condition, then, go_on)
        self.f.label(then)
        yield
        self.f.jump(go_on)
        self.f.label(go_on)

    @contextmanager
    def turns(self, count: str) -> Iterator[str]:
        """Emit a loop; gives the turn."""
        f, turn = self.f, self.f.slot("i64")
        head, body, done = f.name("head"), f.name("body"), f.name("done")
        self.store("i64", "0", turn)
        f.jump(head)
        f.label(head)
        k = self.field("i64", turn)
        f.branch(f.value(f"icmp slt i64 {k}, {count}"), body, done)
        f.label(body)
        yield k
        self.store("i64", f.value(f"add i64 {k}, 1"), turn)
        f.jump(head)
        f.label(done)

    # -- references

    def incref(self, pointer: str) -> None:
        self.f.line(f"call void @Py_IncRef(ptr {pointer})")

    def push(self, pointer: str) -> None:
        """Put a new reference, or null, in the next register."""
        top = self.field("i64", self._top)
        self.store("ptr", pointer, self.element(self.field("ptr", self._registers), top))
        self.store("i64", self.f.value(f"add i64 {top}, 1"), self._top)

    def made(self, pointer: str, otherwise: str = "error") -> str:
        """Put what a function returned in the next register, and go on if it is not null."""
        self.push(pointer)
        self.require(self.f.value(f"icmp ne ptr {pointer}, null"), otherwise)
        return pointer

    def give_back(self) -> None:
        registers = self.field("ptr", self._registers)
        with self.turns(self.field("i64", self._top)) as k:
            self.f.line(f"call void @Py_DecRef(ptr {self.field('ptr', self.element(registers, k))})")

    # -- the operands of a step

    def label(self, step: Step) -> None:
        self.f.label(f"step{step.value}")
        self._step = self.field("ptr", self._here)

    def operand(self, k: int) -> str:
        return self.field("i64", self._step, 8 * (k + 1))

    def object(self, k: int) -> str:
        return self.field("ptr", self._step, 8 * (k + 1))

    def rest(self, k: int) -> str:
        """The address of the k-th operand."""
        return self.at(self._step, 8 * (k + 1))

    def register(self, k: int) -> str:
        return self.in_register(self.operand(k))

    def in_register(self, number: str) -> str:
        return self.field("ptr", self.element(self.field("ptr", self._registers), number))

    def next(self, operands: int, more: str = "0") -> None:
        """Go to the step that follows these many operands, and `more`."""
        after = self.element(self.rest(operands), more)
        self.store("ptr", after, self._here)
        self.f.jump("dispatch")

    # -- the table of addresses that the compiled code is given

    def add_word(self, pointer: str) -> None:
        word = self.field("ptr", self._word)
        self.store("ptr", pointer, word)
        self.store("ptr", self.at(word, 8), self._word)

    def new_word(self) -> str:
        """The address of the table's next word."""
        return self.field("ptr", self._word)

    def new_cell(self) -> str:
        cell = self.field("ptr", self._cell)
        self.store("ptr", self.at(cell, 8), self._cell)
        return cell

    def add_hit(self) -> None:
        hits = self.field("ptr", self._words, 8 * HITS)
        self.store("i64", self.f.value(f"add i64 {self.field('i64', hits)}, 1"), hits)

    # -- what is around the steps

    def begin(self) -> None:
        f = self.f
        self._words = self.at(self.field("ptr", "%self", ITEMS), BYTES)
        registers, table, cells = (self.field("i64", self._words, 8 * k) for k in (REGISTERS, TABLE, CELLS))
        some = f.value(f"add i64 {registers}, {table}")
        memory = f.value(f"alloca i64, i64 {f.value(f'add i64 {some}, {cells}')}")
        self.store("ptr", memory, self._registers)
        self.store("i64", "0", self._top)
        for slot in (self.table, self._word):
            self.store("ptr", self.element(memory, registers), slot)
        self.store("ptr", self.element(memory, some), self._cell)
        self._bind()
        f.jump("dispatch")
        f.label("dispatch")
        number = self.field("i64", self.field("ptr", self._here))
        targets = " ".join(f"i64 {s.value}, label %step{s.value}" for s in Step)
        f.line(f"switch i64 {number}, label %miss [{targets}]")

    def end(self) -> None:
        f = self.f
        f.label("error")
        self.give_back()
        f.line("ret ptr null")
        f.label("miss")
        f.line("call void @PyErr_Clear()")
        self.give_back()
        other = self.call("ptr", "PyList_GetItem", f"ptr {self.field('ptr', '%self', ITEMS + 8)}", "i64 0")
        f.branch(self.is_equal("ptr", other, "null"), "gone", "there")
        f.label("there")
        self.incref(other)  # it may be replaced while it runs
        result = self.call(
            "ptr", "PyObject_Vectorcall", f"ptr {other}", "ptr %args", "i64 %given", "ptr %names"
        )
        f.line(f"call void @Py_DecRef(ptr {other})")
        f.line(f"ret ptr {result}")
        f.label("gone")
        f.line("ret ptr null")

    def _bind(self) -> None:
        """Put the arguments in the first registers, in the order of the parameters."""
        f = self.f
        positional, count = (self.field("i64", self._words, 8 * k) for k in (POSITIONAL, PARAMETERS))
        pairs = self.at(self._words, 8 * HEADER)
        end = self.element(pairs, f.value(f"mul i64 {count}, 2"))
        self.store("ptr", end, self._here)
        self.require(f.value(f"icmp ule i64 %given, {positional}"))
        with self.turns("%given") as k:
            x = self.field("ptr", self.element("%args", k))
            self.incref(x)
            self.push(x)
        full, bind = f.name("full"), f.name("bind")
        unnamed = self.is_equal("ptr", "%names", "null")
        f.branch(f.value(f"and i1 {unnamed}, {self.is_equal('i64', '%given', count)}"), full, bind)
        f.label(bind)
        with self.turns(f.value(f"sub i64 {count}, %given")) as k:
            pair = self.element(pairs, f.value(f"mul i64 {f.value(f'add i64 %given, {k}')}, 2"))
            default = self.field("ptr", pair, 8)
            self.incref(default)
            self.push(default)
        self._bind_names(pairs, count)
        with self.turns(count) as k:
            self.require(f.value(f"icmp ne ptr {self.in_register(k)}, null"))
        f.jump(full)
        f.label(full)

    def _bind_names(self, pairs: str, count: str) -> None:
        """Replace defaults by what is given by name; what is given by position cannot be."""
        f = self.f
        found = f.slot("ptr")
        names = f.value(f"select i1 {self.is_equal('ptr', '%names', 'null')}, ptr @none, ptr %names")
        with self.turns(self.field("i64", names, SIZE)) as k:
            name = self.field("ptr", self.element(self.at(names, ITEMS), k))
            x = self.field("ptr", self.element("%args", f.value(f"add i64 %given, {k}")))
            self.store("ptr", "null", found)
            with self.turns(count) as p:
                own = self.field("ptr", self.element(pairs, f.value(f"mul i64 {p}, 2")))
                open_ = f.value(f"icmp sge i64 {p}, %given")
                with self.where(f.value(f"and i1 {open_}, {self.is_equal('ptr', own, name)}")):
                    self.store("ptr", self.element(self.field("ptr", self._registers), p), found)
            place = self.field("ptr", found)
            self.require(f.value(f"icmp ne ptr {place}, null"))
            default = self.field("ptr", place)
            self.incref(x)
            self.store("ptr", x, place)
            f.line(f"call void @Py_DecRef(ptr {default})")
