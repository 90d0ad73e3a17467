"""Expressions of real numbers and of truth values."""

from __future__ import annotations

from collections.abc import Callable

from . import arrays
from .indices import integer, place
from .scope import Scope, Shape

NUMPY_UNARY = (
    "np.sin np.cos np.tanh np.arctan np.square np.abs np.exp2 math.sin math.cos math.tanh math.atan".split()
)
UNARY = [
    *(f"{name}({{}})" for name in NUMPY_UNARY),
    "math.exp(-abs({}))", "math.sqrt(abs({}) + 0.5)", "math.log(abs({}) + 0.8)", "math.log1p(abs({}))",
    "np.sqrt(np.abs({}) + 0.3)", "np.log(np.abs({}) + 0.7)", "abs({})", "(-({}))", "(({}) ** 2)",
    "(({}) ** 3)", "(+({}))",
    "float({})", "special.expit({})", "special.erf({})", "np.float64({})", "math.erf({})", "math.fabs({})",
]  # fmt: skip
BINARY = [
    "({} + {})", "({} - {})", "({} * {})", "({} / (abs({}) + 0.5))", "max({}, {})", "min({}, {})",
    "np.maximum({}, {})",
    "np.hypot({}, 1.0 + {})", "math.atan2({}, 2.0 + {})", "np.arctan2({}, 2.0 + {})",
    "((abs({}) + 0.4) ** ({}))",
    "({} // (abs({}) + 0.6))", "({} % (abs({}) + 0.6))", "math.hypot({}, {})", "np.logaddexp({}, {})",
    "np.add({}, {})", "np.multiply({}, {})",
]  # fmt: skip
WHOLE = [
    "np.sum({})", "{}.sum()", "np.mean({})", "{}.mean()", "np.max({})", "{}.min()", "np.prod({})",
    "np.std({})",
    "np.var({}, ddof=0)", "np.linalg.norm({})", "special.logsumexp({})", "np.ptp({})", "np.average({})",
    "sum({}.ravel())", "np.dot({0}.ravel(), {0}.ravel())", "np.vdot({0}, {0})",
    "np.einsum('i,i->', {0}.ravel(), {0}.ravel())", "np.inner({0}.ravel(), {0}.ravel())",
]  # fmt: skip
COMPARE = "< <= > >= < > == !=".split()


def scalar(g: Scope, depth: int) -> str:
    """A real number, Python's or NumPy's."""
    if depth <= 0 or g.chance(0.12):
        return leaf(g)
    for _ in range(20):
        text = g.choice.choices(_RULES, _WEIGHTS)[0](g, depth)
        if text is not None:
            return text
    return leaf(g)


def leaf(g: Scope) -> str:
    options = [*g.numbers("f") * 2, g.literal()]
    for name in g.arrays()[:8]:
        shape = g.names[name].shape
        if 0 not in shape:
            options.append(f"{name}[{', '.join(place(g, size, 1) for size in shape)}]")
    return g.pick(options)  # type: ignore[no-any-return]


def _unary(g: Scope, depth: int) -> str:
    return g.pick(UNARY).format(scalar(g, depth - 1))  # type: ignore[no-any-return]


def _binary(g: Scope, depth: int) -> str:
    return g.pick(BINARY).format(scalar(g, depth - 1), scalar(g, depth - 1))  # type: ignore[no-any-return]


def _whole(g: Scope, depth: int) -> str:
    return g.pick(WHOLE).format(arrays.array(g, g.shape(), depth - 1))  # type: ignore[no-any-return]


def _ternary(g: Scope, depth: int) -> str:
    return f"({scalar(g, depth - 1)} if {condition(g, depth - 1)} else {scalar(g, depth - 1)})"


def _integer(g: Scope, depth: int) -> str:
    return g.pick((f"(0.3 * ({integer(g, 1)}))", f"({integer(g, 1)} / 3)", f"float({integer(g, 1)})"))  # type: ignore[no-any-return]


def _helper(g: Scope, depth: int) -> str | None:
    names = sorted(g.helpers)
    if not names:
        return None
    name = g.pick(names)
    return f"{name}({', '.join(scalar(g, depth - 1) for _ in range(g.helpers[name].arity))})"


def _comprehension(g: Scope, depth: int) -> str | None:
    vectors = [n for n in g.arrays() if len(g.names[n].shape) == 1 and g.names[n].shape != (0,)]
    if not vectors:
        return None
    name = g.pick(vectors)
    element = g.pick(UNARY).format("q")
    return g.pick(  # type: ignore[no-any-return]
        (
            f"sum([{element} for q in {name}])",
            f"sum({element} for q in {name})",
            f"sum([{name}[q] * {g.literal()} for q in range(len({name}))])",
            f"sum(q * r for q, r in zip({name}, {name}[::-1]))",
            f"max([{element} for q in {name}])",
        )
    )


