"""Places and sizes that only the run knows: ranges of traced ints, slices between them, the dims they give.

A traced int is seen as an affine form of base values: loop indices, arguments, and what the forms cannot
express. Where the range of a form shows that a slice lies inside its axis, its size is a form as well, so
that equal sizes are equal dims; elsewhere it is clamped at run time, as NumPy does.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..errors import GradirError
from ..ir.dims import Affine, Dim, Symbol, SymbolicSizeError, as_symbol, capacity, is_static, symbols
from ..ir.graph import Loc, Span, Value
from ..ir.types import ArrayType, DType
from .frame import Frame, RollAbort, Trace, is_user_code, user_name

if TYPE_CHECKING:
    from .ranges import Range

_MOST_NODES = 64  # of the arithmetic that one form is read from


@dataclass(frozen=True, slots=True)
class Form:
    """`offset + sum(coefficient * base)`, of i64 values."""

    terms: tuple[tuple[Value, int], ...]
    offset: int = 0

    @property
    def key(self) -> Any:
        return frozenset(self.terms), self.offset

    def plus(self, other: Form, factor: int = 1) -> Form:
        """`self + factor * other`."""
        terms = dict(self.terms)
        for base, coefficient in other.terms:
            terms[base] = terms.get(base, 0) + factor * coefficient
        kept = tuple((b, c) for b, c in terms.items() if c)
        return Form(kept, self.offset + factor * other.offset)


def number(k: int) -> Form:
    return Form((), k)


class Sizes:
    """The base values of one trace: what is known of their ranges, and the symbols they are bound to."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.concrete = False  # ints that could be known are made so, where they give a size
        self.used = False
        self._ranges: dict[Value, tuple[Form | None, Form | None]] = {}
        self._symbols: dict[Value, Symbol] = {}
        self._bases: dict[Symbol, Value] = {}
        self._bound: dict[Frame, set[Symbol]] = {}
        self._made: dict[Any, tuple[Frame, Value]] = {}

    # Forms.

    def form(self, value: Value) -> Form:
        """Return a traced int as a form of base values."""
        return self._form(value, [_MOST_NODES])

    def _form(self, value: Value, left: list[int]) -> Form:
        value = self.trace.origin(value)
        node = None if value in self._ranges else self.trace.definition(value)
        left[0] -= 1
        if node is None or left[0] < 0 or value.dtype is not DType.I64:
            return Form(((value, 1),))
        if node.op.name == "constant":
            return number(int(node.attrs["value"].array))
        parts = [self._form(v, left) for v in node.operands] if node.op.name in _LINEAR else []
        match node.op.name, parts:
            case ("add", [x, y]):
                return x.plus(y)
            case ("subtract", [x, y]):
                return x.plus(y, -1)
            case ("neg", [x]):
                return number(0).plus(x, -1)
            case ("multiply", [x, Form((), factor)]) | ("multiply", [Form((), factor), x]):
                return number(0).plus(x, factor)
        return Form(((value, 1),))

    def of_dim(self, dim: Dim) -> Form:
        """Return a dim as a form."""
        if isinstance(dim, int):
            return number(dim)
        return Form(tuple((self._bases[s], c) for s, c in dim.terms), dim.offset)

    def enter(self, index: Value, bounds: range | Range) -> None:
        """Note what is known of the index of a loop, in its body."""
        start, stop, step = (self._bound_form(x) for x in (bounds.start, bounds.stop, bounds.step))
        if step.terms or not step.offset:
            return
        one = number(1)
        self._ranges[index] = (start, stop.plus(one, -1)) if step.offset > 0 else (stop.plus(one), start)

    def _bound_form(self, x: Any) -> Form:
        value = getattr(x, "value", None)
        if isinstance(value, Value):
            return self.form(self.trace.b.cast(value, DType.I64))
        return number(operator.index(x))

    # Ranges.

    def least(self, form: Form) -> int | None:
        """Return a number that a form is never below, None where none is known."""
        return self._extreme(form, 0)

    def most(self, form: Form) -> int | None:
        """Return a number that a form is never above, None where none is known."""
        return self._extreme(form, 1)

    def _extreme(self, form: Form, side: int) -> int | None:
        """Replace base values by their bounds, the innermost first: those may depend on the ones outside."""
        order = {base: k for k, base in enumerate(self._ranges)}
        while form.terms:
            base, coefficient = max(form.terms, key=lambda t: order.get(t[0], -1))
            bound = self._ranges.get(base, (None, None))[side if coefficient > 0 else 1 - side]
            if bound is None:
                return None
            form = form.plus(Form(((base, 1),)), -coefficient).plus(bound, coefficient)
        return form.offset

    def is_least(self, form: Form, low: int) -> bool:
        least = self.least(form)
        return least is not None and least >= low

    # Values.

    def value(self, form: Form) -> Value:
        """Return the i64 value of a form."""
        if not form.offset and len(form.terms) == 1 and form.terms[0][1] == 1:
            return form.terms[0][0]

        def build() -> Value:
            b, total = self.trace.b, None
            for base, coefficient in form.terms:
                part = base if abs(coefficient) == 1 else b.multiply(base, b.int64(abs(coefficient)))
                if total is None:
                    total = part if coefficient > 0 else b.neg(part)
                else:
                    total = b.add(total, part) if coefficient > 0 else b.subtract(total, part)
            if total is None:
                return b.int64(form.offset)
            return b.add(total, b.int64(form.offset)) if form.offset else total

        return self._once(("value", form.key), build)

    def _once(self, key: Any, build: Any) -> Value:
        """Return what was built for the same key in a scope that is still open, or build it."""
        frame, value = self._made.get(key, (None, None))
        if frame is None or frame.closed or value is None:
            value = build()
            self._made[key] = self.trace.frame, value
        return value

    def _base(self, key: Any, build: Any, low: Form, high: Form) -> Form:
        """Return a new base value of a known range."""
        value = self._once(key, build)
        self._ranges.setdefault(value, (low, high))
        return Form(((value, 1),))

    def shown(self, dim: Dim) -> Any:
        """Return a dim as the user sees it: an int, or a traced one."""
        from .tracer import Scalar

        return dim if isinstance(dim, int) else Scalar(self.trace, self.value(self.of_dim(dim)), weak=True)

    def count(self, shape: Iterable[Dim]) -> int | Value:
        """Return the number of elements of a shape."""
        known, total = 1, None
        for d in shape:
            if isinstance(d, int):
                known *= d
            else:
                value = self.value(self.of_dim(d))
                total = value if total is None else self.trace.b.multiply(total, value)
        if total is None or known == 0:
            return known
        return total if known == 1 else self.trace.b.multiply(total, self.trace.b.int64(known))

    # Slices.

    def span(self, part: slice, axis: Dim) -> tuple[Span, Value | None]:
        """Return the elements that a slice picks of an axis, and where they begin if the run knows that."""
        step = 1 if part.step is None else operator.index(part.step)
        if step == 0:
            raise ValueError("slice step cannot be zero")
        size = self.of_dim(axis)
        first, last = (number(0), size) if step > 0 else (size.plus(number(-1)), number(-1))
        low, high = (0, size) if step > 0 else (-1, first)
        start = first if part.start is None else self._inside(self._slice_bound(part.start), size, low, high)
        stop = last if part.stop is None else self._inside(self._slice_bound(part.stop), size, low, high)
        length = stop.plus(start, -1) if step > 0 else start.plus(stop, -1)
        count = self._dim(self._quotient(self._positive(length, size), abs(step), size), axis)
        if count == 0:
            return Span(0, 0, step), None
        if not start.terms:
            return Span(start.offset, count, step), None
        return Span(None, count, step), self.value(start)

    def _slice_bound(self, bound: Any) -> Form:
        from .known import can_know
        from .tracer import Scalar

        traced = isinstance(bound, Scalar) and not bound.value.dtype.is_float
        if not traced or (self.concrete and can_know(self.trace, bound.value)):
            return number(operator.index(bound))
        return self.form(self.trace.b.cast(bound.value, DType.I64))

    def _inside(self, bound: Form, size: Form, low: int, high: Form) -> Form:
        """Count a negative bound from the end, then clamp it."""
        wrapped = bound
        if not self.is_least(bound, 0):
            most = self.most(bound)
            wrapped = bound.plus(size) if most is not None and most < 0 else self._wrapped(bound, size)
        above, below = self.is_least(wrapped, low), self.is_least(high.plus(wrapped, -1), 0)
        if above and below:
            return wrapped
        if not wrapped.terms and not high.terms:
            return number(min(max(wrapped.offset, low), high.offset))

        def build() -> Value:
            b, value = self.trace.b, self.value(wrapped)
            value = value if above else b.maximum(value, b.int64(low))
            return value if below else b.minimum(value, self.value(high))

        return self._base(("inside", wrapped.key, low, high.key), build, number(low), high)

    def _wrapped(self, bound: Form, size: Form) -> Form:
        def build() -> Value:
            b, value = self.trace.b, self.value(bound)
            return b.where(b.less(value, b.int64(0)), self.value(bound.plus(size)), value)

        value = self._once(("wrapped", bound.key, size.key), build)
        return Form(((value, 1),)) if bound.terms else self.form(value)

    def _positive(self, length: Form, size: Form) -> Form:
        """A length, or 0 where it is negative."""
        if self.is_least(length, 0):
            return length
        most = self.most(length)
        if most is not None and most <= 0:
            return number(0)
        if not length.terms:
            return number(max(length.offset, 0))

        def build() -> Value:
            return self.trace.b.maximum(self.value(length), self.trace.b.int64(0))

        return self._base(("positive", length.key), build, number(0), size)

    def _quotient(self, length: Form, step: int, size: Form) -> Form:
        """How many steps a length takes."""
        if step == 1:
            return length
        longer = length.plus(number(step - 1))
        if all(c % step == 0 for _, c in longer.terms):
            return Form(tuple((v, c // step) for v, c in longer.terms), longer.offset // step)

        def build() -> Value:
            return self.trace.b.floor_divide(self.value(longer), self.trace.b.int64(step))

        return self._base(("quotient", longer.key, step), build, number(0), size)

    # Dims.

    def _dim(self, form: Form, axis: Dim) -> Dim:
        """Return a size that is not negative, and no larger than an axis, as a dim."""
        total: Dim = form.offset
        for base, coefficient in form.terms:
            symbol = self._symbol(base)
            if symbol is None:
                break
            total = total + Affine(((symbol, 1),), 0) * coefficient
        else:
            if capacity(total) <= capacity(axis):
                return total
        copy = self._once(("size", form.key), lambda: self.trace.b.add(self.value(form), self.trace.b.int64(0)))
        self._ranges.setdefault(copy, (number(0), self.of_dim(axis)))
        symbol = self._symbol(copy)
        assert symbol is not None, "an axis has no bound"
        return Affine(((symbol, 1),), 0)

    def _symbol(self, base: Value) -> Symbol | None:
        """Return the symbol that stands for a base value, bound where the value is defined."""
        form = Form(((base, 1),))
        if base not in self._symbols:
            least, most = self.least(form), self.most(form)
            if least is None or most is None or least < 0:
                return None
            symbol = Symbol(f"n{len(self._symbols) + 1}", max(most, 0))
            self._symbols[base], self._bases[symbol] = symbol, base
        self.used = True
        symbol = self._symbols[base]
        frame = self._home(base)
        bound = self._bound.setdefault(frame, set())
        if symbol not in bound:
            bound.add(symbol)
            frame.builder.loc = self.trace.b.loc
            frame.builder.emit("bind", base, symbol=Affine(((symbol, 1),), 0))
        return symbol

    def _home(self, value: Value) -> Frame:
        chain = self.trace.frame.chain()
        inside = (f for f in chain if value in f.params or f.definition(value) is not None)
        return next(inside, chain[-1])

    # What cannot stay symbolic.

    def check_leaving(self, values: Sequence[Value]) -> None:
        """Refuse results of a region whose size is only bound inside of it."""
        for v in values:
            if isinstance(v.type, ArrayType):
                self.check_scope(v.type)

    def check_scope(self, type: ArrayType) -> None:
        """Refuse a type whose symbols are bound in blocks that are finished."""
        for d in type.shape:
            if isinstance(d, Affine) and not self.in_scope(d):
                raise SymbolicSizeError(d)

    def in_scope(self, *shape: Dim) -> bool:
        """Tell whether the symbols of a shape are bound in blocks that are still open."""
        open_ = [bound for frame, bound in self._bound.items() if not frame.closed]
        return all(any(s in bound for bound in open_) for s in symbols(shape))

    def loop_of(self, dim: Dim) -> Frame | None:
        """Return the innermost loop that a size depends on."""
        frames = [self.trace.loop_of(self._bases[s]) for s in symbols((dim,))]
        chain = self.trace.frame.chain()
        return next((f for f in chain if f in frames), None)

    @contextmanager
    def rolling(self, frame: Frame) -> Iterator[None]:
        """Give up rolling a loop where an error comes of sizes that its index decides."""
        try:
            yield
        except Exception as error:
            owner = self.loop_of(error.dim) if isinstance(error, SymbolicSizeError) else None
            if owner is None and not any(self._bound.get(f) for f in self.trace.frame.chain() if f is frame):
                raise
            raise RollAbort(owner or frame, _reason(error), _place(error)) from error


_LINEAR = ("add", "subtract", "neg", "multiply")


def _reason(error: Exception) -> str:
    if isinstance(error, SymbolicSizeError):
        return f"an array whose size is only known at run time ('{error.dim}') is used where that is not supported"
    return getattr(error, "message", None) or str(error)


def _place(error: Exception) -> Loc | None:
    """The user's line that an error comes from."""
    if isinstance(error, GradirError) and error.loc is not None:
        return error.loc
    found: Loc | None = None
    at: TracebackType | None = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if is_user_code(code):
            found = Loc(code.co_filename, at.tb_lineno, user_name(code))
        at = at.tb_next
    return found


def located(error: SymbolicSizeError) -> SymbolicSizeError:
    """Return the error for an array of an unknown size, at the user's line."""
    error.message = (
        "this needs the size of an array that is only known at run time: compute with arrays of a fixed size,"
        " or with slices of equal bounds"
    )
    error.loc = _place(error)
    return error


__all__ = ["Form", "Sizes", "as_symbol", "is_static", "located", "number"]
