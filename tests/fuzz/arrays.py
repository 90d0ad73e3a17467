"""Array expressions of a given shape: rules over the whole op table, each for a target shape."""

from __future__ import annotations

from collections.abc import Callable

from . import scalars
from .array_shapes import SHAPE_RULES
from .indices import index, integer, place, vectors
from .scope import Scope, Shape

_UNARY_NAMES = """
    sin cos tanh arctan square abs negative sinh arcsinh sign exp2 floor ceil rint trunc cosh expm1 positive
"""
_BINARY_NAMES = "maximum minimum fmax fmin logaddexp copysign add multiply subtract"
UNARY = [
    *(f"np.{name}({{}})" for name in _UNARY_NAMES.split()),
    "special.erf({})", "special.erfc({})", "special.expit({})",
    "np.exp(-np.abs({}))", "np.tan(np.tanh({}))", "np.sqrt(np.abs({}) + 0.3)", "np.log(np.abs({}) + 0.7)",
    "np.log1p(np.abs({}))",
    "np.log2(np.abs({}) + 0.7)", "np.log10(np.abs({}) + 0.7)", "np.arcsin(0.9 * np.tanh({}))",
    "np.arccos(0.9 * np.tanh({}))", "np.arctanh(0.9 * np.sin({}))", "np.arccosh(1.5 + np.abs({}))",
    "np.cbrt({} + 3.0)", "np.reciprocal(np.abs({}) + 0.5)", "(-({}))", "(+({}))", "abs({})", "(({}) ** 2)",
    "(({}) ** 3)",
    "((np.abs({}) + 0.4) ** 0.5)", "((np.abs({}) + 0.4) ** -1.5)", "(2.0 ** ({}))",
    "special.gammaln(np.abs({}) + 0.5)",
    "special.digamma(np.abs({}) + 1.0)", "special.logit(0.1 + 0.8 * special.expit({}))", "np.exp(0.3 * {})",
    "({}).astype(np.float64)", "np.clip({}, -0.7, 0.9)", "({}).clip(-0.5, 0.6)",
    "np.array({})", "np.asarray({})", "({}).copy()", "np.copy({})", "({}).astype(np.float32)",
]  # fmt: skip
BINARY = [
    *["({} + {})", "({} - {})", "({} * {})", "({} / (np.abs({}) + 0.5))"] * 3,
    *(f"np.{name}({{}}, {{}})" for name in _BINARY_NAMES.split()),
    "np.hypot({}, {} + 3.0)", "np.arctan2({}, np.abs({}) + 0.4)", "np.power(np.abs({}) + 0.4, {})",
    "((np.abs({}) + 0.4) ** ({}))",
    "({} // (np.abs({}) + 0.6))", "({} % (np.abs({}) + 0.6))", "special.xlogy(np.abs({}), np.abs({}) + 0.5)",
    "np.float_power(np.abs({}) + 0.5, {})", "np.divide({}, np.abs({}) + 0.5)",
    "np.remainder({}, np.abs({}) + 0.6)",
]  # fmt: skip
REDUCE = [
    *(f"np.{name}({{}}, axis={{}})" for name in "sum mean max min prod std var ptp linalg.norm".split()),
    *(f"({{}}).{name}(axis={{}})" for name in "sum mean max min prod std var".split()),
    "special.logsumexp({}, axis={})", "np.average({}, axis={})",
    "np.add.reduce({}, axis={})",
]  # fmt: skip
ALONG = [
    "np.cumsum({}, axis={})", "np.cumprod({}, axis={})", "special.softmax({}, axis={})",
    "special.log_softmax({}, axis={})", "np.flip({}, axis={})", "np.roll({}, 1, axis={})",
    "np.roll({}, -2, axis={})",
    "({0} - np.mean({0}, axis={1}, keepdims=True))",
    "({0} / np.sum(np.abs({0}) + 0.2, axis={1}, keepdims=True))",
    "({0} - ({0}).max(axis={1}, keepdims=True))", "({0}).cumsum(axis={1})",
    "({0} * np.argmax({0}, axis={1}, keepdims=True))",
    "np.take_along_axis({0}, np.argmin({0}, axis={1}, keepdims=True) * np.ones({0}.shape, int), axis={1})",
]  # fmt: skip
Rule = Callable[[Scope, Shape, int], str | None]


