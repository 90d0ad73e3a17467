"""The memory of stacks in LLVM IR: taken from an earlier call, grown out of line, left for a later one.

In front of the elements of a block lie the number of bytes that fit, and the pointer to free it by: the
elements begin on a cache line. Fresh memory costs a page fault for every page, more than all that is
pushed on it; so each stack of a program keeps its block between calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import llvm_idle
from .llvm_text import FunctionText, ModuleText

_KEPT = 1 << 26  # bytes that the stacks of a program keep between calls, at most, or twice as much
_STACKS = "idle.stack."
LINE = 64
HEAD = 2 * LINE  # bytes of a block besides the elements
_LARGE = 8 * LINE  # bytes of an element that begins on a line of its own


@dataclass(frozen=True, slots=True)
class Stack:
    """The registers of one stack: its memory, how many elements it holds, and how many fit.

    The same stack may be in other registers in another function.
    """

    data: str = field(compare=False)
    count: str = field(compare=False)
    capacity: str = field(compare=False)
    element_bytes: int
    idle: str  # the places where its memory waits between calls
    identity: object = field(default_factory=object, repr=False)


_NAMES = ("stack.bytes", "stack.free", "stack.grow", "stack.leave")
_TEXTS = (
    f"""\
define internal i64 @stack.bytes(ptr %data) nounwind {{
  %none = icmp eq ptr %data, null
  br i1 %none, label %empty, label %given
empty:
  ret i64 0
given:
  %head = getelementptr i8, ptr %data, i64 -{LINE}
  %bytes = load i64, ptr %head
  ret i64 %bytes
}}""",
    """\
define internal void @stack.free(ptr %data) noinline nounwind {
  %none = icmp eq ptr %data, null
  br i1 %none, label %over, label %given
given:
  %place = getelementptr i8, ptr %data, i64 -8
  %block = load ptr, ptr %place
  call void @free(ptr %block)
  br label %over
over:
  ret void
}""",
    f"""\
define internal noalias ptr @stack.grow(ptr %data, i64 %bytes) noinline cold nounwind {{
  %all = add i64 %bytes, {HEAD}
  %block = call ptr @malloc(i64 %all)
  %full = icmp eq ptr %block, null
  br i1 %full, label %refused, label %grown
refused:
  ret ptr null
grown:
  %inside = getelementptr i8, ptr %block, i64 {HEAD - 1}
  %first = call ptr @llvm.ptrmask.p0.i64(ptr %inside, i64 -{LINE})
  %head = getelementptr i8, ptr %first, i64 -{LINE}
  store i64 %bytes, ptr %head
  %place = getelementptr i8, ptr %first, i64 -8
  store ptr %block, ptr %place
  %held = call i64 @stack.bytes(ptr %data)
  call void @llvm.memcpy.p0.p0.i64(ptr %first, ptr %data, i64 %held, i1 false)
  call void @stack.free(ptr %data)
  ret ptr %first
}}""",
    f"""\
define internal void @stack.leave(ptr %data, ptr %places, i64 %most) noinline nounwind {{
  %bytes = call i64 @stack.bytes(ptr %data)
  %large = icmp ugt i64 %bytes, %most
  br i1 %large, label %free, label %keep
keep:
  %share = udiv i64 %most, {llvm_idle.PLACES}
  %few = icmp ugt i64 %bytes, %share
  %last = select i1 %few, i64 0, i64 {llvm_idle.PLACES - 1}
  %rest = call ptr @idle.leave(ptr %places, i64 %last, ptr %data)
  call void @stack.free(ptr %rest)
  br label %over
free:
  call void @stack.free(ptr %data)
  br label %over
over:
  ret void
}}""",
)


def declare_memory(module: ModuleText) -> None:
    """Define the functions that the code of stacks calls."""
    module.declare("malloc", "declare noalias ptr @malloc(i64) nounwind")
    module.declare("llvm.ptrmask", "declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
    module.declare("llvm.memcpy", "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
    module.declare("free", "declare void @free(ptr) nounwind")
    for name, text in zip(_NAMES, _TEXTS, strict=True):
        module.declare(name, text)


def stride(element_bytes: int) -> int:
    """Return how far apart elements of so many bytes lie."""
    large = element_bytes >= _LARGE
    return -(-element_bytes // LINE) * LINE if large else max(1, element_bytes)


def block_bytes(element_bytes: int, elements: int) -> int:
    """Return what a stack takes of the system for so many elements of so many bytes."""
    return max(1, elements) * stride(element_bytes) + HEAD


def release(module: ModuleText, f: FunctionText) -> None:
    """Free the memory that stacks have left between calls."""
    llvm_idle.release(module, f, _STACKS, "stack.free")


def take(module: ModuleText, f: FunctionText, data: str, capacity: str, element_bytes: int) -> str:
    """Begin a call with the memory of an earlier one, if it is there; return the place where that lies.

    `data` and `capacity` are the slots of a stack's pointer and of the number of elements that fit.
    """
    idle = llvm_idle.new_places(module, f"{_STACKS}{len(module.constants(_STACKS))}")
    f.entry.append(f"  {data}.taken = call ptr @idle.take(ptr {idle}, i64 {llvm_idle.PLACES - 1})")
    f.entry.append(f"  {data}.bytes = call i64 @stack.bytes(ptr {data}.taken)")
    f.entry.append(f"  {data}.room = udiv i64 {data}.bytes, {element_bytes}")
    f.entry.append(f"  store ptr {data}.taken, ptr {data}")
    f.entry.append(f"  store i64 {data}.room, ptr {capacity}")
    return idle


def grow(f: FunctionText, data: str, elements: str, element_bytes: int) -> str:
    """Make room for so many elements; return the new pointer, null where there is no memory."""
    bytes_ = f.value(f"mul i64 {elements}, {element_bytes}")
    return f.value(f"call ptr @stack.grow(ptr {f.value(f'load ptr, ptr {data}')}, i64 {bytes_})")


def give(f: FunctionText, stacks: Sequence[tuple[str, str]]) -> None:
    """End a call: keep or free the memory of stacks, given by the slot and the place of each."""
    for data, idle in stacks:
        pointer = f.value(f"load ptr, ptr {data}")
        f.line(f"call void @stack.leave(ptr {pointer}, ptr {idle}, i64 {_KEPT // len(stacks)})")
