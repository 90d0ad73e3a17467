"""Recipes for operations with regions, and for the stacks that go with loops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from gradir.ir.graph import Block, Value
from gradir.ir.types import BOOL, INDEX, ArrayType, DType, StackType
from hypothesis import strategies as st

from tests.ir.random_steps import Steps


def _trips(s: Steps) -> tuple[Value, Value, Value]:
    lo, hi, step = s.draw(st.sampled_from([(0, 2, 1), (0, 0, 1), (3, -1, -2), (1, 4, 2), (2, 1, 1)]))
    limit = s.inside(4) if s.flag() else s.b.int64(hi)
    return s.b.int64(lo), limit, s.b.int64(step)


def for_step(s: Steps, name: str) -> Sequence[Value]:
    if not s.depth:
        return ()
    inits = [s.any() for _ in range(s.number(0, 2))]
    trips = _trips(s)
    params = [Value(INDEX), *[Value(v.type) for v in inits]]
    body = s.nested(params)
    body.take(4)
    block = body.b.block(params, [body.same(p) for p in params[1:]])
    return s.b.emit(name, *trips, *inits, regions=[block])


def while_step(s: Steps, name: str) -> Sequence[Value]:
    """A loop of at most three turns, that what the body computes may end before."""
    if not s.depth:
        return ()
    inits = [s.any() for _ in range(s.number(0, 2))]
    enter = s.b.literal(np.bool_(True)) if s.flag() else s.any(lambda t: t == BOOL)
    params = [Value(INDEX), *[Value(v.type) for v in inits]]
    body = s.nested(params)
    body.take(4)
    results = [body.same(p) for p in params[1:]]
    again = body.b.less(params[0], body.b.int64(s.number(-1, 2)))
    if s.flag():
        again = body.b.logical_and(again, body.any(lambda t: t == BOOL))
    return s.b.emit(name, enter, *inits, regions=[body.b.block(params, [again, *results])])


def if_step(s: Steps, name: str) -> Sequence[Value]:
    if not s.depth:
        return ()
    x = s.any(lambda t: t.rank == 0)
    condition = x if x.dtype is DType.BOOL else s.b.less(x, s.same(x))
    branches = [s.nested(()), s.nested(())]
    for branch in branches:
        branch.take(3)
    results = [s.any() for _ in range(s.number(0, 2))]
    blocks = [branch.b.block((), [branch.same(r) for r in results]) for branch in branches]
    return s.b.emit(name, condition, regions=blocks)


def checkpoint_step(s: Steps, name: str) -> Sequence[Value]:
    if not s.depth:
        return ()
    region = s.nested(())
    region.take(3)
    results = [region.any() for _ in range(s.number(0, 3))]
    return s.b.emit(name, regions=[region.b.block((), results)], kept=s.number(0, len(results)))


def stack_step(s: Steps, name: str) -> Sequence[Value]:
    """Push the values of a loop, then pop them in a loop back."""
    if not s.depth:
        return ()
    x = s.any(lambda t: t.dtype.is_float)
    lo, hi, step = s.b.int64(0), s.b.int64(s.number(0, 3)), s.b.int64(1)
    (stack,) = s.b.emit("stack_new", hi, element=x.type)
    if s.flag():
        return _stack_of_turns(s, x, stack)
    _, stack = s.b.emit("for", lo, hi, step, x, stack, regions=[_pushing(s, x)])
    return s.b.emit("for", lo, hi, step, s.same(x), stack, regions=[_popping(s, x)])


def peek_step(s: Steps, name: str) -> Sequence[Value]:
    """Push the values of a loop, then read them in a loop, from either end."""
    if not s.depth:
        return ()
    x, count = s.any(lambda t: not t.dtype.is_float), s.number(0, 3)
    lo, hi, step = s.b.int64(0), s.b.int64(count), s.b.int64(1)
    (stack,) = s.b.emit("stack_new", hi, element=x.type)
    _, stack = s.b.emit("for", lo, hi, step, x, stack, regions=[_pushing(s, x)])
    total = ArrayType(DType.F64, x.shape)
    params, b = [Value(INDEX), Value(total)], s.b.nested()
    place = b.subtract(b.int64(count - 1), params[0]) if s.flag() else params[0]
    (read,) = b.emit(name, stack, place)
    region = b.block(params, [b.add(params[1], b.cast(read, DType.F64))])
    return s.b.emit("for", lo, hi, step, s.b.zeros(total), regions=[region])


def _stack_of_turns(s: Steps, x: Value, stack: Value) -> Sequence[Value]:
    """Push the values of a `while`, then pop as many as it took turns."""
    body = _pushing(s, x)
    b = s.b.nested()
    again = b.less(body.params[0], b.int64(s.number(-1, 3)))
    turns = Block(body.params, (*body.nodes, *b.nodes), (again, *body.results))
    count, _, stack = s.b.emit("while", s.b.isfinite(s.total()), x, stack, regions=[turns])
    lo, step = s.b.int64(0), s.b.int64(1)
    return s.b.emit("for", lo, count, step, s.same(x), stack, regions=[_popping(s, x)])


def _pushing(s: Steps, x: Value) -> Block:
    params = [Value(INDEX), Value(x.type), Value(StackType(x.array))]
    body = s.nested(params[:2])
    body.take(2)
    return body.b.block(params, [body.same(x), *body.b.emit("push", params[2], body.same(x))])


def _popping(s: Steps, x: Value) -> Block:
    params = [Value(INDEX), Value(x.type), Value(StackType(x.array))]
    b = s.b.nested()
    rest, top = b.emit("pop", params[2])
    return b.block(params, [b.add(params[1], b.sin(top)), rest])
