"""Writes to memory: views, stores, augmented assignments, overlapping and repeated places."""

from __future__ import annotations

import math

from .arrays import array, smaller
from .indices import index, place, vectors
from .scalars import mask, scalar
from .scope import Scope, Shape, Variable

Lines = list[str]
OPERATORS = ("=", "=", "=", "+=", "-=", "*=", "/=", "+=", "**=", "%=", "//=")


def operand(operator: str, value: str) -> str:
    """The right side of an assignment: away from where the operator is not smooth."""
    match operator:
        case "/=" | "%=" | "//=":
            return f"(np.abs({value}) + 0.7)"
        case "**=":
            return "2"
        case _:
            return value


def new_own(g: Scope, nesting: int) -> Lines:
    """An array that may be written to."""
    name = g.fresh("a")
    known = g.arrays()
    if known and g.chance(0.6):
        base = g.pick(known)
        shape: Shape = g.names[base].shape
        text = g.pick(
            ("{}.copy()", "np.array({})", "np.copy({})", "{} + 0.0", "np.zeros_like({})", "{} * 0.9")
        ).format(base)
    else:
        shape = g.shape()
        text = g.pick(("np.zeros({})", "np.ones({})", "np.full({}, 0.3)", "np.empty({})")).format(shape)
        if "empty" in text:
            contents = array(g, smaller(g, shape), 1)
            g.names[name] = Variable(shape, "f", own=True)
            return [f"{name} = {text}", f"{name}[...] = {contents}"]
    g.names[name] = Variable(shape, "f", own=True)
    return [f"{name} = {text}"]


def view(g: Scope, nesting: int) -> Lines | None:
    """A view of an array, or of a view, that may be written through."""
    names = g.arrays(own=True)
    if not names:
        return None
    views = [n for n in names if n.startswith("w")]
    base = g.pick(views) if views and g.chance(0.5) else g.pick(names)
    shape: Shape = g.names[base].shape
    name, roll = g.fresh("w"), g.choice.random()
    if roll < 0.45:
        text, found = index(g, shape, arrays=False)
        text = f"{base}[{text}]"
    elif roll < 0.62:
        text, found = f"{base}.T", shape[::-1]
    elif roll < 0.82:
        text, found = _rearranged(g, base, shape)
    elif roll < 0.9 and len(shape) == 2:
        found = (min(shape),)
        text = g.pick((f"np.diagonal({base})", f"np.einsum('ii->i', {base})", f"{base}.diagonal()"))
    else:
        text, found = f"{base}[::-1]", shape
    if found == ():
        return None
    g.names[name] = Variable(found, "f", own="diag" not in text)
    return [f"{name} = {text}"]


