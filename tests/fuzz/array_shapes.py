"""Array expressions that rearrange: reshapes, transposes, joins, splits, repeats, diagonals."""

from __future__ import annotations

import math
from collections.abc import Callable

from . import arrays
from .scope import Scope, Shape


def reshaped(g: Scope, shape: Shape, depth: int) -> str:
    """From another shape of the same size."""
    size = math.prod(shape)
    others = [(size,), *((k, size // k) for k in (1, 2, 3, 4) if size % k == 0), (1, *shape), (*shape, 1)]
    others += [g.names[n].shape for n in g.arrays() if math.prod(g.names[n].shape) == size]
    base = arrays.array(g, g.pick(others), depth - 1)
    order = ", order='F'" if g.chance(0.1) else ""
    return g.pick(
        (f"np.reshape({base}, {shape})", f"({base}).reshape({shape}{order})", f"({base}).reshape(*{shape})")
    )  # type: ignore[no-any-return]


def raveled(g: Scope, shape: Shape, depth: int) -> str | None:
    if len(shape) != 1:
        return None
    k = g.pick([k for k in (1, 2, 3, 4) if shape[0] % k == 0])
    base = arrays.array(g, (k, shape[0] // k), depth - 1)
    return g.pick((f"({base}).ravel()", f"np.ravel({base})", f"({base}).flatten()", f"({base}).reshape(-1)"))  # type: ignore[no-any-return]


def transposed(g: Scope, shape: Shape, depth: int) -> str:
    base = arrays.array(g, shape[::-1], depth - 1)
    options = [f"({base}).T", f"np.transpose({base})", f"({base}).transpose()"]
    if len(shape) > 1:
        i, j = g.choice.sample(range(len(shape)), 2)
        swapped = list(shape)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        base = arrays.array(g, tuple(swapped), depth - 1)
        options += [f"np.swapaxes({base}, {i}, {j})", f"({base}).swapaxes({i}, {j})"]
        base = arrays.array(g, (*shape[1:], shape[0]), depth - 1)
        options += [f"np.moveaxis({base}, -1, 0)"]
    return g.pick(options)  # type: ignore[no-any-return]


def widened(g: Scope, shape: Shape, depth: int) -> str | None:
    """With axes of size 1 added, or taken away."""
    axis = g.choice.randrange(len(shape))
    if shape[axis] == 1 and len(shape) > 1:
        base = arrays.array(g, shape[:axis] + shape[axis + 1 :], depth - 1)
        return f"np.expand_dims({base}, {axis})"
    if len(shape) > 2:
        return None
    base = arrays.array(g, (*shape[:axis], 1, *shape[axis:]), depth - 1)
    return g.pick((f"np.squeeze({base}, axis={axis})", f"({base}).squeeze({axis})"))  # type: ignore[no-any-return]


def broadcast(g: Scope, shape: Shape, depth: int) -> str:
    return f"np.broadcast_to({arrays.array(g, arrays.smaller(g, shape), depth - 1)}, {shape})"


def joined(g: Scope, shape: Shape, depth: int) -> str | None:
    axis = g.choice.randrange(len(shape))
    if shape[axis] < 2:
        return None
    k = g.choice.randint(1, shape[axis] - 1)
    sizes = [(*shape[:axis], d, *shape[axis + 1 :]) for d in (k, shape[axis] - k)]
    parts = ", ".join(arrays.array(g, s, depth - 1) for s in sizes)
    options = [
        f"np.concatenate([{parts}], axis={axis})",
        f"np.concatenate(({parts}), axis={axis - len(shape)})",
    ]
    if axis == 0:
        options += [f"np.hstack([{parts}])"] if len(shape) == 1 else [f"np.vstack([{parts}])"]
    if axis == 1:
        options += [f"np.hstack([{parts}])"]
    return g.pick(options)  # type: ignore[no-any-return]


def stacked(g: Scope, shape: Shape, depth: int) -> str | None:
    axis = g.choice.randrange(len(shape))
    rest = shape[:axis] + shape[axis + 1 :]
    if not rest or shape[axis] > 3:
        return None
    parts = ", ".join(arrays.array(g, rest, depth - 1) for _ in range(shape[axis]))
    if len(shape) == 2 and axis == 1 and g.chance(0.5):
        return f"np.column_stack([{parts}])"
    return f"np.stack([{parts}], axis={axis})"


def split(g: Scope, shape: Shape, depth: int) -> str:
    axis, n = g.choice.randrange(len(shape)), g.pick((2, 3))
    base = arrays.array(g, (*shape[:axis], shape[axis] * n, *shape[axis + 1 :]), depth - 1)
    return f"np.split({base}, {n}, axis={axis})[{g.choice.randrange(n)}]"


def repeated(g: Scope, shape: Shape, depth: int) -> str | None:
    axis = g.choice.randrange(len(shape))
    factors = [n for n in (2, 3) if shape[axis] % n == 0]
    if not factors:
        return None
    n = g.pick(factors)
    base = arrays.array(g, (*shape[:axis], shape[axis] // n, *shape[axis + 1 :]), depth - 1)
    reps = tuple(n if k == axis else 1 for k in range(len(shape)))
    return g.pick((f"np.tile({base}, {reps})", f"np.repeat({base}, {n}, axis={axis})"))  # type: ignore[no-any-return]


def padded(g: Scope, shape: Shape, depth: int) -> str | None:
    if max(shape) < 2:
        return None
    low = [g.choice.randint(0, 1) if d > 1 else 0 for d in shape]
    high = [g.choice.randint(0, 1) if d - lo > 1 else 0 for d, lo in zip(shape, low, strict=True)]
    base = arrays.array(g, tuple(d - lo - hi for d, lo, hi in zip(shape, low, high, strict=True)), depth - 1)
    widths = list(zip(low, high, strict=True))
    more = g.pick(("", ", mode='edge'", ", constant_values=0.4", ", mode='constant'"))
    return f"np.pad({base}, {widths}{more})"


def diagonals(g: Scope, shape: Shape, depth: int) -> str | None:
    if len(shape) == 1:
        base = arrays.array(g, (shape[0], shape[0]), depth - 1)
        return g.pick((f"np.diag({base})", f"np.diagonal({base})", f"({base}).diagonal()"))  # type: ignore[no-any-return]
    if len(shape) != 2:
        return None
    square = arrays.array(g, shape, depth - 1)
    options = [f"np.tril({square})", f"np.triu({square}, 1)", f"np.tril({square}, -1)", f"np.triu({square})"]
    if shape[0] == shape[1]:
        options += [f"np.diag({arrays.array(g, shape[:1], depth - 1)})", f"(np.eye({shape[0]}) * {square})"]
        options += [f"({square} + {square}.T)"]
    if shape == (4, 4):
        options += [f"np.kron({arrays.array(g, (2, 2), depth - 1)}, {arrays.array(g, (2, 2), depth - 1)})"]
    return g.pick(options)  # type: ignore[no-any-return]


def atleast(g: Scope, shape: Shape, depth: int) -> str | None:
    if len(shape) == 2 and shape[0] == 1:
        return f"np.atleast_2d({arrays.array(g, shape[1:], depth - 1)})"
    if shape == (1,):
        return f"np.atleast_1d({arrays.array(g, (), depth - 1)})"
    return None


def likes(g: Scope, shape: Shape, depth: int) -> str:
    base = arrays.array(g, shape, depth - 1)
    return g.pick(  # type: ignore[no-any-return]
        (
            f"(np.zeros_like({base}) + {base})",
            f"(np.ones_like({base}) * 0.7)",
            f"(np.full_like({base}, 0.3) - {base})",
        )
    )


SHAPE_RULES: list[Callable[[Scope, Shape, int], str | None]] = [
    reshaped, raveled, transposed, transposed, widened, broadcast, joined, joined, stacked, split, repeated,
    padded,
    diagonals, atleast, likes,
]  # fmt: skip
