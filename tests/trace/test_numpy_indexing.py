"""Reading and writing parts of arrays against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.errors import GradirError, OutOfBoundsError, ShapeError, UnsupportedError
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import basic_indices

from tests.trace.numpy_oracle import agree, run, via

x3 = np.arange(24.0).reshape(2, 3, 4)
I = np.array([1, 0, -1])  # noqa: E741
J = np.array([[0, 2], [1, -3]])
MASK = np.array([True, False, True])

INDICES = [
    0,
    -1,
    (1, 2),
    (1, 2, 3),
    (0, -1, -4),
    slice(None),
    slice(1, None),
    slice(None, None, -1),
    slice(2, 0, -1),
    (slice(None), 1),
    (Ellipsis, 1),
    (Ellipsis, 0, slice(1, 3)),
    None,
    (None, 0),
    (0, None, 1, None),
    Ellipsis,
    (),
    (slice(None), None, slice(0, 0)),
    (0, 1, 2, Ellipsis),
    (slice(-1, None), slice(None, None, 2), slice(3, 0, -2)),
    [0, 1],
    [1],
    [],
    I[:2],
    (I[:2], I[:2]),
    (slice(None), I),
    (slice(None), I, I),
    (Ellipsis, J),
    (0, J),
    (J[:, :1] * 0, J, I[:2]),
    (0, slice(None), I),
    (I[:2], slice(None), I[:2]),
    (slice(None), I, None, I),
    (None, I[:2], I[:2]),
    (I[:2], None, I[:2]),
    (slice(None, None, -1), [2, 0], slice(1, 3)),
    [True, False],
    (slice(None), MASK),
    (0, MASK),
    (0, MASK, [1, 3]),
    (Ellipsis, [True, False, True, True]),
    x3[:] > 5,
    (slice(None), x3[0] > 3),
    np.int64(1),
    np.array(1),
    (np.array(1), np.array(2), np.array(0)),
    (slice(None), [[0, 1]], 2),
    (np.uint8(1), np.int8(-1)),
    np.array([0, 1], np.uint8),
    (1, [0, 1], [0, 2]),
    ([0, 1], 1, slice(None)),
    ([0, 1], slice(None), 1),
    (slice(1), [0, 1], 1),
    (None, [1], Ellipsis, None),
]


def constant(index):
    """The index with its integer arrays as lists, which do not become inputs."""
    parts = index if isinstance(index, tuple) else (index,)
    made = tuple(p.tolist() if isinstance(p, np.ndarray) and p.ndim else p for p in parts)
    return made if isinstance(index, tuple) else made[0]


@pytest.mark.parametrize("k", range(len(INDICES)))
def test_get(k):
    agree(lambda x: x[INDICES[k]], x3)
    agree(lambda x: x[constant(INDICES[k])], x3)
    agree(lambda x: x.T.swapaxes(0, 2)[INDICES[k]], x3)


@pytest.mark.parametrize("k", range(len(INDICES)))
def test_set(k):
    index = INDICES[k]
    part = x3[index]

    def store(value):
        def fun(x):
            before = x[0]
            x[index] = value
            return x, before

        return fun

    agree(store(-1.0), x3)
    agree(store(-part * 2), x3)
    agree(store([7]), x3) if np.ndim(part) else None
    agree(store(part[..., :1] if np.ndim(part) else 3), x3)
    agree(store(2.7), x3.astype(int))

    def add(x, y):
        x[index] += y
        return x

    agree(add, x3, np.float64(2.0))
    agree(add, x3, part * 1.0)


@given(st.data(), basic_indices((3, 4, 2), allow_newaxis=True))
def test_basic_indices(data, index):
    x = np.arange(24.0).reshape(3, 4, 2)
    agree(lambda t: t[index], x)

    def store(t):
        t[index] = t[index] * 2 + 1
        return t

    agree(store, x)


def test_traced_indices():
    agree(lambda x, i: x[i], x3, 1)
    agree(lambda x, i: x[i], x3, -2)
    agree(lambda x, i: (x[i, :, -1], x[:, i], x[0, i, i], x[i, ::-1, i]), x3, np.int32(1))
    agree(lambda x, i: (x[i], x[:, i], x[i, i], x[i, :, i]), x3, np.array([1, -1]))
    agree(lambda x, i: x[i], x3, np.array(1))
    agree(lambda x, i: x[1, via_list(i)], x3, 2)
    for bad in (5, -3, np.array([0, 2])):
        with pytest.raises(IndexError, match=r"out of bounds for axis 0 with size 2"):
            run(lambda x, i: x[i], x3, bad)


def via_list(i):
    return [i, 0, i]


def test_traced_stores():
    def fun(x, i):
        x[i, 1] = x[0, 0] - 5
        x[i] += 1
        x[:, i] *= 3
        return x

    agree(fun, x3, 1)
    agree(fun, x3, np.array([1, 0]))
    agree(fun, x3, np.array([1, 1]))


def test_overlapping_slices():
    def fun(a):
        a[1:] = a[:-1] * 2
        a[:-1] += a[1:]
        a[::2], a[1::2] = a[1::2].copy(), a[::2].copy()
        return a

    agree(fun, np.arange(6.0))


def test_repeated_indices_the_last_wins():
    def fun(a, i):
        a[i] = np.array([10.0, 20.0, 30.0])
        return a

    agree(fun, np.arange(4.0), np.array([1, 1, 1]))


def test_add_at():
    def fun(a, i, v):
        np.add.at(a, i, v)
        np.subtract.at(a, (i, 0), 2)
        np.add.at(a, 1, v[0])
        np.add.at(a, slice(1, 3), 1)
        return a

    agree(fun, np.arange(12.0).reshape(4, 3), np.array([1, 1, -1]), np.ones((3, 3)))


def test_masks():
    def fun(x):
        x[x > 5] = 0.0
        x[x[:, 0] > 1] = np.float64(-1.0)
        return x

    agree(fun, np.arange(12.0).reshape(4, 3))
    for fun in (lambda x: np.cumsum(x[x > 5]), lambda x: np.where(x > 5)):
        with pytest.raises(UnsupportedError, match=r"np\.where\("):
            run(fun, x3)
    with pytest.raises(UnsupportedError, match="single number"):
        run(lambda x: x.__setitem__(x > 5, [1.0, 2.0]), x3)
    with pytest.raises(ShapeError, match="setting an array element with a sequence"):
        run(lambda x: x.__setitem__((0, 0, 0), [1.0]), x3)


def test_masks_made_of_constants():
    agree(
        lambda x: (
            x[:, via(np.arange)(3) % 2 == 0] if isinstance(x, np.ndarray) else x[:, [True, False, True]]
        ),
        x3,
    )


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (2, "index 2 is out of bounds for axis 0 with size 2"),
        ((0, -4), "index -4 is out of bounds for axis 1 with size 3"),
        ((0, [0, 3]), "index 3 is out of bounds for axis 1 with size 3"),
        ((0, 0, 0, 0), "too many indices for array: array is 3-dimensional, but 4 were indexed"),
        (1.0, "only integers, slices"),
        ("a", "only integers, slices"),
        (np.array([0.5]), "arrays used as indices must be of integer"),
        ((Ellipsis, Ellipsis), "single ellipsis"),
        ([True, False, True], "boolean index did not match indexed array along axis 0; size of axis is 2"),
    ],
)
def test_bad_indices(index, message):
    with pytest.raises(IndexError, match=message):
        x3[index]
    with pytest.raises(OutOfBoundsError, match=message) as error:
        run(lambda x: x[index], x3)
    assert "test_numpy_indexing.py" in str(error.value)


def test_bad_values():
    def fun(x):
        x[0] = np.ones(5)

    with pytest.raises(
        ShapeError, match=r"could not broadcast input array from shape \(5,\) into shape \(3,4\)"
    ):
        run(fun, x3)
    with pytest.raises(GradirError, match="NaN"):
        run(lambda x: x.fill(np.nan), np.arange(3))


def test_iteration():
    agree(lambda x: [row * 2 for row in x], x3)
    agree(lambda x: list(x), np.arange(3.0))
    agree(lambda x: [a + b for a, b in zip(x, x[::-1], strict=True)], np.arange(3.0))


def test_take():
    for index in (1, [0, 1], [[0, -1]], I[:2]):
        agree(lambda x, i=index: np.take(x, i), x3)
        agree(lambda x, i=index: x.take(i, axis=1), x3)
        agree(lambda x, i=index: np.take(x, i, axis=-1), x3)
    agree(lambda x, i: np.take(x, i, 0), x3, 1)
    agree(lambda x, i: np.take_along_axis(x, i, 1), x3, J[:, :, None] * np.ones(4, int))
    agree(lambda x, i: np.take_along_axis(x, i, -1), x3, np.array([[[0, -1]]]))
    agree(lambda x: np.take_along_axis(x, np.argmax(x, axis=1, keepdims=True), axis=1), x3)
    with pytest.raises(UnsupportedError, match="mode='clip'"):
        run(lambda x: np.take(x, 1, mode="clip"), x3)


def test_copyto_and_fill():
    def fun(x, y):
        np.copyto(x[0], y)
        x[1].fill(7)
        np.copyto(x, 1.5, where=x > 6)
        return x

    agree(fun, x3, np.arange(4))
