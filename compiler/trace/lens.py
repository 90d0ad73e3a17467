"""Views: how a part of an array is read from, and written back into, the array it is a part of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import numpy as np

from ..errors import TraceError
from ..ir.builder import Builder
from ..ir.dims import Shape, is_static
from ..ir.graph import IndexEntry, Span, Value


class Lens(Protocol):
    """One step from an array to a view of it. `put(b, whole, part)` is `whole` with `get(whole)` replaced."""

    def get(self, b: Builder, whole: Value) -> Value: ...
    def put(self, b: Builder, whole: Value, part: Value) -> Value: ...
    def shape(self, shape: Shape) -> Shape: ...
    def strides(self, strides: tuple[int, ...]) -> tuple[int, ...] | None: ...


@dataclass(frozen=True, slots=True)
class Basic:
    """Basic indexing: one entry for each axis, and the operands of the dynamic ones."""

    at: tuple[IndexEntry, ...]
    operands: tuple[Value, ...] = ()

    def get(self, b: Builder, whole: Value) -> Value:
        return b.index(whole, *self.operands, at=self.at)

    def put(self, b: Builder, whole: Value, part: Value) -> Value:
        return b.update(whole, part, *self.operands, at=self.at)

    def shape(self, shape: Shape) -> Shape:
        return tuple(e.size for e in self.at if isinstance(e, Span))

    def strides(self, strides: tuple[int, ...]) -> tuple[int, ...] | None:
        return tuple(s * e.step for s, e in zip(strides, self.at, strict=True) if isinstance(e, Span))


@dataclass(frozen=True, slots=True)
class Reshape:
    """The same elements in C order in another shape."""

    before: tuple[Any, ...]
    after: tuple[Any, ...]

    def get(self, b: Builder, whole: Value) -> Value:
        return b.reshape(whole, shape=self.after)

    def put(self, b: Builder, whole: Value, part: Value) -> Value:
        return b.reshape(part, shape=self.before)

    def shape(self, shape: Shape) -> Shape:
        return self.after

    def strides(self, strides: tuple[int, ...]) -> tuple[int, ...] | None:
        return reshaped_strides(self.before, strides, self.after)


@dataclass(frozen=True, slots=True)
class Transpose:
    """Axes in another order."""

    axes: tuple[int, ...]

    def get(self, b: Builder, whole: Value) -> Value:
        return b.transpose(whole, axes=self.axes)

    def put(self, b: Builder, whole: Value, part: Value) -> Value:
        return b.transpose(part, axes=tuple(int(k) for k in np.argsort(self.axes)))

    def shape(self, shape: Shape) -> Shape:
        return tuple(shape[axis] for axis in self.axes)

    def strides(self, strides: tuple[int, ...]) -> tuple[int, ...] | None:
        return tuple(strides[axis] for axis in self.axes)


@dataclass(frozen=True, slots=True)
class Diagonal:
    """A diagonal of the first two axes, moved to the end: `size` elements of it.

    `start` is the place of the first one where the two axes are one. NumPy's diagonals are read-only,
    einsum's are not.
    """

    start: int
    size: int
    readonly: bool = True

    def _place(self, shape: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[IndexEntry, ...]]:
        """The shape with the two axes made one, and the place of the diagonal in it."""
        rows, columns, *rest = shape
        whole = tuple(Span(0, d) for d in rest)
        return (rows * columns, *rest), (Span(self.start, self.size, columns + 1), *whole)

    def get(self, b: Builder, whole: Value) -> Value:
        flat, at = self._place(whole.shape)
        part = b.index(b.reshape(whole, shape=flat), at=at)
        rank = len(part.shape)
        return part if rank == 1 else b.transpose(part, axes=(*range(1, rank), 0))

    def put(self, b: Builder, whole: Value, part: Value) -> Value:
        if self.readonly:
            refuse_write(b)
        rank = len(part.shape)
        front = part if rank == 1 else b.transpose(part, axes=(rank - 1, *range(rank - 1)))
        flat, at = self._place(whole.shape)
        return b.reshape(b.update(b.reshape(whole, shape=flat), front, at=at), shape=whole.shape)

    def shape(self, shape: Shape) -> Shape:
        return (*shape[2:], self.size)

    def strides(self, strides: tuple[int, ...]) -> tuple[int, ...] | None:
        return (*strides[2:], strides[0] + strides[1])


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A read-only view of a larger shape: operand dim i, where it is kept, becomes dim `axes[k]`."""

    kept: tuple[Any, ...]
    axes: tuple[int, ...]
    target: Shape

    def get(self, b: Builder, whole: Value) -> Value:
        part = whole if self.kept == whole.shape else b.reshape(whole, shape=self.kept)
        return b.broadcast(part, shape=self.target, axes=self.axes)

    def put(self, b: Builder, whole: Value, part: Value) -> Value:
        refuse_write(b)

    def shape(self, shape: Shape) -> Shape:
        return self.target

    def strides(self, strides: tuple[int, ...]) -> tuple[int, ...] | None:
        return None


def refuse_write(b: Builder) -> NoReturn:
    raise TraceError("assignment destination is read-only", loc=b.loc)


def c_strides(shape: tuple[Any, ...]) -> tuple[int, ...] | None:
    """Strides in elements of a C-ordered array, None where they depend on a symbolic dim."""
    strides: list[int] = []
    step = 1
    for k, dim in enumerate(reversed(shape), 1):
        strides.append(step)
        if isinstance(dim, int):
            step *= max(dim, 1)
        elif k < len(shape):
            return None
    return tuple(reversed(strides))


def reshaped_strides(
    shape: tuple[Any, ...], strides: tuple[int, ...], new_shape: tuple[Any, ...]
) -> tuple[int, ...] | None:
    """Strides of the view that NumPy's reshape gives, None where it has to copy.

    Groups of axes with the same product are matched from the left; a group can be reshaped in place
    when its old axes are contiguous among themselves.
    """
    old = [(d, s) for d, s in zip(shape, strides, strict=True) if d != 1]
    if not is_static((*shape, *new_shape)):  # then only axes of size 1 come and go
        if [d for d, _ in old] != [d for d in new_shape if d != 1]:
            return None
        kept = iter([s for _, s in old])
        return tuple(1 if d == 1 else next(kept) for d in new_shape)
    if 0 in shape:
        return c_strides(new_shape)
    result: list[int] = []
    i = j = 0
    while i < len(old) or j < len(new_shape):
        if i == len(old):  # only ones are left
            result += [1] * (len(new_shape) - j)
            break
        i_end, j_end, have, want = i + 1, j, old[i][0], 1
        while have != want:
            if want < have:
                want *= new_shape[j_end]
                j_end += 1
            else:
                have *= old[i_end][0]
                i_end += 1
        if any(old[k][1] != old[k + 1][0] * old[k + 1][1] for k in range(i, i_end - 1)):
            return None
        step = old[i_end - 1][1]
        group: list[int] = []
        for dim in reversed(new_shape[j:j_end]):
            group.append(step)
            step *= dim
        result += reversed(group)
        i, j = i_end, j_end
    return tuple(result)
