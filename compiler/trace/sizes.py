"""Sizes that only the run knows: the symbols of one trace, what they stand for, and where they may not go."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import TraceError
from ..ir.dims import Affine, Dim, Symbol, SymbolicSizeError, capacity, symbols
from ..ir.forms import Form, number, of_base
from ..ir.graph import Loc, Value
from ..ir.types import ArrayType
from .frame import Frame, RollAbort
from .int_forms import Forms
from .location import error_location

if TYPE_CHECKING:
    from .frame import Trace


class Sizes:
    """The symbols of one trace; each stands for a base value, and is bound in the block that defines it.

    Attributes
    ----------
    forms
        The base values and their ranges.
    concrete
        Whether ints that can be known become part of the compiled code where they give a size.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.forms = Forms(trace)
        self.concrete = False
        self._symbols: dict[Value, Symbol] = {}
        self._bases: dict[Symbol, Value] = {}
        self._bound: dict[Frame, set[Symbol]] = {}

    # Dims and forms.

    def of_dim(self, dim: Dim) -> Form:
        """Return a dim as a form."""
        if isinstance(dim, int):
            return number(dim)
        return Form(tuple((self._bases[s], c) for s, c in dim.terms), dim.offset)

    def dim(self, form: Form, axis: Dim) -> Dim:
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

        def build() -> Value:
            return self.trace.b.add(self.forms.value(form), self.trace.b.int64(0))

        size = self.of_dim(axis)
        copy = self.forms.new_base(("size", form.key), (form, size), build, number(0), size)
        symbol = self._symbol(copy.terms[0][0])
        assert symbol is not None, "an axis has no bound"
        return Affine(((symbol, 1),), 0)

    def _symbol(self, base: Value) -> Symbol | None:
        """Return the symbol that stands for a base value; None where that may be negative or has no bound."""
        if base not in self._symbols:
            form = of_base(base)
            least, most = self.forms.least(form), self.forms.most(form)
            if least is None or most is None or least < 0:
                return None
            symbol = Symbol(f"n{len(self._symbols) + 1}", max(most, 0))
            self._symbols[base], self._bases[symbol] = symbol, base
        symbol = self._symbols[base]
        frame = self.forms.home(base)
        bound = self._bound.setdefault(frame, set())
        if symbol not in bound:
            bound.add(symbol)
            frame.builder.loc = self.trace.b.loc
            frame.builder.emit("bind", base, symbol=Affine(((symbol, 1),), 0))
        return symbol

    # What the user sees, and gives.

    def shown(self, dim: Dim) -> Any:
        """Return a dim as the user sees it: an int, or a traced one."""
        from .tracer import Scalar

        return dim if isinstance(dim, int) else Scalar(self.trace, self._value(dim), weak=True)

    def _value(self, dim: Dim) -> Value:
        return self.forms.value(self.of_dim(dim))

    def count(self, shape: Iterable[Dim]) -> int | Value:
        """Return the number of elements of a shape."""
        known, total = 1, None
        for d in shape:
            if isinstance(d, int):
                known *= d
            else:
                total = self._value(d) if total is None else self.trace.b.multiply(total, self._value(d))
        if total is None or known == 0:
            return known
        return total if known == 1 else self.trace.b.multiply(total, self.trace.b.int64(known))

    def shown_count(self, shape: Iterable[Dim]) -> Any:
        """Return the number of elements of a shape as the user sees it."""
        from .tracer import Scalar

        found = self.count(shape)
        return found if isinstance(found, int) else Scalar(self.trace, found, weak=True)

    def size_of(self, x: Any) -> Dim:
        """Return a size that the user gives; a traced int without a bound has to be known."""
        from .tracer import Scalar

        if isinstance(x, Scalar) and x.value.dtype.is_integer and not self.concrete:
            form = self.forms.form(x.value)
            most = self.forms.most(form)
            if most is not None and self.forms.is_exact(form) and self.forms.is_least(form, 0):
                return self.dim(form, most)
        return operator.index(x)

    def place(self, index: int, dim: Dim, axis: int) -> int | Value:
        """Return the place of a known index in an axis of an unknown size; the run checks it if need be."""
        size, place = self.of_dim(dim), number(index)
        if index < 0:
            place = size.plus(place)
        if self.forms.is_least(place, 0) and self.forms.is_least(size.plus(place, -1), 1):
            return self.forms.value(place) if place.terms else index
        (found,) = self.trace.emit_all("check_index", self.trace.b.int64(index), size=dim, axis=axis)
        return found

    def surely_some(self, shape: Iterable[Dim]) -> bool:
        """Tell whether a shape surely has elements."""
        return all(d > 0 if isinstance(d, int) else self.forms.is_least(self.of_dim(d), 1) for d in shape)

    # What cannot stay symbolic.

    def check_leaving(self, values: Sequence[Value], *, final: bool = False) -> None:
        """Refuse results of a region whose size is only bound inside of it; at last, any unknown size."""
        for v in values:
            for d in v.type.shape if isinstance(v.type, ArrayType) else ():
                if isinstance(d, Affine) and (final or not self.in_scope(d)):
                    raise SymbolicSizeError(d)

    def in_scope(self, *shape: Dim) -> bool:
        """Tell whether the symbols of a shape are bound in blocks that are still open."""
        open_ = [bound for frame, bound in self._bound.items() if not frame.closed]
        return all(any(s in bound for bound in open_) for s in symbols(shape))

    def could_be_known(self) -> bool:
        """Tell whether a symbol stands for something that can be known, if its value becomes a guard."""
        from .known import can_know

        return any(can_know(self.trace, base) for base in self._symbols)

    @contextmanager
    def rolling(self, frame: Frame) -> Iterator[None]:
        """Give up rolling a loop where an error may come of sizes that its index decides.

        Where it does not, the unrolled loop raises it again.
        """
        try:
            yield
        except SymbolicSizeError as error:
            owner = self._loop_of(error.dim)
            if owner is None:
                raise
            raise RollAbort(owner, _reason(error), error_location(error)) from error
        except Exception as error:
            if not self._bound.get(frame):
                raise
            raise RollAbort(frame, _reason(error), error_location(error)) from error

    def _loop_of(self, dim: Dim) -> Frame | None:
        """Return the innermost loop that a size depends on."""
        frames = [self.trace.loop_of(self._bases[s]) for s in symbols((dim,))]
        return next((f for f in self.trace.frame.chain() if f in frames), None)


def _reason(error: Exception) -> str:
    if isinstance(error, SymbolicSizeError):
        return f"the size '{error.dim}' of an array, which changes from turn to turn, would have to be known"
    return getattr(error, "message", None) or str(error)


def refusal(error: Exception, definition: Loc | None) -> Exception:
    """Return the error for the user, where a size that only the run knows would have to be known."""
    if not isinstance(error, SymbolicSizeError):
        return error
    return TraceError(
        "this needs the size of an array that is only known at run time, or two of them to be the same:"
        " compute with arrays of a fixed size, or with slices whose bounds are written alike",
        loc=error_location(error) or definition,
    )
