"""Stacks of saved values in LLVM IR: memory that grows, elements that stay where they were pushed."""

from __future__ import annotations

from ..ir.dims import size
from ..ir.graph import Node
from ..ir.types import StackType
from .affine import ZERO
from .kernels import Memory
from .llvm_code import Code, Stack

_MOST_AT_FIRST = 1 << 30  # bytes that the hint of a stack's capacity can ask for


def new_stack(code: Code, node: Node) -> None:
    """Make an empty stack; one that an earlier iteration made here is emptied and keeps its memory."""
    f = code.function
    element = node.result.type
    assert isinstance(element, StackType)
    bytes_ = max(1, size(element.element.shape) * element.element.dtype.numpy.itemsize)
    stack = Stack(f.slot("ptr"), f.slot("i64"), f.slot("i64"), bytes_)
    f.entry.append(f"  store ptr null, ptr {stack.data}")
    f.entry.append(f"  store i64 0, ptr {stack.capacity}")
    code.stacks.append(stack)
    code.module.declare("realloc", "declare noalias ptr @realloc(ptr, i64) nounwind")
    hint = code.register(node.operands[0])
    most = max(1, _MOST_AT_FIRST // stack.element_bytes)
    wanted = f.value(f"call i64 @llvm.smax.i64(i64 {hint}, i64 1)")
    wanted = f.value(f"call i64 @llvm.smin.i64(i64 {wanted}, i64 {most})")
    code.module.declare("llvm.smax.i64", "declare i64 @llvm.smax.i64(i64, i64)")
    code.module.declare("llvm.smin.i64", "declare i64 @llvm.smin.i64(i64, i64)")
    capacity = f.value(f"load i64, ptr {stack.capacity}")
    _grow_if(code, stack, f.value(f"icmp slt i64 {capacity}, {wanted}"), wanted)
    f.line(f"store i64 0, ptr {stack.count}")
    code.scalars[node.result] = stack


def reserve(code: Code, stack: Stack) -> str:
    """Make room for one more element and count it; return the pointer to it."""
    f = code.function
    count = f.value(f"load i64, ptr {stack.count}")
    capacity = f.value(f"load i64, ptr {stack.capacity}")
    _grow_if(code, stack, f.value(f"icmp eq i64 {count}, {capacity}"), f.value(f"shl i64 {capacity}, 1"))
    f.line(f"store i64 {f.value(f'add i64 {count}, 1')}, ptr {stack.count}")
    return _element(code, stack, count)


def _grow_if(code: Code, stack: Stack, condition: str, capacity: str) -> None:
    f = code.function
    grow, go_on = f.name("grow"), f.name("room")
    f.branch(condition, grow, go_on)
    f.label(grow)
    old = f.value(f"load ptr, ptr {stack.data}")
    data = f.value(
        f"call ptr @realloc(ptr {old}, i64 {f.value(f'mul i64 {capacity}, {stack.element_bytes}')})"
    )
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
    count = f.value(f"load i64, ptr {stack.count}")
    top = f.value(f"sub i64 {count}, 1")
    f.line(f"store i64 {top}, ptr {stack.count}")
    code.scalars[below] = stack
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


def release_all(code: Code) -> None:
    """Free every stack's memory, at the end of the run."""
    for stack in code.stacks:
        data = code.function.value(f"load ptr, ptr {stack.data}")
        code.function.line(f"call void @free(ptr {data})")
