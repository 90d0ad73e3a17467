"""What `fori_loop`, `while_loop`, `scan`, `cond` and `unroll` do beyond the plain Python that they are."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from types import CellType
from typing import Any, TypeVar

import numpy as np
import optree

from ..errors import TraceError, UnsupportedError
from .calls import iterated, staged
from .frame import Decision, Trace
from .iterables import Lazy, length_of, sequence
from .known import can_know
from .location import user_location
from .operands import is_number
from .ranges import Range
from .rolling import UNROLL_LIMIT
from .tracer import Array, Scalar, Tracer

F = TypeVar("F", bound=Callable[..., Any])


def stageable(function: F) -> F:
    """Have traced code call a function of gradir's own in its staged form, as if it were the user's."""

    def inline(trace: Trace, *args: Any, **kwargs: Any) -> Any:
        return staged(trace, function)(*args, **kwargs)

    return inlined(inline)(function)


def inlined(inline: Callable[..., Any]) -> Callable[[F], F]:
    """Have traced code call `inline`, which takes the trace first, instead of a function.

    So does code without source, which is not staged, where one of the arguments is traced.
    """

    def mark(function: F) -> F:
        @functools.wraps(function)
        def form(*args: Any, **kwargs: Any) -> Any:
            trace = _trace_of((*args, *kwargs.values()))
            return function(*args, **kwargs) if trace is None else inline(trace, *args, **kwargs)

        def in_trace(trace: Trace, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            return inline(trace, *args, **kwargs)

        form.__gradir_inline__ = in_trace  # type: ignore[attr-defined]
        return form  # type: ignore[return-value]

    return mark


def _trace_of(args: tuple[Any, ...]) -> Trace | None:
    """Return the trace that some arguments, or what functions among them close over, belong to."""
    tree: Any = args
    for x in optree.tree_leaves(tree):
        for held in (x, *(getattr(x, "__closure__", None) or ())):
            try:
                value = held.cell_contents if isinstance(held, CellType) else held
            except ValueError:  # of a variable that has no value yet
                continue
            if isinstance(value, Tracer):
                return value.run
    return None


# What goes round a loop.


def check_carry(form: str, name: str, before: Any, after: Any) -> None:
    """Refuse a body that gives back something else than it was given: in structure, shape or dtype."""
    old, structure = optree.tree_flatten(before, none_is_leaf=True)
    new, other = optree.tree_flatten(after, none_is_leaf=True)
    if structure != other:
        raise TraceError(
            f"{form}: the body makes of '{name}' another structure: {_nested(structure)} before a turn, and"
            f" {_nested(other)} after it",
            loc=user_location(),
        )
    for a, b, path in zip(old, new, optree.tree_accessors(before, none_is_leaf=True), strict=True):
        if not _keeps(a, b):
            raise TraceError(
                f"{form}: the body makes of '{path.codify(name)}', which is {described(a)} before a turn,"
                f" {described(b)}; it has to keep its shape and dtype",
                loc=user_location(),
            )


def _nested(structure: Any) -> str:
    return str(structure).removeprefix("PyTreeSpec(").removesuffix(")").replace(", NoneIsLeaf", "")


def _is_value(x: Any) -> bool:
    return isinstance(x, (Tracer, np.ndarray, np.generic)) or is_number(x)


def _is_weak(x: Any) -> bool:
    return is_number(x) or (isinstance(x, Scalar) and x.weak)


def _keeps(before: Any, after: Any) -> bool:
    if not _is_value(before) or not _is_value(after):
        return _is_value(before) == _is_value(after)
    if getattr(before, "shape", ()) != getattr(after, "shape", ()):
        return False
    if _is_weak(before):
        return True  # a Python number takes the type that it has after one turn
    return bool(np.result_type(before.dtype, _sample(after)) == before.dtype)


def _sample(x: Any) -> Any:
    if not _is_weak(x):
        return x.dtype
    return x.python_type(0) if isinstance(x, Scalar) else type(x)(0)


def described(x: Any) -> str:
    """A value as messages show it: by its type, dtype and shape."""
    if isinstance(x, (Array, np.ndarray)):
        return f"an array of {x.dtype} and shape {tuple(x.shape)}"
    if isinstance(x, Scalar):
        return f"a number of type {x.python_type.__name__}"
    return f"a number of type {type(x).__name__}" if _is_value(x) else repr(x)


# Unrolling on demand.


class Unrolled:
    """Something to iterate over in Python, whatever it is."""

    __slots__ = ("items",)

    def __init__(self, items: Any) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, key: Any) -> Any:
        return self.items[key]


def unrolled(trace: Trace, iterable: Any) -> Unrolled:
    """Return what a loop unrolls; the number of its turns is fixed here."""
    iterable = trace.capture(iterable) if isinstance(iterable, np.ndarray) else iterated(trace, iterable)
    turns: Any = None
    if isinstance(iterable, (range, Range, Array)):
        turns = length_of(trace, iterable)
    elif isinstance(iterable, Lazy):
        found = sequence(trace, iterable)
        turns = None if found is None else found.length
    if isinstance(turns, Tracer):
        turns = _known(trace, turns)
    if isinstance(iterable, Range):
        iterable = range(*map(operator.index, (iterable.start, iterable.stop, iterable.step)))
    if turns is not None and turns > UNROLL_LIMIT:
        raise TraceError(
            f"gr.unroll of {turns} turns: gradir unrolls at most {UNROLL_LIMIT}", loc=user_location()
        )
    what = "loop unrolled" if turns is None else f"loop of {turns} turns unrolled"
    trace.decisions.append(Decision(user_location(), what, "gr.unroll"))
    return Unrolled(iterable)


def _known(trace: Trace, turns: Any) -> int:
    if not can_know(trace, turns.value):
        trace.needs_value(turns.value, "gr.unroll has to know how many turns a loop inside takes")
        raise UnsupportedError(
            "gr.unroll has to know while tracing how many turns there are, and here only the run knows it:"
            " without gr.unroll the loop stays a loop",
            loc=user_location(),
        )
    return operator.index(turns)
