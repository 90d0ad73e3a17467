"""Shapes, joins and diagonals against NumPy, and what shares memory."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.errors import ShapeError, TraceError, UnsupportedError

from tests.trace.numpy_oracle import agree, run, via

x2, x3 = np.arange(6.0).reshape(2, 3), np.arange(24.0).reshape(2, 3, 4)
FORTRAN = np.asfortranarray(x3)

SHAPES = [
    lambda t: np.reshape(t, (4, 6)),
    lambda t: t.reshape(4, -1),
    lambda t: t.reshape((2, -1, 2)),
    via(np.ravel),
    lambda t: t.ravel(),
    lambda t: t.flatten(),
    lambda t: t.T,
    via(np.transpose),
    lambda t: np.transpose(t, (1, 2, 0)),
    lambda t: t.transpose(2, 0, 1),
    lambda t: t.transpose((0, 2, 1)),
    lambda t: t.mT,
    np.matrix_transpose,
    lambda t: np.swapaxes(t, 0, -1),
    lambda t: t.swapaxes(1, 2),
    lambda t: np.moveaxis(t, 0, -1),
    lambda t: np.moveaxis(t, (0, 1), (2, 0)),
    lambda t: np.expand_dims(t, 1),
    lambda t: np.expand_dims(t, (0, -1)),
    lambda t: np.squeeze(t[:1]),
    lambda t: t[:, :1].squeeze(1),
    lambda t: np.flip(t),
    lambda t: np.flip(t, (0, 2)),
    np.fliplr,
    np.flipud,
    lambda t: np.rot90(t),
    lambda t: np.rot90(t, 2),
    lambda t: np.rot90(t, 3, (1, 2)),
    lambda t: np.broadcast_to(t, (5, 2, 3, 4)),
    lambda t: np.broadcast_arrays(t, t[:, :1], 1.0),
    np.atleast_1d,
    via(np.atleast_2d),
    np.atleast_3d,
    lambda t: np.roll(t, 2),
    lambda t: np.roll(t, -1, axis=1),
    lambda t: np.roll(t, (1, 2), axis=(0, 2)),
    lambda t: np.tile(t, 2),
    lambda t: np.tile(t, (2, 1, 1, 3)),
    lambda t: np.repeat(t, 2),
    lambda t: np.repeat(t, 3, axis=1),
    lambda t: t.repeat([1, 0, 2], axis=1),
    lambda t: np.pad(t, 1),
    lambda t: np.pad(t, ((0, 1), (2, 0), (1, 1)), constant_values=3.5),
    lambda t: np.pad(t, ((1, 2), (0, 0), (1, 1)), constant_values=(1, 2)),
    lambda t: np.pad(t, 2, mode="edge"),
    lambda t: np.pad(t, 1, mode="reflect"),
    lambda t: np.pad(t, ((0, 1), (2, 1), (0, 0)), mode="reflect"),
    lambda t: np.pad(t, ((7, 4), (0, 0), (9, 30)), mode="reflect"),
    lambda t: np.pad(t, ((1, 2), (0, 9), (2, 0)), mode="symmetric"),
    lambda t: np.pad(t, ((2, 0), (5, 2), (0, 1)), mode="wrap"),
    lambda t: np.pad(t[:1], ((4, 1), (0, 0), (0, 1)), mode="symmetric"),
    lambda t: np.diff(t),
    lambda t: np.diff(t, 2, axis=1),
    lambda t: np.diff(t, axis=0, prepend=t[:1]),
    lambda t: np.diff(t, axis=1, prepend=0.5, append=t[0, 0, 0]),
    lambda t: np.split(t, 2, axis=-1),
    lambda t: np.split(t, [1, 3], 2),
    lambda t: np.array_split(t, 3, axis=2),
    lambda t: np.hsplit(t, 3),
    lambda t: np.vsplit(t, 2),
    lambda t: np.concatenate([t, t + 1], axis=1),
    lambda t: np.concatenate([t, t[0]], axis=None),
    lambda t: np.stack([t, t * 2], axis=-1),
    lambda t: np.stack(t),
    lambda t: np.hstack((t, t)),
    lambda t: np.vstack([t, t]),
    lambda t: np.dstack([t, t]),
    lambda t: np.column_stack([t[0, 0], t[1, 1]]),
    lambda t: np.append(t, 3.0),
    np.tril,
    lambda t: np.triu(t, 1),
    lambda t: np.tril(t, -1),
    lambda t: np.trace(t),
    lambda t: np.trace(t, 1, 1, 2),
    lambda t: np.diagonal(t),
    lambda t: t.diagonal(-1, 1, 2),
    lambda t: np.diagonal(t, 1, 2, 0),
    lambda t: np.diag(t[0]),
    lambda t: np.diag(t[0, 0]),
    lambda t: np.diag(t[0, 0], 2),
    lambda t: np.diag(t[0, 0], -1),
    lambda t: np.diagflat(t),
    lambda t: np.tril(t[0, 0]),
    lambda t: np.meshgrid(t[0, 0], t[0, :, 0]),
    lambda t: np.meshgrid(t[0, 0], t[0, :, 0], indexing="ij", sparse=True),
    lambda t: np.unstack(t, axis=1),
    lambda t: (np.shape(t), np.ndim(t), np.size(t), np.size(t, 1), t.shape, t.ndim, t.size, t.nbytes, len(t)),
    lambda t: t.real,
    lambda t: t.imag,
    np.real,
    lambda t: t.conj(),
    via(np.copy),
    lambda t: t.copy(),
    via(np.asarray),
    via(np.array),
    lambda t: t.astype(np.float32),
    lambda t: t.astype(int),
    lambda t: t.astype("bool"),
]


@pytest.mark.parametrize("k", range(len(SHAPES)))
def test_shapes(k):
    agree(SHAPES[k], x3)
    agree(SHAPES[k], FORTRAN)
    agree(SHAPES[k], x3.astype(np.int32))


def test_empty_and_rank_0():
    for fun in (
        np.ravel,
        lambda t: t.T,
        lambda t: t.reshape(3, 0),
        np.tril,
        via(np.copy),
        lambda t: via(np.tile)(t, 2),
    ):
        agree(fun, np.zeros((0, 3)))
    for x in (via(np.array)(2.0), np.float64(2.0), 2.0):
        for fun in (
            via(np.ravel),
            via(np.transpose),
            lambda t: via(np.reshape)(t, (1, 1)),
            via(np.atleast_2d),
            via(np.squeeze),
            via(np.copy),
            lambda t: via(np.broadcast_to)(t, (2, 3)),
            lambda t: via(np.expand_dims)(t, 0),
            lambda t: via(np.stack)([t, t]),
            lambda t: via(np.hstack)([t, 1.0]),
            lambda t: via(np.tile)(t, 3),
            lambda t: via(np.repeat)(t, 2),
            via(np.array),
            via(np.asarray),
            lambda t: via(np.concatenate)([[t], [1.0, t]]),
            via(np.zeros_like),
            via(np.ones_like),
        ):
            agree(fun, x)


def writes(view):
    """Write through the view and then to the base; return both each time."""

    def fun(x):
        v = view(x)
        v[...] = v * 10
        first = x.copy(), v.copy()
        x += 1
        return *first, x, v

    return fun


VIEWS = [
    lambda t: t,
    lambda t: t.reshape(4, 6),
    lambda t: t.ravel(),
    lambda t: t.T,
    lambda t: t.T.reshape(4, 6),
    lambda t: t.T.T.reshape(-1),
    lambda t: t[:, ::2].reshape(-1),
    lambda t: t[:, :, ::2].reshape(4, 3),
    lambda t: t[::-1],
    lambda t: t[0],
    lambda t: t[..., 1],
    lambda t: t[None, :, 1:],
    lambda t: t[:, 1].T,
    lambda t: t.swapaxes(0, 1),
    lambda t: np.moveaxis(t, 0, 2),
    lambda t: np.expand_dims(t, 1),
    lambda t: np.squeeze(t[:1]),
    lambda t: np.flip(t),
    lambda t: np.rot90(t),
    lambda t: np.split(t, 3, 1)[1],
    lambda t: np.atleast_3d(t),
    lambda t: via(np.asarray)(t),
    lambda t: via(np.array)(t),
    lambda t: t.copy(),
    lambda t: t.flatten(),
    lambda t: t[[0, 1]],
    lambda t: t[[True, False]],
    lambda t: np.concatenate([t]),
    lambda t: np.stack([t]),
    lambda t: np.roll(t, 1),
    lambda t: t.astype(float),
    lambda t: t.astype(float, copy=False),
    lambda t: t + 0,
    lambda t: np.einsum("ijk->kij", t),
    lambda t: np.einsum("iij->ji", t[:, :2]),
    lambda t: t.take([1, 0], 2),
    lambda t: t[1:, :, 1:].reshape(3, -1),
    lambda t: t[:, 0, None].reshape(-1),
    lambda t: t[:1].reshape(12).reshape(3, 4),
    lambda t: np.tril(t),
    lambda t: t.real,
    lambda t: t.conj(),
    lambda t: t[np.array(1)],
    lambda t: t[1],
    lambda t: t[()],
    lambda t: t[0, 1, ..., 2:],
    lambda t: t.reshape(2, 1, 3, 1, 4)[:, 0, :, :, ::-1],
]


@pytest.mark.parametrize("k", range(len(VIEWS)))
def test_views(k):
    agree(writes(VIEWS[k]), x3)


@pytest.mark.parametrize(
    "view", [lambda t: np.broadcast_to(t, (2, 2, 3)), np.diagonal, np.diag, lambda t: t.diagonal()[::2]]
)
def test_read_only_views_show_writes_to_their_base(view):
    def fun(x):
        v = view(x)
        x[0, 0] = 7.0
        return v

    agree(fun, x2)

    def write(x):
        view(x)[0] = 1.0

    with pytest.raises(TraceError, match="assignment destination is read-only"):
        run(write, x2)


def test_a_reshape_that_may_be_a_view_is_refused_once_one_is_written():
    def fun(x):
        y = x.T.reshape(-1) if isinstance(x, np.ndarray) else x.ravel()
        x[0] = 1.0
        return y

    with pytest.raises(TraceError, match="may or may not share memory"):
        run(fun, FORTRAN)


@pytest.mark.parametrize(
    ("fun", "message"),
    [
        (lambda t: t.reshape(5, 2), r"cannot reshape array of size 6 into shape \(5, 2\)"),
        (lambda t: t.reshape(-1, -1), "can only specify one unknown dimension"),
        (lambda t: np.concatenate([t, t.T]), "along dimension 1, the array at index 0 has size 3"),
        (lambda t: np.stack([t, t[0]]), "same shape"),
        (lambda t: np.broadcast_to(t, (3, 3)), r"\(2, 3\) and requested shape \(3, 3\)"),
        (lambda t: np.split(t, 2, axis=1), "equal division"),
        (lambda t: np.squeeze(t, 0), "not equal to one"),
        (lambda t: np.concatenate([1.0, t[0, 0]]), "zero-dimensional"),
        (lambda t: np.transpose(t, (0,)), "axes don't match array"),
        (lambda t: via(np.array)([t, t[0]]), "inhomogeneous"),
    ],
)
def test_shape_errors(fun, message):
    with pytest.raises(ShapeError, match=message) as error:
        run(fun, x2)
    assert "tests/trace/" in str(error.value)


def test_refusals():
    with pytest.raises(UnsupportedError, match="order='F'"):
        run(lambda t: t.reshape(6, order="F"), x2)
    with pytest.raises(UnsupportedError, match="mode='mean'"):
        run(lambda t: np.pad(t, 1, mode="mean"), x2)
