"""Matrix products in LLVM IR: BLAS where it pays, loops for tiny ones and for integers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.dims import Affine, Dim, Shape, capacity, is_static, room
from ..ir.graph import Node, Value
from ..ir.types import DType
from .accesses import view_of
from .affine import ZERO, Index, linear, row_major
from .kernels import Single, Statement
from .llvm_code import Code, counter
from .llvm_machine import Scalar
from .llvm_text import FunctionText, literal, memory_type
from .outside import BLAS_PREFIX
from .schedule import walk

_TINY = 512  # multiplications, below which a call of the BLAS costs more than the loops
_MOST_UNROLLED = (
    1024  # multiplications of all loops of a program: of more, loops that are alike are one function
)


@dataclass(frozen=True, slots=True)
class _Factor:
    """A stack of matrices in memory: strides in elements, the last two those of rows and columns."""

    base: str
    dtype: DType
    shape: Shape
    strides: tuple[int, ...]
    offset: Index

    def at(self, batch: tuple[Index, ...]) -> Index:
        return linear(batch, self.strides[:-2], self.offset)

    def matrix(self, base: str) -> _Factor:
        """One of the stack, that lies at `base`."""
        return _Factor(base, self.dtype, self.shape[-2:], self.strides[-2:], ZERO)


def emit_matmul(code: Code, node: Node) -> None:
    """Emit a product of stacks of matrices."""
    a, b = (_factor(code, v) for v in node.operands)
    place = code.program.places[node.result]
    shape = node.result.shape
    (m, k), n = a.shape[-2:], b.shape[-1]
    c = _Factor(code.base(place), place.dtype, shape, row_major(shape), ZERO)
    if 0 in shape:
        return
    if k == 0 or isinstance(k, Affine):  # a product with an empty vector leaves the result as it is
        code.fill(place, code.literal(place.dtype, 0))
    if k == 0:
        return
    with code.loop(math.prod(shape[:-2])) as i:
        batch = _batch_index(code, i, shape[:-2])
        if not _is_tiny(node):
            _call_blas(code, a, b, c, batch)
        elif code.module.shares_products and is_static((m, k, n)):
            _call_loops(code, a, b, c, batch)
        else:
            _loops(code, a, b, c, batch)


def has_many_products(body: Sequence[Statement]) -> bool:
    """Tell whether so many products are loops, which LLVM unrolls, that this would take long."""
    products = [s.node for s in walk(body) if isinstance(s, Single) and s.node.op.name == "matmul"]
    return sum(_multiplications(p) for p in products if _is_tiny(p)) > _MOST_UNROLLED


def _multiplications(node: Node) -> int:
    return room((*node.operands[0].shape[-2:], node.result.shape[-1]))


def _is_tiny(node: Node) -> bool:
    return not node.result.dtype.is_float or _multiplications(node) <= _TINY


def _factor(code: Code, value: Value) -> _Factor:
    """An operand as the BLAS sees it; one that is inlined is a view of what is in memory."""
    shape = value.shape
    if code.in_memory(value):
        return _Factor(code.base(code.program.places[value]), value.dtype, shape, row_major(shape), ZERO)
    view = view_of(code.program.producers, code.in_memory, value)
    assert view is not None, "an operand of a product is neither in memory nor part of what is"
    terms = tuple((code.machine.force(code.scalar(v)), c) for v, c in view.offset.terms)
    base = code.base(code.program.places[view.base])
    return _Factor(base, value.dtype, shape, view.strides, Index(terms, view.offset.offset))


def _batch_index(code: Code, register: str, shape: Shape) -> tuple[Index, ...]:
    index: list[Index] = []
    rest = register
    for size in reversed(shape[1:]):
        length = code.extent(size)
        index.insert(0, counter(code.function.value(f"urem i64 {rest}, {length}")))
        rest = code.function.value(f"udiv i64 {rest}, {length}")
    return (counter(rest), *index) if shape else ()


def _loops(code: Code, a: _Factor, b: _Factor, c: _Factor, batch: tuple[Index, ...]) -> None:
    """Rows of the product as sums of rows of `b`, so that the innermost loop has unit stride."""
    (m, k), n = a.shape[-2:], b.shape[-1]
    machine, wide = code.machine, DType.F64 if c.dtype is DType.F32 else c.dtype
    with code.loop(m) as i, code.loop(n) as j:
        slot = code.accumulator(wide)
        code.write(slot, Scalar(wide, literal(wide, 0)))
        with code.loop(k) as p:
            x = code.load_at(a.base, a.dtype, linear((counter(i), counter(p)), a.strides[-2:], a.at(batch)))
            y = code.load_at(b.base, b.dtype, linear((counter(p), counter(j)), b.strides[-2:], b.at(batch)))
            term = machine.multiply(machine.convert(x, wide), machine.convert(y, wide))
            machine.reassociate = True
            code.write(slot, machine.add(code.read(slot, wide), term))
            machine.reassociate = False
        total = machine.convert(code.read(slot, wide), c.dtype)
        code.store_at(c.base, linear((counter(i), counter(j)), c.strides[-2:], c.at(batch)), total)


def _call_loops(code: Code, a: _Factor, b: _Factor, c: _Factor, batch: tuple[Index, ...]) -> None:
    """Call the function of all products of these sizes and strides."""
    sizes = *a.shape[-2:], b.shape[-1], *a.strides[-2:], *b.strides[-2:], *c.strides[-2:]
    name = f"product.{c.dtype.value}.{'_'.join(map(str, sizes))}"
    given = ", ".join(f"ptr {code.pointer(f.base, f.dtype, f.at(batch))}" for f in (a, b, c))
    code.function.line(f"call void @{name}({given})")
    if code.module.is_new(name):
        parameters = "ptr noalias readonly %a, ptr noalias readonly %b, ptr noalias %c"
        header = f"define internal void @{name}({parameters}) noinline nounwind{code.attributes}"
        function = FunctionText(header)
        inner = Code(code.program, code.module, function, code.attributes)
        _loops(inner, a.matrix("%a"), b.matrix("%b"), c.matrix("%c"), ())
        function.line("ret void")
        code.module.functions.append(function)


def _call_blas(code: Code, a: _Factor, b: _Factor, c: _Factor, batch: tuple[Index, ...]) -> None:
    """C = A B in C order is C' = B' A' in Fortran's."""
    (m, k), n = a.shape[-2:], b.shape[-1]
    at, bt, ct = (code.pointer(f.base, f.dtype, f.at(batch)) for f in (a, b, c))
    one, zero = _constant(code, c.dtype, 1.0), _constant(code, c.dtype, 0.0)
    flip_a, lead_a = _order(a)
    flip_b, lead_b = _order(b)
    flags = [_flag(code, "T" if f else "N") for f in (flip_b, flip_a)]
    sizes = [_int(code, s) for s in (n, m, k)]
    rest = [one, bt, _int(code, lead_b), at, _int(code, lead_a), zero, ct, _int(code, capacity(n))]
    _call(code, c.dtype, "gemm", [*flags, *sizes, *rest])


def _order(f: _Factor) -> tuple[bool, int]:
    """Whether a matrix lies column by column, and the distance between its rows or columns."""
    (rows, columns), (row, column) = map(capacity, f.shape[-2:]), f.strides[-2:]
    if (column == 1 or columns == 1) and (row >= max(columns, 1) or rows == 1):
        return False, row if rows > 1 else max(columns, 1)
    return True, column if columns > 1 else max(rows, 1)


def _call(code: Code, dtype: DType, name: str, pointers: list[str]) -> None:
    function = BLAS_PREFIX + ("d" if dtype is DType.F64 else "s") + name
    code.module.declare(function, f"declare void @{function}({', '.join(['ptr'] * len(pointers))}) nounwind")
    code.function.line(f"call void @{function}({', '.join('ptr ' + p for p in pointers)})")


def _int(code: Code, value: Dim) -> str:
    if isinstance(value, Affine):
        f = code.function
        slot = f.slot("i32")
        f.line(f"store i32 {f.value(f'trunc i64 {code.extent(value)} to i32')}, ptr {slot}")
        return slot
    return code.module.constant(f"int.{value}", f"private constant i32 {value}")


def _flag(code: Code, letter: str) -> str:
    return code.module.constant(f"flag.{letter}", f"private constant i8 {ord(letter)}")


def _constant(code: Code, dtype: DType, value: float) -> str:
    name = f"real.{dtype.value}.{int(value)}"
    return code.module.constant(name, f"private constant {memory_type(dtype)} {literal(dtype, value)}")
