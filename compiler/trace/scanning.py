"""What `gr.scan` reads and writes each turn: rows of its inputs, and the arrays that stack its outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from ..errors import ShapeError, TraceError, UnsupportedError
from ..ir.graph import Value
from ..ir.types import INDEX, ArrayType, dtype_of
from .calls import call
from .explicit import check_carry, described
from .frame import Buffer, RollAbort, Trace
from .iterables import place, row
from .leaves import Kind, Leaf, join, leaf
from .location import user_location
from .operands import lift
from .tracer import Array, Scalar, c_strides


class Rows:
    """The inputs of a scan: containers of arrays, one row of each a turn. Without a trace, NumPy's."""

    def __init__(self, trace: Trace | None, xs: Any, length: Any) -> None:
        leaves, self.structure = optree.tree_flatten(xs)
        paths = [path.codify("xs") for path in optree.tree_accessors(xs)]
        for x, path in zip(leaves, paths, strict=True):
            if not isinstance(x, (Array, np.ndarray)) or not x.shape:
                raise TraceError(
                    f"gr.scan: '{path}' is {described(x)}; it takes arrays with a first axis",
                    loc=user_location(),
                )
        self.leaves: list[Any] = leaves if trace is None else [lift(trace, x) for x in leaves]
        self.length = _length(leaves, paths, length)

    def row(self, k: Any) -> Any:
        """The entry `k` of every array."""
        rows = [row(x, k) if isinstance(x, Array) else x[k] for x in self.leaves]
        return optree.tree_unflatten(self.structure, rows)

    def zeros(self) -> Any:
        """A row of zeros, in the place of one where there are none."""
        return optree.tree_unflatten(
            self.structure, [np.zeros(x.shape[1:], x.dtype)[()] for x in self.leaves]
        )


def _length(leaves: list[Any], paths: list[str], length: Any) -> int:
    sizes = [("length", int(length.__index__()))] if length is not None else []
    sizes += [(f"len({path})", x.shape[0]) for x, path in zip(leaves, paths, strict=True)]
    if not sizes:
        raise TraceError("gr.scan needs `xs` or `length`", loc=user_location())
    for name, size in sizes:
        if not isinstance(size, int):
            raise UnsupportedError(
                f"gr.scan has to know while tracing how many turns there are, and only the run knows {name}",
                loc=user_location(),
            )
    first, *others = sizes
    for name, size in others:
        if size != first[1]:
            raise ShapeError(f"gr.scan: {first[0]} is {first[1]}, but {name} is {size}", loc=user_location())
    return first[1]


class Stacks:
    """The outputs of a scan, stacked: arrays that each turn writes a row of.

    They are made as the first turn shows what it gives, in the block around the loop (`around`), so that
    the loop carries them. A later attempt to trace the loop may find that an int has become a float.
    """

    def __init__(self, trace: Trace | None, length: int) -> None:
        self.run = trace
        self.length = length
        self.around = trace.frame if trace is not None else None
        self.structure: Any = None
        self.kinds: list[Kind] = []
        self.arrays: list[Any] = []

    def store(self, k: Any, carry: Any, step: Any) -> Any:
        """Keep the outputs of turn `k`, and return what it hands on in the place of `carry`."""
        after, y = self.parts(carry, step)
        leaves, structure = optree.tree_flatten(y)
        held = [self._held(x) for x in leaves]
        if self.structure is None:
            self.structure = structure
            self.kinds = [x.kind for x in held if x.kind is not None]
            self.arrays = [self._new(self._type(kind), None) for kind in self.kinds]
        elif structure != self.structure:
            raise TraceError("gr.scan: the outputs change their structure", loc=user_location())
        for i, x in enumerate(held):
            self._write(i, k, x)
        return after

    @staticmethod
    def parts(carry: Any, step: Any) -> tuple[Any, Any]:
        """Take apart what the function of a scan returned."""
        if not isinstance(step, tuple) or len(step) != 2:
            raise TraceError("gr.scan: the function returns a pair (carry, y)", loc=user_location())
        check_carry("gr.scan", "init", carry, step[0])
        return step

    def _held(self, x: Any) -> Leaf:
        if self.run is not None:
            held = leaf(self.run, x)
        else:
            held = Leaf(x) if not isinstance(x, (int, float, np.ndarray, np.generic)) else _concrete(x)
        if held.kind is None:
            raise TraceError(
                f"gr.scan: the function's output holds {described(x)}; numbers and arrays can be stacked",
                loc=user_location(),
            )
        return held

    def _type(self, kind: Kind) -> ArrayType:
        return ArrayType(kind.type.dtype, (self.length, *kind.type.shape))

    def _write(self, i: int, k: Any, x: Leaf) -> None:
        kind = join(self.kinds[i], x.kind)
        if kind is None:
            raise ShapeError(
                f"gr.scan: an output changes its shape from {self.kinds[i].type.shape} to"
                f" {x.kind and x.kind.type.shape}",
                loc=user_location(),
            )
        if kind.type != self.kinds[i].type:
            self.arrays[i] = self._new(self._type(kind), self.arrays[i])
        self.kinds[i] = kind
        if self.run is None:
            self.arrays[i][k] = x.object
        else:
            view = place(self.arrays[i], k)
            view.write(x.place(self.run.b, Kind(kind.type, False, True)))

    def _new(self, type: ArrayType, before: Any) -> Any:
        """Return an array of zeros, or a wider copy of `before`."""
        if self.run is None:
            made = np.zeros(type.shape, type.dtype.numpy)
            if before is not None:
                made[...] = before
            return made
        assert self.around is not None
        builder = self.around.builder
        builder.loc = user_location()
        old = builder.zeros(type) if before is None else self._outside(before.buffer)
        return Array(self.run, Buffer(builder.cast(old, type.dtype), self.around), (), c_strides(type.shape))

    def _outside(self, buffer: Buffer) -> Value:
        """What a buffer holds in the block around the loop."""
        assert self.run is not None
        assert self.around is not None
        chain = self.run.frame.chain()
        for frame in reversed(chain[: chain.index(self.around)]):
            if buffer in frame.journal:
                return frame.journal[buffer][0]
        return buffer.value

    def result(self) -> Any:
        return optree.tree_unflatten(self.structure, self.arrays)


def _concrete(x: Any) -> Leaf:
    array = np.asarray(x)
    kind = Kind(
        ArrayType(dtype_of(array.dtype), array.shape), not isinstance(x, (np.ndarray, np.generic)), True
    )
    return Leaf(x, kind)


def probe(trace: Trace | None, function: Callable[..., Any], init: Any, rows: Rows, stacks: Stacks) -> None:
    """Find out what a scan without turns would have stacked: its body is traced, and thrown away."""
    if trace is None:
        stacks.store(slice(0), init, function(init, rows.zeros()))
        return
    frame = trace.open("loop")
    index = Value(INDEX)
    frame.params.add(index)
    try:
        k = Scalar(trace, index, weak=True)
        stacks.store(k, init, call(trace, function, (init, rows.row(k)), {}))
    except RollAbort as abort:
        if abort.frame is not frame:
            raise
        raise TraceError(f"gr.scan over no turns: {abort.reason}", loc=user_location()) from None
    finally:
        trace.close(frame)
