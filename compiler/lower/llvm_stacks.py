"""Stacks of saved values in LLVM IR: memory that grows, elements that stay where they were pushed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ..ir.dims import room as most_elements
from ..ir.graph import Block, Node, Value
from ..ir.types import StackType
from .affine import ZERO
from .kernels import Memory
from .llvm_code import Code
from .llvm_stack_memory import Stack, declare_memory, give, grow, stride, take

_SURELY = 1 << 30  # bytes for a stack at first where its hint asks for more than there is
_MOST = 1 << 56  # bytes: no machine has as many, and no product with a size wraps


class Use(Enum):
    """What every iteration of a loop does with a stack, and nothing else does there."""

    PUSH = "push"
    POP = "pop"


@dataclass(frozen=True, slots=True)
class Strip:
    """The part of a stack that a loop walks, an element an iteration.

    Room is made for all of it before the loop, so an iteration counts nothing and checks nothing: LLVM
    sees an array, and can vectorise the loop.

    Attributes
    ----------
    stack
        The whole of it, as it is after the loop.
    first
        A pointer to the lowest element.
    number
        The register of the iteration's element, counted from `first`.
    """

    stack: Stack
    first: str = field(compare=False)
    number: str = field(compare=False)
    identity: object = field(default_factory=object, repr=False)


def use_in(body: Block, param: Value, yielded: Value) -> Use | None:
    """Return what the body of a loop does with a stack that it carries, if that is one push or pop a turn."""
    users = [node for node in body.nodes if param in node.operands]
    if len(users) != 1 or users[0].op.name not in ("push", "pop"):
        return None
    (node,) = users
    return Use(node.op.name) if node.operands[0] is param and node.results[0] is yielded else None


def strip_before(code: Code, stack: Stack, use: Use, trips: str) -> str:
    """Push or pop all that a loop will at once; return the pointer to the lowest element of that."""
    f = code.function
    count = f.value(f"load i64, ptr {stack.count}")
    if use is Use.POP:
        low = f.value(f"sub i64 {count}, {trips}")
        f.line(f"store i64 {low}, ptr {stack.count}")
        return _element(code, stack, low)
    capacity = f.value(f"load i64, ptr {stack.capacity}")
    high = f.value(f"add i64 {count}, {trips}")
    code.unless(f.value(f"icmp ugt i64 {high}, {_MOST // stack.element_bytes}"), len(code.program.sites))
    twice = f.value(f"shl i64 {capacity}, 1")
    code.module.declare("llvm.smax.i64", "declare i64 @llvm.smax.i64(i64, i64)")
    wanted = f.value(f"call i64 @llvm.smax.i64(i64 {high}, i64 {twice})")
    _grow_if(code, stack, f.value(f"icmp sgt i64 {high}, {capacity}"), wanted)
    f.line(f"store i64 {high}, ptr {stack.count}")
    return _element(code, stack, count)


def strip_in(code: Code, stack: Stack, use: Use, first: str, turn: str, trips: str) -> Strip:
    """Return the strip as iteration `turn` of `trips` sees it: pops go down from the top."""
    if use is Use.PUSH:
        return Strip(stack, first, turn)
    f = code.function
    left = f.value(f"sub nsw i64 {trips}, {turn}")
    return Strip(stack, first, f.value(f"add nsw i64 {left}, -1"))


def new_stack(code: Code, node: Node) -> None:
    """Make an empty stack; one that an earlier iteration made here is emptied and keeps its memory."""
    f = code.function
    element = node.result.type
    assert isinstance(element, StackType)
    bytes_ = stride(most_elements(element.element.shape) * element.element.dtype.numpy.itemsize)
    declare_memory(code.module)
    if code.part is None:
        data, count, capacity, first = f.slot("ptr"), f.slot("i64"), f.slot("i64"), f
    else:
        data, count, capacity, first = code.part.stack(node.result)
    stack = Stack(data, count, capacity, bytes_, take(code.module, first, data, capacity, bytes_))
    code.stacks.append(stack)
    hint = code.register(node.operands[0])
    most = _MOST // stack.element_bytes
    wanted = f.value(f"call i64 @llvm.smax.i64(i64 {hint}, i64 1)")
    wanted = f.value(f"call i64 @llvm.smin.i64(i64 {wanted}, i64 {most})")
    code.module.declare("llvm.smax.i64", "declare i64 @llvm.smax.i64(i64, i64)")
    code.module.declare("llvm.smin.i64", "declare i64 @llvm.smin.i64(i64, i64)")
    room = f.value(f"load i64, ptr {stack.capacity}")
    surely = max(1, _SURELY // stack.element_bytes)
    _grow_if(code, stack, f.value(f"icmp slt i64 {room}, {wanted}"), wanted, surely)
    f.line(f"store i64 0, ptr {stack.count}")
    code.scalars[node.result] = stack


def reserve(code: Code, stack: Stack | Strip) -> str:
    """Make room for one more element and count it; return the pointer to it."""
    if isinstance(stack, Strip):
        return _strip_element(code, stack)
    f = code.function
    count = f.value(f"load i64, ptr {stack.count}")
    capacity = f.value(f"load i64, ptr {stack.capacity}")
    _grow_if(code, stack, f.value(f"icmp eq i64 {count}, {capacity}"), f.value(f"shl i64 {capacity}, 1"))
    f.line(f"store i64 {f.value(f'add i64 {count}, 1')}, ptr {stack.count}")
    return _element(code, stack, count)


def _grow_if(code: Code, stack: Stack, condition: str, capacity: str, otherwise: int = 0) -> None:
    """Make room for so many elements; where there is none, for `otherwise`, if that is not 0."""
    f = code.function
    full, go_on = f.name("full"), f.name("room")
    f.branch(condition, full, go_on)
    f.label(full)
    data = grow(f, stack.data, capacity, stack.element_bytes)
    if otherwise:
        less, grown = f.name("less"), f.name("grown")
        f.branch(f.value(f"icmp eq ptr {data}, null"), less, grown)
        f.label(less)
        fewer = f.value(f"call i64 @llvm.smin.i64(i64 {capacity}, i64 {otherwise})")
        second = grow(f, stack.data, fewer, stack.element_bytes)
        f.jump(grown)
        f.label(grown)
        data = f.value(f"phi ptr [ {data}, %{full} ], [ {second}, %{less} ]")
        capacity = f.value(f"phi i64 [ {capacity}, %{full} ], [ {fewer}, %{less} ]")
    code.unless(f.value(f"icmp eq ptr {data}, null"), len(code.program.sites))
    f.line(f"store ptr {data}, ptr {stack.data}")
    f.line(f"store i64 {capacity}, ptr {stack.capacity}")
    f.jump(go_on)
    f.label(go_on)


def _element(code: Code, stack: Stack, number: str) -> str:
    f = code.function
    data = f.value(f"load ptr, ptr {stack.data}")
    offset = f.value(f"mul i64 {number}, {stack.element_bytes}")
    return f.value(f"getelementptr inbounds i8, ptr {data}, i64 {offset}")


def _strip_element(code: Code, strip: Strip) -> str:
    f = code.function
    offset = f.value(f"mul nsw i64 {strip.number}, {strip.stack.element_bytes}")
    return f.value(f"getelementptr inbounds i8, ptr {strip.first}, i64 {offset}")


def push_scalar(code: Code, node: Node) -> None:
    stack = code.scalars[node.operands[0]]
    pointer = reserve(code, stack)
    code.store_at(pointer, ZERO, code.scalars[node.operands[1]])
    code.scalars[node.result] = stack


def pop(code: Code, node: Node) -> None:
    """Give the last element: a scalar in a register, an array where it lies or in its own buffer."""
    f = code.function
    stack = code.scalars[node.operands[0]]
    below, element = node.results
    code.scalars[below] = stack
    if isinstance(stack, Strip):
        pointer = _strip_element(code, stack)
    else:
        count = f.value(f"load i64, ptr {stack.count}")
        top = f.value(f"sub i64 {count}, 1")
        f.line(f"store i64 {top}, ptr {stack.count}")
        pointer = _element(code, stack, top)
    if not element.shape:
        code.scalars[element] = code.load_at(pointer, element.dtype, ZERO)
        return
    place = code.program.places.get(element)
    if place is None:
        return
    if place.memory is Memory.POPPED:
        code.bases[place] = pointer
    else:
        code.copy(code.base(place), pointer, place.bytes)


def peek(code: Code, node: Node) -> None:
    """Give the element at a place: a scalar in a register, an array in its own buffer."""
    stack, element = code.scalars[node.operands[0]], node.result
    pointer = _element(code, stack, code.register(node.operands[1]))
    if not element.shape:
        code.scalars[element] = code.load_at(pointer, element.dtype, ZERO)
    elif (place := code.program.places.get(element)) is not None:
        code.copy(code.base(place), pointer, place.bytes)


def release_all(code: Code) -> None:
    """Give every stack's memory back, at the end of the run."""
    give(code.function, [(stack.data, stack.idle) for stack in code.stacks])
