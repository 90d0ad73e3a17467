"""The variables of a piece of control flow, taken apart into numbers and arrays, and how two meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MethodType
from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.dims import is_static
from ..ir.graph import Value
from ..ir.types import ArrayType, DType, dtype_of
from . import pytrees
from .capture import IMMUTABLE, same_value
from .frame import Buffer, Trace
from .lens import Lens
from .missing import NEVER, Missing, Refused
from .operands import is_number
from .tracer import Array, Scalar, Tracer, c_strides


@dataclass(frozen=True, slots=True)
class State:
    """The variables that some control flow may assign."""

    get: Callable[[], tuple[Any, ...]]
    set: Callable[[tuple[Any, ...]], None]
    names: tuple[str, ...]
    dead: tuple[str, ...] = ()  # those that nothing reads behind it
    slots: tuple[tuple[int, str], ...] = ()  # which of the user's attributes and containers are among them


NO_VARIABLES = State(tuple, lambda values: None, ())

_MIXED = (
    "this may be an array without axes, which is written in place, or a number, which is not (NumPy computes"
    " numbers with such arrays): write `x = x + y` instead of `x += y`"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a leaf that goes through a region: an SSA type, and what Python sees of it.

    A `mixed` one is an array without axes on one way and a number on another. One that is not `ordered`
    may lie in memory in another order than C's, or with gaps: nobody knows what is a view of it, and what a
    copy.
    """

    type: ArrayType
    weak: bool
    array: bool
    mixed: bool = False
    ordered: bool = True

    def tracer(self, trace: Trace, value: Value) -> Scalar | Array:
        """A tracer of this kind, in the current frame."""
        if self.array:
            buffer = trace.buffer(value, _MIXED if self.mixed else "")
            return Array(trace, buffer, (), c_strides(value.shape) if self.ordered else None)
        return Scalar(trace, value, weak=self.weak)


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A leaf of a variable at some point: the object, and its SSA value if it is traced."""

    object: Any
    kind: Kind | None = None  # None: neither a number nor an array
    value: Value | None = None
    buffer: Buffer | None = None
    lenses: tuple[Lens, ...] = ()
    filler: bool = False  # it stands where there is no value, and nothing reads it

    @property
    def near(self) -> set[Buffer]:
        """The buffers that are, or may be, the memory of this leaf."""
        return set() if self.buffer is None else {self.buffer, *self.buffer.may_alias}

    @property
    def is_outer(self) -> bool:
        """Whether the leaf is an array of a block that is still open."""
        return self.buffer is not None and not self.buffer.frame.closed and not self.lenses

    @property
    def outlasts(self) -> bool:
        """Whether the object may be used as it is, now that the block which left it is closed."""
        if isinstance(self.object, Scalar):
            return not self.object.frame.closed
        if self.buffer is None or self.kind is None:
            return not isinstance(self.object, Tracer)
        fixed = not any(getattr(lens, "operands", ()) for lens in self.lenses)
        return not self.buffer.frame.closed and fixed and is_static(self.kind.type.shape)

    def place(self, b: Builder, kind: Kind) -> Value:
        """Return the leaf as a value of `kind`."""
        if self.value is None:
            return b.full(kind.type, self.object)
        return b.cast(self.value, kind.type.dtype)


def leaf(trace: Trace, x: Any) -> Leaf:
    """Read a leaf now."""
    if isinstance(x, np.ndarray):
        x = trace.capture(x)
    if isinstance(x, Array):
        value = x.value
        return Leaf(x, Kind(value.array, False, True, ordered=_is_ordered(x)), value, x.buffer, x.lenses)
    if isinstance(x, Scalar):
        return Leaf(x, Kind(x.value.array, x.weak, False), x.value)
    if is_number(x) or isinstance(x, np.generic):
        try:
            dtype = dtype_of(np.asarray(x).dtype)
        except KeyError:
            return Leaf(x)
        return Leaf(x, Kind(ArrayType(dtype), not isinstance(x, np.generic), False))
    return Leaf(x)


def _is_ordered(x: Array) -> bool:
    """Tell whether an array surely lies in memory in C order, without gaps."""
    steps = c_strides(x.shape)
    if x.steps is None or steps is None:
        return False
    return all(d == 1 or s == step for d, s, step in zip(x.shape, x.steps, steps, strict=True))


@dataclass(frozen=True, slots=True)
class Held:
    """A container inside of another one: only its own stores change it."""

    container: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and other.container is self.container

    def __hash__(self) -> int:
        return id(self.container)


_BY_VALUE = (*IMMUTABLE, MethodType, np.dtype, Held)


def same(a: Leaf, b: Leaf) -> bool:
    """Tell whether two leaves are the same object for Python, as far as anyone could see."""
    if a.object is b.object:
        return True
    if a.buffer is not None:
        return a.buffer is b.buffer and a.lenses == b.lenses
    if isinstance(a.object, Scalar):
        return isinstance(b.object, Scalar) and a.value is b.value and a.kind == b.kind
    if isinstance(a.object, Tracer) or isinstance(b.object, Tracer):
        return False
    # What can change is the same only if it is one object, however equal: a store would tell.
    return isinstance(a.object, _BY_VALUE) and same_value(a.object, b.object)


def join(a: Kind | None, b: Kind | None) -> Kind | None:
    """Return the kind that holds leaves of both, by NumPy's promotion; None where there is none."""
    if a is None or b is None or a.type.shape != b.type.shape:
        return None
    samples = [_sample(a), _sample(b)]
    dtype = dtype_of(np.result_type(*samples))
    mixed = a.mixed or b.mixed or a.array != b.array
    ordered = a.ordered and b.ordered
    return Kind(ArrayType(dtype, a.type.shape), a.weak and b.weak, a.array or b.array, mixed, ordered)