def array(g: Scope, shape: Shape, depth: int) -> str:
    """An expression whose value is a float array of that shape."""
    if not shape:
        return scalars.scalar(g, depth)
    if depth <= 0 or g.chance(0.15):
        return leaf(g, shape)
    for _ in range(20):
        text = g.choice.choices(_RULES, _WEIGHTS)[0](g, shape, depth)
        if text is not None:
            return text
    return leaf(g, shape)


def leaf(g: Scope, shape: Shape) -> str:
    known = g.arrays(shape)
    if known and g.chance(0.92):
        return g.pick(known)  # type: ignore[no-any-return]
    part = _part(g, shape, 0) if g.chance(0.5) else None
    if part is not None:
        return part
    size = 1
    for d in shape:
        size *= d
    return g.pick(  # type: ignore[no-any-return]
        (
            f"np.full({shape}, {scalars.leaf(g)})",
            f"({scalars.leaf(g)} * np.ones({shape}))",
            f"np.linspace({g.literal()}, {g.literal()}, {size}).reshape({shape})",
            f"(np.arange({size}).reshape({shape}) * 0.3 + {scalars.leaf(g)})",
            f"(np.zeros({shape}) + {scalars.leaf(g)})",
        )
    )


def smaller(g: Scope, shape: Shape) -> Shape:
    """A shape that broadcasts to `shape`."""
    if g.chance(0.6):
        return shape
    kept = shape[g.choice.randint(0, len(shape)) :]
    return tuple(1 if g.chance(0.3) else d for d in kept)


def _unary(g: Scope, shape: Shape, depth: int) -> str:
    return g.pick(UNARY).format(array(g, shape, depth - 1))  # type: ignore[no-any-return]


def _binary(g: Scope, shape: Shape, depth: int) -> str:
    pair = [array(g, shape, depth - 1), array(g, smaller(g, shape), depth - 1)]
    g.choice.shuffle(pair)
    return g.pick(BINARY).format(*pair)  # type: ignore[no-any-return]


def _where(g: Scope, shape: Shape, depth: int) -> str:
    test = scalars.mask(g, smaller(g, shape), depth - 1)
    a, b = array(g, shape, depth - 1), array(g, smaller(g, shape), depth - 1)
    if g.chance(0.2):
        tests, other = [scalars.mask(g, shape, 0) for _ in range(2)], array(g, shape, 0)
        return f"np.select([{', '.join(tests)}], [{a}, {other}], 0.5)"
    return f"np.where({test}, {a}, {b})"


def _reduce(g: Scope, shape: Shape, depth: int) -> str | None:
    if len(shape) > 2:
        return None
    axis = g.choice.randint(0, len(shape))
    larger = (*shape[:axis], g.pick((2, 3, 4)), *shape[axis:])
    return g.pick(REDUCE).format(array(g, larger, depth - 1), axis - len(larger) if g.chance(0.4) else axis)  # type: ignore[no-any-return]


def _along(g: Scope, shape: Shape, depth: int) -> str:
    axis = g.choice.randrange(-len(shape), len(shape))
    return g.pick(ALONG).format(array(g, shape, depth - 2), axis)  # type: ignore[no-any-return]


def _part(g: Scope, shape: Shape, depth: int) -> str | None:
    """A part of a variable that has this shape by luck, or of an array with one more axis."""
    names = [name for name in g.arrays() if len(g.names[name].shape) >= len(shape)]
    for _ in range(8 if names else 0):
        name = g.pick(names)
        text, found = index(g, g.names[name].shape)
        if found == shape:
            return f"{name}[{text}]"
    if depth < 1 or len(shape) > 2:
        return None
    axis, size = g.choice.randint(0, len(shape)), g.pick((2, 3, 4))
    larger = (*shape[:axis], size, *shape[axis:])
    base = array(g, larger, depth - 1)
    at = place(g, size, 1)
    if g.chance(0.3):
        return f"np.take({base}, {at}, axis={axis})"
    return f"({base})[{', '.join([*[':'] * axis, at])}]"


