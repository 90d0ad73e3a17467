"""Loops that bring into the cache, a few lines at a time, what the next turn around them pushes.

A store to a line that is not in the first cache keeps those behind it waiting. Loads need no such help: what
is popped lies in one piece, and the processor fetches that ahead by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .kernels import Access
from .llvm_code import Code
from .llvm_loop_hints import ROLLED
from .llvm_stack_memory import LINE
from .llvm_stacks import Strip

if TYPE_CHECKING:
    from .llvm_nests import NestCode

_WORTH_FETCHING = 4096  # bytes of an element: shorter ones are hardly waited for
_STRETCH = LINE  # iterations between two times that lines are fetched: whole lines, whatever is pushed


@dataclass(frozen=True, slots=True)
class Ahead:
    """The element that the next turn pushes: a pointer to it, its bytes, and those of one number in it."""

    pointer: str
    bytes: int
    itemsize: int


def find_ahead(nest: NestCode) -> list[Ahead]:
    """Return what the next turn pushes where this one runs a nest, large elements only."""
    found = []
    for root in nest.nest.roots:
        stack = nest.code.scalars[root.result] if root.access is Access.PUSH else None
        if isinstance(stack, Strip) and stack.stack.element_bytes >= _WORTH_FETCHING:
            bytes_ = stack.stack.element_bytes
            pointer = nest.code.function.value(f"getelementptr i8, ptr {nest.pushed[id(root)]}, i64 {bytes_}")
            found.append(Ahead(pointer, bytes_, root.node.operands[1].dtype.numpy.itemsize))
    return found


def goes_in_stretches(nest: NestCode) -> bool:
    """Tell whether a nest is one long loop that adds nothing up: sums would be joined after every stretch."""
    if nest.sums or nest.unroll or len(nest.groups) != 1:
        return False
    (group,) = nest.groups
    simple = len(group.starts) == 1 and group.block is None
    return simple and isinstance(group.count, int) and group.count >= 2 * _STRETCH


def in_stretches(nest: NestCode, count: int, ahead: Sequence[Ahead]) -> None:
    """Emit the only loop of a nest, `count` iterations."""
    code, f = nest.code, nest.code.function
    whole, rest = divmod(count, _STRETCH)
    with code.loop(whole, ROLLED) as number:
        for element in ahead:
            bytes_ = _STRETCH * element.itemsize
            _fetch(code, element, f.value(f"mul nuw nsw i64 {number}, {bytes_}"), bytes_)
        first = f.value(f"mul nuw nsw i64 {number}, {_STRETCH}")
        with code.loop(_STRETCH, nest.hints(0, _STRETCH, _STRETCH)) as i:
            nest.step(0, nest.moved(first, i))
    for element in ahead:
        done = whole * _STRETCH * element.itemsize
        _fetch(code, element, str(done), element.bytes - done)
    with code.loop(rest, nest.hints(0, rest, rest)) as i:
        nest.step(0, nest.moved(str(count - rest), i))


def fetch_at_once(code: Code, ahead: Sequence[Ahead]) -> None:
    """Bring whole elements into the cache."""
    for element in ahead:
        with code.loop(element.bytes // LINE, ROLLED) as i:
            _fetch(code, element, code.function.value(f"mul nuw nsw i64 {i}, {LINE}"), LINE)


def _fetch(code: Code, element: Ahead, begin: str, bytes_: int) -> None:
    """Fetch lines to be written, so many bytes from an offset on."""
    f = code.function
    code.module.declare("llvm.prefetch", "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
    for offset in range(0, bytes_, LINE):
        at = f.value(f"add nuw nsw i64 {begin}, {offset}")
        line = f.value(f"getelementptr i8, ptr {element.pointer}, i64 {at}")
        f.line(f"call void @llvm.prefetch.p0(ptr {line}, i32 1, i32 3, i32 1)")