def keeps(x: Leaf, kind: Kind) -> bool:
    """Tell whether a leaf can be a value of `kind`: it has that dtype, or is a Python number, which has none.

    A float may round, as it does beside float32 arrays; an int may not overflow. A bool is a number, too.
    """
    assert x.kind is not None
    have, want = x.kind.type.dtype, kind.type.dtype
    if have is want or x.filler:
        return True
    if have is DType.BOOL and not kind.array:
        return True
    if not x.kind.weak:
        return False
    if x.value is not None or want.is_float:
        return have is DType.BOOL or want.is_float
    try:
        return bool(np.asarray(x.object, want.numpy) == x.object)
    except OverflowError:
        return False


def meet(a: Leaf, b: Leaf) -> Kind | None:
    """Return the kind that holds both leaves and changes neither; None where there is none."""
    kind = join(a.kind, b.kind)
    return kind if kind is not None and keeps(a, kind) and keeps(b, kind) else None


_WEAK = {DType.BOOL: False, DType.I64: 0, DType.F64: 0.0}


def _sample(kind: Kind) -> Any:
    return _WEAK[kind.type.dtype] if kind.weak else kind.type.dtype.numpy


@dataclass(frozen=True, slots=True)
class Tree:
    """A variable as leaves and the structure around them.

    Where it may have no value, `missing` says which it is. If it is `flagged`, the last leaf tells whether
    it has one, and the others are its value; if not, it has none.
    """

    leaves: tuple[Leaf, ...]
    structure: Any
    source: Any
    missing: Missing | None = None
    flagged: bool = False

    @property
    def is_never(self) -> bool:
        return len(self.leaves) == 1 and self.leaves[0].object is NEVER

    @property
    def is_absent(self) -> bool:
        return self.missing is not None and not self.flagged

    @property
    def refused(self) -> Refused | None:
        """Why the variable cannot be followed; None where it can."""
        return self.source if isinstance(self.source, Refused) else None

    def rebuild(self, objects: Sequence[Any]) -> Any:
        if self.missing is None or not self.flagged:
            return pytrees.rebuild(self.structure, objects)
        value = pytrees.rebuild(self.structure, objects[:-1])
        return value if isinstance(value, Refused) else self.missing.filled(value, objects[-1])

    def with_flag(self, missing: Missing) -> Tree:
        """The same variable as one that may have no value."""
        if self.flagged:
            return self
        return Tree((*self.leaves, _flag(True)), self.structure, self.source, missing, True)

    def without_value(self, missing: Missing) -> Tree:
        """A variable of this kind that has no value: zeros stand for that."""
        leaves = self.leaves[:-1] if self.flagged else self.leaves
        return Tree((*map(_filler, leaves), _flag(False)), self.structure, missing, missing, True)


def _flag(assigned: bool) -> Leaf:
    return Leaf(assigned, Kind(ArrayType(DType.BOOL), True, False))


def _filler(x: Leaf) -> Leaf:
    """What stands for `x` where there is no value: the same where it can be, as that needs no results."""
    if x.kind is None or x.outlasts:
        return x
    return Leaf(x.kind.type.dtype.numpy.type(0), x.kind, filler=True)


def tree(trace: Trace, x: Any) -> Tree:
    """Take a variable apart: tuples, lists and dicts are structure, everything else a leaf."""
    if isinstance(x, Missing) and x.assigned is not None:
        value = tree(trace, x.value)
        return Tree((*value.leaves, leaf(trace, x.assigned)), value.structure, x, x, True)
    objects, structure = pytrees.flatten(x)
    leaves = tuple(leaf(trace, o) for o in objects)
    return Tree(leaves, structure, x, x if isinstance(x, Missing) else None)


def alike(a: Tree, b: Tree) -> tuple[Tree, Tree]:
    """Return two states of a variable with flags and stand-ins where one may lack the value of the other."""
    missing = a.missing or b.missing
    if missing is None or a.refused or b.refused or (a.is_absent and b.is_absent):
        return a, b
    for x in (a.missing, b.missing):
        if x is not None and x.is_absent:
            x.asked = True
    if a.is_absent:
        return b.without_value(missing), b.with_flag(missing)
    if b.is_absent:
        return a.with_flag(missing), a.without_value(missing)
    return a.with_flag(missing), b.with_flag(missing)


def doubt(trace: Trace, x: Any) -> None:
    """Note that the lists and dicts in `x` may now be other objects than in Python: stores are refused."""
    pending = [x]
    while pending:
        x = pending.pop()
        if isinstance(x, Missing):
            x = x.value
        if isinstance(x, (list, dict)):
            trace.unsure[id(x)] = x
        if isinstance(x, (list, tuple, dict)):
            pending.extend(x.values() if isinstance(x, dict) else x)
