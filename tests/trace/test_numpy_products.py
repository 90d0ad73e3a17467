"""Products, einsum and creation against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.errors import ShapeError, UnsupportedError

from tests.trace.numpy_oracle import agree, run, via

rng = np.random.default_rng(1)


def array(*shape, dtype=float):
    if np.dtype(dtype).kind in "iu":
        return rng.integers(-4, 5, shape).astype(dtype)
    return rng.integers(0, 2, shape).astype(bool) if dtype is bool else rng.normal(size=shape).astype(dtype)


MATMUL = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (6, 3, 4)),
    ((3,), (5, 3, 2)),
    ((5, 2, 3), (3,)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
]


@pytest.mark.parametrize(("a", "b"), MATMUL)
@pytest.mark.parametrize("dtype", [float, np.float32, int, bool])
def test_matmul(a, b, dtype):
    agree(lambda x, y: x @ y, array(*a, dtype=dtype), array(*b, dtype=dtype))
    agree(np.matmul, array(*a, dtype=dtype), array(*b))
    if len(a) < 3:
        agree(np.dot, array(*a, dtype=dtype), array(*b, dtype=dtype))
        agree(lambda x, y: x.dot(y), array(*a, dtype=dtype), array(*b, dtype=dtype))


def test_other_products():
    agree(np.dot, array(2, 3, 4), array(5, 4, 2))
    agree(np.dot, array(2, 3), 2.0)
    agree(np.dot, 3.0, np.float32(2))
    agree(np.inner, array(3), array(3))
    agree(np.inner, array(2, 3), array(4, 3))
    agree(np.inner, array(2, 3), 3)
    agree(np.outer, array(2, 3), array(4, dtype=np.float32))
    agree(np.outer, array(3, dtype=int), array(2, dtype=int))
    agree(np.vdot, array(2, 3), array(3, 2))
    agree(np.kron, array(2, 3), array(4))
    agree(np.kron, array(2, 1, 3), array(3, 2))
    agree(np.kron, array(2, 3), 2.0)
    agree(np.cross, array(4, 3), array(3))
    agree(np.multiply.outer, array(2), array(3))


@pytest.mark.parametrize(
    ("a", "b", "axes"),
    [
        ((3,), (3,), 1),
        ((2, 3), (3, 4), 1),
        ((2, 3, 4), (3, 4, 5), 2),
        ((2, 3), (4,), 0),
        ((2, 3, 4), (4, 3), ([1, 2], [1, 0])),
        ((2, 3, 4), (5, 3), (1, 1)),
        ((2, 3), (2, 3), ((0, 1), (0, 1))),
        ((2, 3, 4), (3, 5), ((-2,), (0,))),
    ],
)
def test_tensordot(a, b, axes):
    agree(lambda x, y: np.tensordot(x, y, axes), array(*a), array(*b))


EINSUM = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ij,jk->ki", (2, 3), (3, 4)),
    ("i,i->", (3,), (3,)),
    ("i,i", (3,), (3,)),
    ("i,j->ij", (2,), (3,)),
    ("i,j->ji", (2,), (3,)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("ba", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iij->ji", (3, 3, 2)),
    ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    ("...ij,jk", (5, 2, 3), (3, 4)),
    ("i...->...", (3, 2, 4)),
    ("...", (2, 3)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("ij,ij", (2, 3), (2, 3)),
    ("ij,i->ij", (2, 3), (2,)),
    ("ij,kj->ik", (2, 3), (4, 3)),
    ("i,ij,j->", (2,), (2, 3), (3,)),
    ("ab,bc,cd->ad", (2, 3), (3, 4), (4, 2)),
    ("ijk,ilm,njm,nlk,abc->", (2, 3, 4), (2, 5, 6), (7, 3, 6), (7, 5, 4), (1, 2, 3)),
    ("ij,ij->i", (2, 3), (2, 1)),
    ("iij,jk->k", (3, 3, 2), (2, 4)),
    ("ij,jk->", (2, 3), (3, 4)),
    (" i j , j -> i ", (2, 3), (3,)),
    ("aij,bjk->abik", (2, 3, 4), (5, 4, 2)),
    ("ik,k->ik", (2, 3), (3,)),
    ("i...,i...->...", (3, 2, 4), (3, 1, 4)),
]


@pytest.mark.parametrize("case", EINSUM, ids=lambda c: c[0])
def test_einsum(case):
    subscripts, *shapes = case
    arrays = [array(*s) for s in shapes]
    agree(lambda *xs: np.einsum(subscripts, *xs), *arrays, rtol=1e-12)
    agree(lambda *xs: np.einsum(subscripts, *xs), *(np.asfortranarray(a) for a in arrays), rtol=1e-12)
    if len(shapes) < 4:
        agree(lambda *xs: np.einsum(subscripts, *xs), *(array(*s, dtype=int) for s in shapes))


@pytest.mark.parametrize(
    ("fun", "message"),
    [
        (lambda x, y: x @ y, r"\(2, 3\) and \(4, 5\)"),
        (np.dot, r"\(2, 3\) and \(4, 5\) not aligned"),
        (np.inner, r"\(2, 3\) and \(4, 5\) not aligned"),
        (lambda x, y: np.tensordot(x, y, 1), r"\(2, 3\) and \(4, 5\)"),
        (lambda x, y: np.einsum("ij,jk", x, y), "'j' has the sizes 3 and 4"),
        (lambda x, y: np.einsum("ijk,jk", x, y), "do not fit an operand with 2 axes"),
        (lambda x, y: np.einsum("ij", x, y), "1 operands, not 2"),
        (lambda x, y: np.einsum("ij,kl->im", x, y), "no operand has"),
        (lambda x, y: x @ 2.0, "is a number"),
    ],
)
def test_product_errors(fun, message):
    with pytest.raises(ShapeError, match=message):
        run(fun, array(2, 3), array(4, 5))


def test_sublists_are_refused():
    with pytest.raises(UnsupportedError, match="use a string"):
        run(lambda x: via(np.einsum)(x, [0, 0], [0]), array(3, 3))


CREATE = [
    lambda x: via(np.array)([x, 2.0, x * 3]),
    lambda x: via(np.array)([[x, 1], [2, x]]),
    lambda x: via(np.array)(x),
    lambda x: via(np.array)([x, 1], dtype=np.float32),
    lambda x: via(np.array)((x, True)),
    lambda x: via(np.array)([[x]], ndmin=3),
    lambda x: via(np.full)((2, 3), x),
    lambda x: via(np.full)(3, x, dtype=int),
    lambda x: via(np.full_like)([1.0, 2.0], x),
    lambda x: via(np.zeros_like)([x, x]),
    lambda x: via(np.ones_like)([x, x], dtype=int),
    lambda x: via(np.linspace)(x, 2, 5),
    lambda x: via(np.linspace)(0, x, 5, endpoint=False),
    lambda x: via(np.linspace)(x, 3.0, 4, retstep=True),
    lambda x: via(np.asarray)([x, x]),
    lambda x: via(np.stack)([[x, 1.0], [2.0, x]]),
    lambda x: via(np.concatenate)([[x], [1, 2]]),
    lambda x: via(np.array)([np.float32(2), x]),
    lambda x: via(np.array)([[1.0, 2.0], via(np.array)([x, x])]),
]


@pytest.mark.parametrize("k", range(len(CREATE)))
def test_create(k):
    for x in (2.5, 3, np.float64(1.5), np.float32(1.5), np.int64(2)):
        agree(CREATE[k], x)


CONCRETE = [
    (np.zeros, 3),
    (np.zeros, (2, 3)),
    (np.ones, (2, 0)),
    (np.zeros, (2,), int),
    (np.ones, 2, np.float32),
    (np.eye, 3),
    (np.eye, 3, 4, 1),
    (np.eye, 20, 30, -2, int),
    (np.identity, 4),
    (np.arange, 5),
    (np.arange, 2, 9, 3),
    (np.arange, 1.0, 2.0, 0.1),
    (np.arange, 100),
    (np.arange, 0, 100, 0.7),
    (np.arange, 300, 3, -2),
    (np.arange, 3, None, 1, np.float32),
    (np.tri, 3),
    (np.tri, 20, 9, -3),
    (np.linspace, 0, 1),
    (np.linspace, 0, 1, 1),
    (np.linspace, 0, 1, 0),
    (np.linspace, 2, 3, 7, False),
    (np.linspace, 0, 5, 6, True, False, int),
    (np.full, 3, 2),
    (np.full, 3, 2.0),
    (np.full, (2, 2), True),
    (np.array, [1, 2]),
    (np.array, [[1.0], [2]]),
    (np.array, []),
    (np.linspace, [0, 1], [2, 3], 4),
    (np.linspace, [0, 1], [2, 3], 4, True, False, None, -1),
]


@pytest.mark.parametrize("case", CONCRETE, ids=lambda c: f"{c[0].__name__}{c[1:]}")
def test_creation_without_tracers(case):
    from gradir.trace.dispatch import call_handler, find_function

    function, *args = case

    def fun(x):
        if isinstance(x, float):
            return function(*args)
        return call_handler(x.run, find_function(function), function.__name__, tuple(args), {})

    agree(fun, 1.0, rtol=1e-15)


def test_created_arrays_can_be_written():
    def fun(x):
        a = via(np.array)([x, x, 1.0])
        b = via(np.zeros_like)(a)
        b[1:] = a[:-1]
        a[0] = 5.0
        c = via(np.array)(a)
        c[1] = 0
        d = via(np.array)(a, copy=False) if not isinstance(x, float) else a
        d[2] = 9
        return a, b, c

    agree(fun, 2.5)