def _lambda(g: Scope, depth: int) -> str:
    return f"(lambda q: {g.pick(BINARY).format('q', scalar(g, depth - 2))})({scalar(g, depth - 1)})"


def _logical(g: Scope, depth: int) -> str:
    """`and`, `or` and comparisons for their value."""
    a, b = scalar(g, depth - 1), scalar(g, 0)
    number = f"({a} {g.pick(('and', 'or'))} {b})"
    return g.pick(
        (
            number,
            f"(({a} > {b}) * {g.literal()})",
            f"float({g.literal()} < {a} <= {b})",
        )
    )  # type: ignore[no-any-return]


def _moving(g: Scope, depth: int) -> str | None:
    """A sum over a slice whose size depends on a loop index or an int argument."""
    bounds = [*g.indices(), *(["n"] if "n" in g.names else [])]
    names = [name for name in g.arrays() if g.names[name].shape[0] > 1]
    if not bounds or not names:
        return None
    i, a = g.pick(bounds), g.pick(names)
    part = g.pick((f":{i}", f"{i}:", f":{i} + 1", f"{i} + 1:", f":-{i}", f"{i}::2", f"{i} - 1:"))
    same = g.pick(g.arrays(g.names[a].shape))
    options = [
        f"np.sum({a}[{part}])",
        f"{a}[{part}].sum()",
        f"np.sum({a}[{part}] * {same}[{part}])",
        f"np.sum({a}[{part}] ** 2)",
    ]
    if len(g.names[a].shape) == 1:
        options += [
            f"({a}[{part}] @ {same}[{part}])",
            f"np.dot({a}[{part}], {same}[{part}])",
            f"len({a}[{part}]) * 0.1",
        ]
    else:
        row = place(g, g.names[a].shape[0], 0)
        options += [f"np.sum({a}[{row}, {part}])", f"np.sum({a}[{row}, {part}] * {same}[{row}, {part}])"]
    return g.pick(options)  # type: ignore[no-any-return]


def _product(g: Scope, depth: int) -> str:
    n: Shape = (g.pick((2, 3, 4)),)
    return f"({arrays.array(g, n, depth - 1)} @ {arrays.array(g, n, depth - 1)})"


_TABLE: list[tuple[Callable[[Scope, int], str | None], float]] = [
    (_unary, 3), (_binary, 4), (_whole, 2), (_ternary, 0.8), (_integer, 0.6), (_helper, 1),
    (_comprehension, 0.4), (_lambda, 0.2), (_product, 0.6), (_logical, 0.3), (_moving, 0.35),
]  # fmt: skip
_RULES = [rule for rule, _ in _TABLE]
_WEIGHTS = [weight for _, weight in _TABLE]


def condition(g: Scope, depth: int) -> str:
    """Something to be tested by `if`."""
    compare = f"{scalar(g, depth - 1)} {g.pick('<>')} {scalar(g, 0)}"
    options = [compare] * 5
    options += [f"{integer(g, 1)} {g.pick(COMPARE)} {integer(g, 1)}"] * 2
    options += [f"{integer(g, 1)} % 2 == {g.pick((0, 1))}"]
    if depth > 1:
        other = condition(g, depth - 2)
        options += [f"({compare}) {g.pick(('and', 'or'))} ({other})", f"not ({other})"]
        options += [f"{g.literal()} < {scalar(g, depth - 1)} < {g.literal()}"]
        options += [
            f"{integer(g, 0)} <= {integer(g, 1)} < {integer(g, 0)}",
            f"{scalar(g, 1)} > {g.literal()} > {scalar(g, 0)}",
        ]
        options += [f"any(q > {g.literal()} for q in ({scalar(g, 0)}, {scalar(g, 1)}))"]
        options += [f"{g.pick(('np.any', 'np.all'))}({mask(g, g.shape(), 1)})"]
        options += [f"bool({compare})"]
    return g.pick(options)  # type: ignore[no-any-return]


def mask(g: Scope, shape: Shape, depth: int) -> str:
    """An array of bools."""
    a = arrays.array(g, shape, depth - 1)
    options = [f"({a} {g.pick('<>')} {scalar(g, 0)})"] * 3
    options += [
        f"({a} {g.pick('<>')} {arrays.array(g, shape, 0)})",
        f"np.isfinite({a})",
        f"np.greater({a}, 0.2)",
    ]
    options += g.arrays(shape, kind="b") * 2
    if depth > 0:
        other = mask(g, shape, depth - 1)
        options += [
            f"({mask(g, shape, depth - 1)} {g.pick('&|^')} {other})",
            f"~{other}",
            f"np.logical_not({other})",
        ]
    return g.pick(options)  # type: ignore[no-any-return]
