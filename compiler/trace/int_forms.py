"""Traced ints as affine forms of base values, and what is known of their ranges.

Base values are loop indices, arguments, and whatever the forms cannot express. Ranges are those of loops,
whose bounds are forms themselves, and of clamps: so nested triangular loops are seen through.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..ir.forms import LINEAR, Form, Ranges, linear, number, of_base
from ..ir.graph import Node, Value
from ..ir.types import DType
from .frame import Frame

if TYPE_CHECKING:
    from .frame import Trace
    from .ranges import Range

_MOST_NODES = 64  # of the arithmetic that one form is read from
_BOUNDED = ("maximum", "minimum", "remainder", "floor_divide")
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


class Forms:
    """The base values of one trace and their ranges: bounds that are forms of values known before."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._ranges = Ranges()
        self._made: dict[Any, tuple[Frame, Value]] = {}

    # From values to forms.

    def form(self, value: Value) -> Form:
        """Return a traced int as a form."""
        return self._form(self.trace.b.cast(value, DType.I64), [_MOST_NODES])

    def _form(self, value: Value, left: list[int]) -> Form:
        value = self.trace.origin(value)
        node = None if value in self._ranges else self.trace.definition(value)
        left[0] -= 1
        if node is None or left[0] < 0 or value.dtype is not DType.I64:
            return of_base(value)
        if node.op.name == "constant":
            return number(int(node.attrs["value"].array))
        if node.op.name in _BOUNDED:
            self._note_range(value, node, *(self._form(v, left) for v in node.operands))
        if node.op.name in LINEAR:
            return linear(node.op.name, [self._form(v, left) for v in node.operands]) or of_base(value)
        return of_base(value)

    def _note_range(self, value: Value, node: Node, x: Form, y: Form) -> None:
        """Note what is known of a base value by the operation that computes it."""
        (low_x, high_x), (low_y, high_y) = (self._exact_range(form) for form in (x, y))
        low: int | None = None
        high: int | None = None
        match node.op.name:
            case "maximum":
                low = max((k for k in (low_x, low_y) if k is not None), default=None)
                high = None if high_x is None or high_y is None else max(high_x, high_y)
            case "minimum":
                low = None if low_x is None or low_y is None else min(low_x, low_y)
                high = min((k for k in (high_x, high_y) if k is not None), default=None)
            case "remainder" if low_y is not None and low_y > 0:
                low, high = 0, None if high_y is None else high_y - 1
            case "floor_divide" if low_y is not None and low_y > 0 and low_x is not None and low_x >= 0:
                low, high = 0, None if high_x is None else high_x // low_y
        if (low, high) != (None, None):
            self.bound(value, *(None if k is None else number(k) for k in (low, high)))

    def bound(self, value: Value, low: Form | None, high: Form | None) -> None:
        """Note the range of a base value."""
        self._ranges.note(value, low, high)

    def enter(self, index: Value, bounds: range | Range) -> None:
        """Note what is known of the index of a loop, in its body: there has been a turn."""
        start, stop, step = (self._end(x) for x in (bounds.start, bounds.stop, bounds.step))
        if step.terms or not step.offset:
            return
        one = number(1)
        if step.offset > 0:
            self.bound(index, start, stop.plus(one, -1))
        else:
            self.bound(index, stop.plus(one), start)

    def _end(self, x: Any) -> Form:
        value = getattr(x, "value", None)
        if not isinstance(value, Value):
            return number(operator.index(x))
        form = self.form(value)
        return form if self.is_exact(form) else of_base(value)

    # Ranges.

    def least(self, form: Form) -> int | None:
        """Return a number that a form is never below, None where none is known."""
        return self._ranges.least(form)

    def most(self, form: Form) -> int | None:
        """Return a number that a form is never above, None where none is known."""
        return self._ranges.most(form)

    def is_least(self, form: Form, low: int) -> bool:
        """Tell whether a form is surely `low` or more."""
        found = self.least(form)
        return found is not None and found >= low

    def is_exact(self, form: Form) -> bool:
        """Tell whether i64 arithmetic surely gives what the form says, without wrapping."""
        if form.base is not None:
            return True
        low, high = self.least(form), self.most(form)
        return low is not None and high is not None and low >= _SMALLEST and high <= _LARGEST

    def _exact_range(self, form: Form) -> tuple[int | None, int | None]:
        return (self.least(form), self.most(form)) if self.is_exact(form) else (None, None)

    # From forms to values.

    def value(self, form: Form) -> Value:
        """Return the i64 value of a form."""
        base: Value | None = form.base
        if base is not None:
            return base

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

        return self._once(("value", form.key), (form,), build)

    def new_base(
        self,
        key: tuple[Any, ...],
        of: Sequence[Form],
        build: Callable[[], Value],
        low: Form | None,
        high: Form | None,
    ) -> Form:
        """Return a base value of a known range; the same one for the same key."""
        value = self._once(key, of, build)
        self.bound(value, low, high)
        return of_base(value)

    def _once(self, key: Any, of: Sequence[Form], build: Callable[[], Value]) -> Value:
        """Return what was built for the same key in a scope that is still open, or build it.

        It stands in the innermost block that defines a base value of the forms that it is computed of, so
        that all blocks inside can share it.
        """
        frame, value = self._made.get(key, (None, None))
        if frame is None or frame.closed or value is None:
            here, chain = self.trace.frame, self.trace.frame.chain()
            homes = {self.home(base) for form in of for base, _ in form.terms}
            frame = next((f for f in chain if f in homes), chain[-1])
            self.trace.frame = frame
            try:
                value = build()
            finally:
                self.trace.frame = here
            self._made[key] = frame, value
        return value

    def home(self, value: Value) -> Frame:
        """Return the block that defines a value."""
        chain = self.trace.frame.chain()
        inside = (f for f in chain if value in f.params or f.definition(value) is not None)
        return next(inside, chain[-1])
