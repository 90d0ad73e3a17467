"""Small graphs that several tests of the IR use."""

from __future__ import annotations

import numpy as np
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Loc, Origin, Span, Value
from gradir.ir.types import F64, INDEX, ArrayType, DType, StackType
from gradir.ops import OPS

VECTOR = ArrayType(DType.F64, (3,))


def straight() -> Graph:
    """The sum of sines, and its derivative's first steps, with lines and origins."""
    b = Builder(OPS, Loc("/far/away/f.py", 3, "loss"))
    x, y = Value(VECTOR), Value(F64)
    total = b.sum(b.sin(x), axes=(0,))
    b.loc = Loc("/far/away/f.py", 4, "loss")
    value = b.multiply(total, b.add(y, b.literal(np.float64(0.1))))
    b.origin = Origin.BACKWARD
    ct = b.broadcast(y, shape=(3,), axes=())
    b.origin, b.loc = Origin.SUM, None
    return Graph("loss", b.block([x, y], [value, b.add(ct, ct)]), ("x", "y"), ("value", "d x"))


def sweep() -> Graph:
    """A loop over an array with in-place writes, a branch, a checked index and a stack."""
    b = Builder(OPS)
    u, k = Value(VECTOR), Value(INDEX)
    zero, three, one = b.int64(0), b.int64(3), b.int64(1)
    place = b.check_index(k, size=3, axis=0)
    (stack,) = b.emit("stack_new", three, element=F64)
    params = [Value(INDEX), Value(VECTOR), Value(StackType(F64))]
    body = b.nested()
    i, carried, saved = params
    element = body.emit("index", carried, i, at=(None,))[0]
    then, orelse = body.nested(), body.nested()
    condition = body.less(element, body.index(carried, place, at=(None,)))
    branches = [then.block((), [then.square(element)]), orelse.block((), [element])]
    (new,) = body.emit("if", condition, regions=branches)
    after = body.emit("push", saved, element)[0]
    block = body.block(params, [body.update(carried, new, i, at=(None,)), after])
    result, stack = b.emit("for", zero, three, one, u, stack, regions=[block])
    _, top = b.emit("pop", stack)
    b.emit("check", b.less(top, b.literal(np.float64(100.0))), exception="ValueError", message="too large")
    window = b.index(result, place, at=(None,))
    head = b.index(result, at=(Span(2, 2, -1),))
    return Graph("sweep", b.block([u, k], [head, window, top]), ("u", "k"), ("head", "window", "top"))


def chain(length: int) -> Graph:
    """`length` additions, one after the other."""
    b = Builder(OPS)
    x = Value(F64)
    value = x
    for _ in range(length):
        value = b.add(value, x)
    return Graph("chain", b.block([x], [value]), ("x",), ("y",))
