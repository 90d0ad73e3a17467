"""`x[mask]` with a mask that only the run knows: the whole of `x`, and which of its elements count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..errors import UnsupportedError
from ..ir.graph import Value
from .frame import Trace
from .location import user_location
from .tracer import Array, Scalar, Tracer, new_array

_DEPTH = 8  # of the expressions that are compared to see that two masks are the same


class Picked(np.lib.mixins.NDArrayOperatorsMixin):
    """The elements of an array where a mask holds; how many there are is not known.

    Elementwise functions and operators apply to the whole array, reductions leave out the other
    elements, and `x[mask] = picked` stores those that count.
    """

    def __init__(self, trace: Trace, whole: Any, mask: Array) -> None:
        self._trace = trace
        self._whole = whole
        self._mask = new_array(trace, mask.value)  # NumPy copies what it picks
        trace.make(self)

    def whole_for(self, mask: Tracer) -> Any:
        """Return the whole array, for a store to the same places; other places are refused."""
        if not _is_same(self._trace, mask.value, self._mask.value):
            refuse()
        return self._whole

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", ())
        given = [x for x in out if x is not self]
        if method != "__call__" or kwargs or given or ufunc.nout != 1 or ufunc.signature is not None:
            refuse()
        wholes = [self._beside(x) for x in inputs]
        if out:  # `p *= 2`: what else has the name of this object sees it, too
            ufunc(*wholes, out=self._whole)
            return self
        return Picked(self._trace, ufunc(*wholes), self._mask)

    def _beside(self, x: Any) -> Any:
        if isinstance(x, Picked):
            return x.whole_for(self._mask)
        if np.ndim(x) and not (isinstance(x, Tracer) and not x.shape):
            refuse()
        return x

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        method = _REDUCTIONS.get(function.__name__)
        if method is None or not args or args[0] is not self:
            refuse()
        return method(self, *args[1:], **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        method = _REDUCTIONS.get(name)
        if method is None:
            refuse()
        return lambda *args, **kwargs: method(self, *args, **kwargs)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._whole.dtype  # type: ignore[no-any-return]

    @property
    def size(self) -> Any:
        """How many elements count."""
        return Scalar(self._trace, np.sum(self._mask).value, weak=True)

    @property
    def shape(self) -> tuple[Any, ...]:
        return (self.size,)

    def __len__(self) -> int:
        return self.size.__index__()  # type: ignore[no-any-return]

    def __iter__(self) -> Any:
        refuse()

    def __getitem__(self, key: Any) -> Any:
        refuse()

    def __setitem__(self, key: Any, value: Any) -> None:
        refuse()

    def __bool__(self) -> bool:
        refuse()

    def filled(self, value: Any) -> Any:
        """Return the whole array with `value` where the mask does not hold."""
        return np.where(self._mask, self._whole, self.dtype.type(value))


def refuse() -> NoReturn:
    """Refuse what needs the number of elements."""
    raise UnsupportedError(
        "a traced boolean mask selects a number of elements that is only known at run time: elementwise"
        " functions, sums, means and the like of x[mask] work, and x[mask] = v with the same mask;"
        " for the rest use np.where(mask, ..., ...)",
        loc=user_location(),
    )


def _is_same(trace: Trace, a: Value, b: Value, depth: int = _DEPTH) -> bool:
    """Tell whether two values are computed alike."""
    a, b = trace.origin(a), trace.origin(b)
    if a is b:
        return True
    first, second = trace.definition(a), trace.definition(b)
    if first is None or second is None or first.regions or not depth:
        return False
    return (
        first.op is second.op
        and first.attrs == second.attrs
        and len(first.operands) == len(second.operands)
        and all(
            _is_same(trace, x, y, depth - 1) for x, y in zip(first.operands, second.operands, strict=True)
        )
    )


# Reductions: NumPy's of the whole array, with a neutral element where the mask does not hold.


def _reduction(function: Callable[[Picked], Any]) -> Callable[..., Any]:
    def reduce(picked: Picked, axis: Any = None, **kwargs: Any) -> Any:
        if axis not in (None, 0, -1) or any(v is not np._NoValue for v in kwargs.values()):
            refuse()
        return function(picked)

    return reduce


def _mean(p: Picked) -> Any:
    return np.sum(p.filled(0)) / _count(p)


def _count(p: Picked) -> Any:
    dtype = p.dtype if p.dtype.kind == "f" else np.dtype(np.float64)
    return np.sum(p._mask).astype(dtype)


def _variance(p: Picked) -> Any:
    apart = p - _mean(p)
    return _mean(apart * apart)


def _extreme(p: Picked, function: Any, name: str) -> Any:
    message = f"zero-size array to reduction operation {name} which has no identity"
    some = p._trace.b.any(p._mask.value, axes=tuple(range(len(p._mask.shape))))
    p._trace.emit_all("check", some, exception="ValueError", message=message)
    if p.dtype.kind == "f":
        worst: Any = np.inf if name == "minimum" else -np.inf
    elif p.dtype.kind == "b":
        worst = name == "minimum"
    else:
        worst = np.iinfo(p.dtype).max if name == "minimum" else np.iinfo(p.dtype).min
    return function(p.filled(worst))


_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _reduction(lambda p: np.sum(p.filled(0))),
    "prod": _reduction(lambda p: np.prod(p.filled(1))),
    "mean": _reduction(_mean),
    "var": _reduction(_variance),
    "std": _reduction(lambda p: np.sqrt(_variance(p))),
    "min": _reduction(lambda p: _extreme(p, np.min, "minimum")),
    "max": _reduction(lambda p: _extreme(p, np.max, "maximum")),
    "any": _reduction(lambda p: np.any(p.filled(False))),
    "all": _reduction(lambda p: np.all(p.filled(True))),
}
_REDUCTIONS["amin"], _REDUCTIONS["amax"] = _REDUCTIONS["min"], _REDUCTIONS["max"]
