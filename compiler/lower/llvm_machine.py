"""Scalar code in LLVM IR: the Machine that operations' records emit themselves on."""

from __future__ import annotations

from functools import reduce
from typing import Any, NamedTuple

from ..ir.dims import Affine, Symbol
from ..ir.types import DType
from .affine import Index, bounds
from .llvm_math import declare_math, declare_special
from .llvm_text import FunctionText, ModuleText, literal, register_type

Terms = tuple[tuple[str, int], ...]  # registers and what they are multiplied with


class Scalar(NamedTuple):  # made for each line of a program: a dataclass takes three times as long
    """A scalar in a register, or a literal."""

    dtype: DType
    text: str


Operand = Scalar | Index

_PREDICATES = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_BITS = {DType.BOOL: 1, DType.F32: 32, DType.F64: 64}


def bits(dtype: DType) -> int:
    return _BITS.get(dtype) or int(dtype.value[1:])


class LlvmMachine:
    """Emits scalar instructions at the end of a function.

    i64 arithmetic on loop variables stays an affine form until something else needs its value.
    `reassociate` lets sums and products be reordered: set while a reduction combines.
    """

    def __init__(self, module: ModuleText, function: FunctionText) -> None:
        self.module = module
        self.function = function
        self.reassociate = False
        self.variables: dict[Any, str] = {}
        self.symbols: dict[Symbol, Any] = {}  # the sizes bound where the function stands now
        self._forced: dict[tuple[Terms, int], Scalar] = {}  # sums that have a register in the basic block
        self._block = ""

    # Values.

    def symbol(self, symbol: Symbol) -> Any:
        return self.symbols[symbol]

    def constant(self, dtype: DType, value: Any) -> Any:
        if isinstance(value, Affine):
            terms = (self.form(self.symbol(s)).times(c) for s, c in value.terms)
            return reduce(Index.plus, terms, Index((), value.offset))
        return Index((), int(value)) if dtype is DType.I64 else Scalar(dtype, literal(dtype, value))

    def text(self, x: Any) -> str:
        """The operand as it stands in an instruction."""
        return x.text if isinstance(x, Scalar) else self.force(x).text

    def form(self, x: Any) -> Index:
        return x if isinstance(x, Index) else Index(((x, 1),))

    def force(self, x: Any) -> Scalar:
        """The value of an affine form in a register."""
        if isinstance(x, Scalar):
            return x
        if not x.terms:
            return Scalar(DType.I64, str(x.offset))
        if self._block != self.function.block:
            self._forced, self._block = {}, self.function.block
        terms = tuple(self.merged(x))  # in registers: what a variable stands for can change within a block
        if (terms, x.offset) not in self._forced:
            self._forced[terms, x.offset] = self._sum(terms, x.offset)
        return self._forced[terms, x.offset]

    def _sum(self, terms: Terms, offset: int) -> Scalar:
        """The sum of multiples of registers and an offset."""
        total = ""
        for atom, coefficient in terms:
            part = atom
            if coefficient != 1:
                part = self.function.value(f"mul i64 {atom}, {coefficient}")
            total = self.function.value(f"add i64 {total}, {part}") if total else part
        if not total:
            return Scalar(DType.I64, str(offset))
        if offset:
            total = self.function.value(f"add i64 {total}, {offset}")
        return Scalar(DType.I64, total)

    def merged(self, x: Index) -> list[tuple[str, int]]:
        """The terms of a form as registers; loops override it where one loop walks several dimensions."""
        return [(a.text if isinstance(a, Scalar) else self.variables[a], c) for a, c in x.terms]

    def _binary(self, float_op: str, int_op: str, x: Any, y: Any) -> Scalar:
        dtype = x.dtype
        op = int_op
        if dtype.is_float:
            op = f"{float_op} reassoc" if self.reassociate else float_op
        text = f"{op} {register_type(dtype)} {self.text(x)}, {self.text(y)}"
        return Scalar(dtype, self.function.value(text))

    # Arithmetic.

    def add(self, x: Any, y: Any) -> Any:
        if isinstance(x, Index) or isinstance(y, Index):
            return self.form(x).plus(self.form(y))
        return self._binary("fadd", "add", x, y)

    def subtract(self, x: Any, y: Any) -> Any:
        if isinstance(x, Index) or isinstance(y, Index):
            return self.form(x).plus(self.form(y), -1)
        return self._binary("fsub", "sub", x, y)

    def multiply(self, x: Any, y: Any) -> Any:
        for a, b in ((x, y), (y, x)):
            if isinstance(b, Index) and b.constant is not None:
                return self.form(a).times(b.constant)
        return self._binary("fmul", "mul", x, y)

    def divide(self, x: Any, y: Any) -> Any:
        return self._binary("fdiv", "sdiv", x, y)

    def quotient(self, x: Any, y: Any) -> Any:
        if isinstance(x, Index) and isinstance(y, Index) and (y.constant or 0) > 0:
            parts = x.divided(y.offset)
            if parts is not None:
                return parts[0]
        return self._binary("", "sdiv" if x.dtype.is_signed else "udiv", x, y)

    def modulo(self, x: Any, y: Any) -> Any:
        if isinstance(x, Index) and isinstance(y, Index) and (y.constant or 0) > 0:
            parts = x.divided(y.offset)
            if parts is not None:
                return parts[1]
        if x.dtype.is_float:
            return self.call("fmod", x, y)
        return self._binary("", "srem" if x.dtype.is_signed else "urem", x, y)

    def negate(self, x: Any) -> Any:
        if isinstance(x, Index):
            return x.times(-1)
        kind = register_type(x.dtype)
        text = f"fneg {kind} {x.text}" if x.dtype.is_float else f"sub {kind} 0, {x.text}"
        return Scalar(x.dtype, self.function.value(text))

    def bitand(self, x: Any, y: Any) -> Any:
        for a, b in ((x, y), (y, x)):
            if isinstance(a, Scalar) and a.text in ("true", "false"):
                return b if a.text == "true" else a
        return self._binary("", "and", x, y)

    def bitor(self, x: Any, y: Any) -> Any:
        return self._binary("", "or", x, y)

    def bitxor(self, x: Any, y: Any) -> Any:
        return self._binary("", "xor", x, y)

    def shift_left(self, x: Any, y: Any) -> Any:
        return self._binary("", "shl", x, y)

    def shift_right(self, x: Any, y: Any) -> Any:
        return self._binary("", "ashr" if x.dtype.is_signed else "lshr", x, y)

    # Comparison and choice.

    def compare(self, relation: str, x: Any, y: Any) -> Any:
        if isinstance(x, Index) or isinstance(y, Index):
            known = _decided(relation, self.form(x).plus(self.form(y), -1))
            if known is not None:
                return self.constant(DType.BOOL, known)
        kind, predicate = register_type(x.dtype), _PREDICATES[relation]
        if x.dtype.is_float:
            text = f"fcmp {'une' if relation == '!=' else 'o' + predicate} {kind}"
        else:
            sign = "" if relation in ("==", "!=") else "s" if x.dtype.is_signed else "u"
            text = f"icmp {sign}{predicate} {kind}"
        return Scalar(DType.BOOL, self.function.value(f"{text} {self.text(x)}, {self.text(y)}"))

    def select(self, condition: Any, x: Any, y: Any) -> Any:
        if condition.text in ("true", "false"):
            return x if condition.text == "true" else y
        if x == y:
            return x
        kind = register_type(x.dtype)
        choice = f"select i1 {condition.text}, {kind} {self.text(x)}, {kind} {self.text(y)}"
        return Scalar(x.dtype, self.function.value(choice))

    # Conversion.

    def convert(self, x: Any, dtype: DType) -> Any:
        if x.dtype is dtype:
            return x
        if dtype is DType.BOOL:
            return self.compare("!=", x, self.constant(x.dtype, 0))
        if x.dtype.is_float:
            return (
                self._cast("fpext" if bits(dtype) == 64 else "fptrunc", x, dtype)
                if dtype.is_float
                else self._to_int(x, dtype)
            )
        if dtype.is_float:
            return self._cast("sitofp" if x.dtype.is_signed else "uitofp", x, dtype)
        if bits(dtype) == bits(x.dtype):
            return Scalar(dtype, self.text(x))
        if bits(dtype) < bits(x.dtype):
            return self._cast("trunc", x, dtype)
        return self._cast("sext" if x.dtype.is_signed else "zext", x, dtype)

    def _cast(self, op: str, x: Any, dtype: DType) -> Scalar:
        text = f"{op} {register_type(x.dtype)} {self.text(x)} to {register_type(dtype)}"
        return Scalar(dtype, self.function.value(text))

    def _to_int(self, x: Scalar, dtype: DType) -> Any:
        """Float to integer as x86 and NumPy do: what does not fit gives the smallest integer, then wraps."""
        if dtype is DType.U64:
            half = self.constant(x.dtype, 2.0**63)
            big = self.compare(">=", x, half)
            shifted = self._bounded_int(self.select(big, self.subtract(x, half), x), DType.I64)
            flipped = Scalar(DType.U64, shifted.text)
            top = Scalar(DType.U64, str(-(2**63)))
            return self.select(big, self.bitxor(flipped, top), flipped)
        wide = DType.I64 if dtype in (DType.I64, DType.U32) else DType.I32
        return self.convert(self._bounded_int(x, wide), dtype)

    def _bounded_int(self, x: Scalar, dtype: DType) -> Scalar:
        limit = 2.0 ** (bits(dtype) - 1)
        low = -limit if dtype is DType.I64 or x.dtype is DType.F32 else -limit - 1
        relation = ">=" if low == -limit else ">"
        inside = self.bitand(
            self.compare(relation, x, self.constant(x.dtype, low)),
            self.compare("<", x, self.constant(x.dtype, limit)),
        )
        safe = self.select(inside, x, self.constant(x.dtype, 0.0))
        smallest = Scalar(dtype, str(-(2 ** (bits(dtype) - 1))))
        return self.select(inside, self._cast("fptosi", safe, dtype), smallest)  # type: ignore[no-any-return]

    # Calls.

    def intrinsic(self, name: str, *args: Any) -> Any:
        kind = register_type(args[0].dtype)
        llvm = f"llvm.{name}.{'f64' if kind == 'double' else 'f32'}"
        types = ", ".join([kind] * len(args))
        self.module.declare(llvm, f"declare {kind} @{llvm}({types})")
        given = ", ".join(f"{kind} {self.text(a)}" for a in args)
        flags = (
            "nsz " if name in ("maximum", "minimum") else ""
        )  # without it the sign of zero costs as much again
        return Scalar(args[0].dtype, self.function.value(f"call {flags}{kind} @{llvm}({given})"))

    def call(self, name: str, *args: Any) -> Any:
        dtype = args[0].dtype
        kind = register_type(dtype)
        function, attributes = declare_math(self.module, name, dtype, len(args))
        given = ", ".join(f"{kind} {self.text(a)}" for a in args)
        return Scalar(dtype, self.function.value(f"call {kind} @{function}({given}){attributes}"))

    def special(self, name: str, *args: Any) -> Any:
        function = declare_special(self.module, name, len(args))
        given = ", ".join(f"double {self.text(a)}" for a in args)
        return Scalar(DType.F64, self.function.value(f"call double @{function}({given}, i32 0)"))


def _decided(relation: str, difference: Index) -> bool | None:
    """The outcome of comparing a form with 0, where the ranges of the variables decide it."""
    known = bounds(difference)
    if known is None:
        return None
    low, high = known
    match relation:
        case "<":
            return True if high < 0 else False if low >= 0 else None
        case ">=":
            return True if low >= 0 else False if high < 0 else None
        case ">":
            return True if low > 0 else False if high <= 0 else None
        case "<=":
            return True if high <= 0 else False if low > 0 else None
        case "==":
            return True if low == high == 0 else False if low > 0 or high < 0 else None
        case _:
            return False if low == high == 0 else True if low > 0 or high < 0 else None
