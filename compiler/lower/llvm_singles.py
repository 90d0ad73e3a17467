"""Statements that are one node in LLVM IR: checks, single writes, scatters, scans, arg-reductions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from ..ir.dims import Dim, Shape, capacity
from ..ir.graph import Node
from ..ir.operation import ArgReduction, Scan
from ..ir.types import DType
from .accesses import nest_index
from .affine import Index, Variable, linear, row_major
from .llvm_code import Code, counter
from .llvm_products import emit_matmul
from .llvm_roots import checked_index
from .llvm_stacks import new_stack, peek, pop, push_scalar
from .positions import put_position


def emit_single(code: Code, node: Node) -> None:
    """Emit a node that is a statement of its own."""
    lowering = node.op.lowering
    if isinstance(lowering, ArgReduction):
        _arg_reduction(code, node, lowering)
    elif isinstance(lowering, Scan):
        _scan(code, node, lowering)
    elif node.op.name in _RULES:
        _RULES[node.op.name](code, node)
    else:
        raise NotImplementedError(f"no code for the operation '{node.op.name}'")


def _check(code: Code, node: Node) -> None:
    condition = code.register(node.operands[0])
    code.unless(code.function.value(f"xor i1 {condition}, true"), code.program.site_of[node])


def _check_index(code: Code, node: Node) -> None:
    code.scalars[node.result] = checked_index(code, node, code.scalar(node.operands[0]))


def _write(code: Code, node: Node) -> None:
    """Write one element, or add to it; of a scalar, which lives in a register, the only one."""
    if not node.result.shape:
        given = [code.scalar(v) for v in node.operands]
        code.scalars[node.result] = code.machine.add(*given) if node.op.name == "accumulate" else given[1]
        return
    base, target = (code.program.places[v] for v in (node.operands[0], node.result))
    code.copy(code.base(target), code.base(base), target.bytes)
    place = put_position(node, (), code.form)
    x = code.scalar(node.operands[1])
    if node.op.name == "accumulate":
        x = code.machine.add(code.load_from(target, place), code.machine.force(x))
    code.store_to(target, place, x)


def _scatter(code: Code, node: Node) -> None:
    """Write or add elements in C order of the indices, so that the last write wins."""
    base, values, *indices = node.operands
    source, target = code.program.places[base], code.program.places[node.result]
    code.copy(code.base(target), code.base(source), target.bytes)
    shape, axes = values.shape, node.attrs["axes"]
    rank, target_shape = len(indices[0].shape), node.result.shape
    with _Loops(code, shape) as here:
        walk = code.walk()
        picked = iter([code.machine.form(walk.element(i, here[:rank])) for i in indices])
        kept = iter(here[rank:])
        index = tuple(next(picked) if a in axes else next(kept) for a in range(len(target_shape)))
        place = linear(index, row_major(target_shape))
        x = walk.element(values, here)
        if node.op.name == "scatter_add":
            x = code.machine.add(code.load_from(target, place), x)
        code.store_to(target, place, x)


class _Loops(ExitStack):
    """One loop for each dimension; gives the index inside them."""

    def __init__(self, code: Code, space: Shape, prefix: str = "i") -> None:
        super().__init__()
        self.code, self.space, self.prefix = code, space, prefix

    def __enter__(self) -> Any:
        super().__enter__()
        for axis, size in enumerate(self.space):
            register = self.enter_context(self.code.loop(size))
            self.code.machine.groups[Variable(f"{self.prefix}{axis}", capacity(size))] = register, 1
        return nest_index(self.space, self.prefix)


def _arg_reduction(code: Code, node: Node, lowering: ArgReduction) -> None:
    """Walk the reduced axis innermost, with the best element and its index in registers."""
    (operand,) = node.operands
    axis, shape = node.attrs["axis"], node.operands[0].shape
    best, found = code.accumulator(operand.dtype), code.accumulator(DType.I64)

    def at(outer: tuple[Index, ...], i: Index) -> Any:
        return code.machine.force(code.walk().element(operand, (*outer[:axis], i, *outer[axis:])))

    with _Loops(code, (*shape[:axis], *shape[axis + 1 :]), "k") as outer:
        with code.loop(_at_most_once(code, shape[axis])):
            code.write(best, at(outer, Index((), 0)))
            code.write(found, code.literal(DType.I64, 0))
        with code.loop(shape[axis]) as register:
            i = counter(register)
            x, champion = at(outer, i), code.read(best, operand.dtype)
            better = lowering.better(code.machine, x, champion)
            code.write(best, code.machine.select(better, x, champion))
            index = code.machine.force(i)
            code.write(found, code.machine.select(better, index, code.read(found, DType.I64)))
        _store_result(code, node, outer, code.read(found, DType.I64))


def _store_result(code: Code, node: Node, outer: tuple[Index, ...], x: Any) -> None:
    if node.result in code.program.places:
        place = linear(outer, row_major(node.result.shape))
        code.store_to(code.program.places[node.result], place, x)
    else:
        code.scalars[node.result] = x


def _at_most_once(code: Code, size: Dim) -> int | str:
    """1, or 0 where there are no elements."""
    if isinstance(size, int):
        return 1
    code.module.declare("llvm.smin.i64", "declare i64 @llvm.smin.i64(i64, i64)")
    return code.function.value(f"call i64 @llvm.smin.i64(i64 {code.extent(size)}, i64 1)")


def _scan(code: Code, node: Node, lowering: Scan) -> None:
    """The first elements, then each from the one before it; the axis is walked in its place in C order."""
    axis, reverse, shape = node.attrs["axis"], node.attrs["reverse"], node.result.shape
    target = code.program.places[node.result]
    if 0 in shape:
        return
    last = code.machine.constant(DType.I64, shape[axis] - 1)

    def position(here: tuple[Index, ...]) -> Index:
        return linear(here, row_major(shape))

    def turned(i: Index) -> Index:
        return last.plus(i, -1) if reverse else i

    def elements(here: tuple[Index, ...]) -> list[Any]:
        walk = code.walk()
        return [code.machine.force(walk.element(v, here)) for v in node.operands]

    outer, inner = shape[:axis], shape[axis + 1 :]
    with _Loops(code, outer, "a") as before:
        with code.loop(_at_most_once(code, shape[axis])), _Loops(code, inner, "b") as after:
            here = (*before, turned(Index((), 0)), *after)
            code.store_to(target, position(here), lowering.first(code.machine, *elements(here)))
        if shape[axis] != 1:
            with code.loop(shape[axis] - 1) as register, _Loops(code, inner, "b") as after:
                i = counter(register)
                here = (*before, turned(i.plus(Index((), 1))), *after)
                previous = code.load_from(target, position((*before, turned(i), *after)))
                x = lowering.step(code.machine, previous, *elements(here))
                code.store_to(target, position(here), x)


_RULES: dict[str, Callable[[Code, Node], None]] = {
    "check": _check,
    "check_index": _check_index,
    "update": _write,
    "accumulate": _write,
    "scatter": _scatter,
    "scatter_add": _scatter,
    "matmul": emit_matmul,
    "stack_new": new_stack,
    "push": push_scalar,
    "pop": pop,
    "peek": peek,
}