def _rearranged(g: Scope, base: str, shape: Shape) -> tuple[str, Shape]:
    size = math.prod(shape)
    flat = [(f"{base}.reshape(-1)", (size,)), (f"{base}.ravel()", (size,)), (f"np.ravel({base})", (size,))]
    other = [(f"{base}.reshape({k}, -1)", (k, size // k)) for k in (1, 2, 3) if size and size % k == 0]
    other += [
        (f"{base}[None]", (1, *shape)),
        (f"np.swapaxes({base}, 0, -1)", (*shape[-1:], *shape[1:-1], *shape[:1])),
    ]
    return g.pick(flat + other if len(shape) > 1 else flat[:2] + other[:-1])  # type: ignore[no-any-return]


def alias(g: Scope, nesting: int) -> Lines | None:
    """Another name of an array."""
    names = g.arrays(own=True)
    if not names:
        return None
    base, name = g.pick(names), g.fresh("w")
    g.names[name] = g.names[base]
    return [f"{name} = {base}"]


def store(g: Scope, nesting: int) -> Lines | None:
    names = g.arrays(own=True)
    if not names:
        return None
    name = g.pick(names)
    roll = g.choice.random()
    if roll < 0.07:
        return [f"{name}[{mask(g, g.names[name].shape, 1)}] {g.pick(('=', '=', '+=', '*='))} {scalar(g, 1)}"]
    if roll < 0.12:
        return [f"{name}.T[0] = {scalar(g, 1)}"]
    operator = g.pick(OPERATORS)
    text, shape = index(g, g.names[name].shape)
    return [f"{name}[{text}] {operator} {operand(operator, array(g, smaller(g, shape) if shape else (), 2))}"]


def augment(g: Scope, nesting: int) -> Lines | None:
    numbers = [n for n in g.numbers("f") if "[" not in n]
    if numbers and g.chance(0.5):
        operator = g.pick(("+=", "-=", "*=", "+=", "/=", "**="))
        return [f"{g.pick(numbers)} {operator} {operand(operator, scalar(g, 2))}"]
    names = g.arrays(own=True)
    if not names:
        return None
    name = g.pick(names)
    shape = g.names[name].shape
    if len(shape) == 2 and g.chance(0.1):
        return [f"{name} @= {array(g, (shape[1], shape[1]), 1)}"]
    operator = g.pick(OPERATORS[3:])
    return [f"{name} {operator} {operand(operator, array(g, smaller(g, shape), 2))}"]


def overlapping(g: Scope, nesting: int) -> Lines | None:
    """A part of an array from another part of it that it shares memory with."""
    names = [n for n in g.arrays(own=True) if g.names[n].shape[0] > 1]
    if not names:
        return None
    a, c = g.pick(names), scalar(g, 1)
    options = [
        f"{a}[1:] = {a}[:-1] * {c}", f"{a}[:-1] += {a}[1:] * 0.5", f"{a}[:] = {a}[::-1]",
        f"{a}[1:] -= {a}[:-1]",
        f"{a}[1:] *= {a}[:-1]", f"{a}[::-1] += {a} * {c}", f"{a}[:-1] = np.sin({a}[1:])",
        f"{a} += {a}[::-1] * 0.3",
        f"{a}[1:-1] = ({a}[2:] + {a}[:-2]) * 0.5", f"{a}[0], {a}[-1] = {a}[-1], {a}[0]",
        f"{a}[[0, 1]] = {a}[[1, 0]]", f"{a}[:-1], {a}[1:] = {a}[1:] * 0.5, {a}[:-1] * 0.9",
    ]  # fmt: skip
    if len(set(g.names[a].shape)) == 1 and len(g.names[a].shape) == 2:
        options += [
            f"{a}[:] = {a}.T",
            f"{a} += {a}.T * 0.5",
            f"{a}[0] = {a}[:, 0]",
            f"{a}[:, 0], {a}[:, 1] = {a}[:, 1], {a}[:, 0]",
        ]
    return [g.pick(options)]


def repeated(g: Scope, nesting: int) -> Lines | None:
    """A write by integer arrays that may name a place twice, or accumulate there."""
    names = g.arrays(own=True)
    if not names:
        return None
    name = g.pick(names)
    size, *rest = g.names[name].shape
    rows = [(n, g.names[n].shape[0]) for n in vectors(g)]
    if not size:
        return None
    if rows and g.chance(0.7):
        at, length = g.pick(rows)
        places = f"{at} % {size}"
    else:
        length = g.pick((2, 3))
        first = place(g, size, 0)
        places = f"[{', '.join([first] * (length - 1) + [place(g, size, 0)])}]"
    values = array(g, smaller(g, (length, *rest)), 1)
    operator = g.pick(("=", "+=", "*=", "-="))
    function = g.pick(("np.add.at", "np.add.at", "np.subtract.at"))
    return [g.pick((f"{name}[{places}] {operator} {values}", f"{function}({name}, {places}, {values})"))]


def in_place_function(g: Scope, nesting: int) -> Lines | None:
    names = g.arrays(own=True)
    if not names:
        return None
    name = g.pick(names)
    shape = g.names[name].shape
    options = [f"np.sin({array(g, shape, 1)}, out={name})", f"{name}.fill({scalar(g, 1)})"]
    options += [
        f"np.copyto({name}, {array(g, smaller(g, shape), 1)})",
        f"np.multiply({name}, {array(g, shape, 1)}, out={name})",
    ]
    if len(shape) == 2:
        options += [f"np.fill_diagonal({name}, {scalar(g, 1)})"]
    return [g.pick(options)]


def moving_slice(g: Scope, nesting: int) -> Lines | None:
    """A write to a slice whose size depends on a loop index or an int argument."""
    names = [n for n in g.arrays(own=True) if g.names[n].shape[0] > 1]
    bounds = [*g.indices(), *(["n"] if "n" in g.names else [])]
    if not names or not bounds:
        return None
    a, i = g.pick(names), g.pick(bounds)
    part = g.pick((f":{i}", f"{i}:", f"{i} + 1:", f":{i} + 1", f"{i} - 1:", f"{i}::2", f":-{i}"))
    same = list(g.arrays(g.names[a].shape))
    options = [
        f"{a}[{part}] *= {scalar(g, 1)}",
        f"{a}[{part}] = {scalar(g, 1)}",
        f"{a}[{part}] += {scalar(g, 0)}",
    ]
    if same:
        options += [
            f"{a}[{part}] -= {scalar(g, 0)} * {g.pick(same)}[{part}]",
            f"{a}[{part}] = {g.pick(same)}[{part}] * 0.5",
        ]
    if len(g.names[a].shape) == 2:
        row = place(g, g.names[a].shape[0], 0)
        options += [
            f"{a}[{row}, {part}] *= {scalar(g, 0)}",
            f"{a}[{row}, {part}] -= {scalar(g, 0)} * {a}[{row}, {part}]",
        ]
    return [g.pick(options)]