def _gathered(g: Scope, shape: Shape, depth: int) -> str | None:
    """The rows of an array that an integer vector names."""
    names = [n for n in vectors(g) if g.names[n].shape == shape[:1]]
    if not names:
        return None
    size = g.pick((2, 3, 4))
    base, rows = array(g, (size, *shape[1:]), depth - 1), f"{g.pick(names)} % {size}"
    return g.pick((f"({base})[{rows}]", f"np.take({base}, {rows}, axis=0)"))  # type: ignore[no-any-return]


def _product(g: Scope, shape: Shape, depth: int) -> str | None:
    k = g.pick((1, 2, 3, 4))
    if len(shape) == 1:
        left, right = g.pick((((*shape, k), (k,)), ((k,), (k, *shape))))
    elif len(shape) == 2:
        left, right = (shape[0], k), (k, shape[1])
    else:
        left, right = (*shape[:-1], k), (shape[0] if g.chance(0.5) else 1, k, shape[-1])
    a, b = array(g, left, depth - 1), array(g, right, depth - 1)
    options = [f"({a} @ {b})"] * 3 + [f"np.matmul({a}, {b})"]
    if len(shape) < 3:
        options += [f"np.dot({a}, {b})", f"({a}).dot({b})"]
    if len(shape) == 2:
        options += [f"np.einsum('ij,jk->ik', {a}, {b})", f"np.tensordot({a}, {b}, axes=1)"]
        options += [f"np.inner({a}, ({b}).T)", f"np.einsum('ij,jk->ki', {a}, {b}).T"]
        outer = array(g, shape[:1], depth - 1), array(g, shape[1:], depth - 1)
        options += ["np.outer({}, {})".format(*outer)] * 2
    return g.pick(options)  # type: ignore[no-any-return]


def _helper(g: Scope, shape: Shape, depth: int) -> str | None:
    names = [name for name, helper in g.helpers.items() if helper.elementwise]
    if not names:
        return None
    name = g.pick(names)
    return f"{name}({', '.join(array(g, shape, depth - 1) for _ in range(g.helpers[name].arity))})"


def _chosen(g: Scope, shape: Shape, depth: int) -> str:
    return f"({array(g, shape, depth - 1)} if {scalars.condition(g, 1)} else {array(g, shape, depth - 1)})"


def _integers(g: Scope, shape: Shape, depth: int) -> str | None:
    names = g.arrays(shape, kind="i") + g.arrays(shape, kind="b")
    if names:
        return g.pick((f"({g.pick(names)} * 0.25)", f"({g.pick(names)} + {array(g, shape, depth - 1)})"))  # type: ignore[no-any-return]
    return f"({scalars.mask(g, shape, 1)} * {array(g, shape, depth - 1)})" if g.chance(0.5) else None


def _listed(g: Scope, shape: Shape, depth: int) -> str | None:
    """np.array of numbers, or of rows."""
    if shape[0] > 4 or len(shape) > 2:
        return None
    parts = ", ".join(array(g, shape[1:], depth - 2) for _ in range(shape[0]))
    return f"np.array([{parts}])"


def _power_of_int(g: Scope, shape: Shape, depth: int) -> str:
    return f"({array(g, shape, depth - 1)} * {integer(g, 1)})"


_TABLE: list[tuple[Rule, float]] = [
    (_unary, 4), (_binary, 5), (_where, 1), (_reduce, 1.2), (_along, 1.2), (_part, 1.5), (_gathered, 0.8),
    (_product, 1.2), (_helper, 1), (_integers, 0.5), (_listed, 0.4), (_power_of_int, 0.3), (_chosen, 0.3),
    *((rule, 0.45) for rule in SHAPE_RULES),
]  # fmt: skip
_RULES = [rule for rule, _ in _TABLE]
_WEIGHTS = [weight for _, weight in _TABLE]
