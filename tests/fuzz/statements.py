"""Statements: assignments, stores, views, containers; what nests is in `control.py`."""

from __future__ import annotations

from collections.abc import Callable

from . import control
from .arrays import array, smaller
from .indices import index, integer, vectors
from .scalars import mask, scalar
from .scope import Scope, Shape, Variable

Lines = list[str]
Rule = Callable[[Scope, int], Lines | None]


def statement(g: Scope, nesting: int) -> Lines:
    """One statement; `nesting` is how many blocks it stands in."""
    table = TOP if nesting == 0 else NESTED
    rules, weights = [rule for rule, _ in table], [weight for _, weight in table]
    while True:
        lines = g.choice.choices(rules, weights)[0](g, nesting)
        if lines is not None:
            return lines


def _depth(g: Scope) -> int:
    return g.pick((1, 2, 2, 3))  # type: ignore[no-any-return]


def new_array(g: Scope, nesting: int) -> Lines:
    shape, name = g.shape(), g.fresh("v")
    text = f"{name} = {array(g, shape, _depth(g))}"
    g.names[name] = Variable(shape, "f")
    return [text]


def new_number(g: Scope, nesting: int) -> Lines:
    name = g.fresh("s")
    text = f"{name} = {scalar(g, _depth(g))}"
    g.names[name] = Variable((), "f")
    return [text]


def new_integer(g: Scope, nesting: int) -> Lines:
    name = g.fresh("k")
    text = f"{name} = {integer(g, 2)}"
    g.names[name] = Variable((), "i")
    return [text]


def new_mask(g: Scope, nesting: int) -> Lines:
    name, shape = g.fresh("m"), g.shape()
    text = f"{name} = {mask(g, shape, 1)}"
    g.names[name] = Variable(shape, "b")
    return [text]


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
        text = g.pick(("np.zeros({})", "np.ones({})", "np.full({}, 0.3)")).format(shape)
    g.names[name] = Variable(shape, "f", own=True)
    return [f"{name} = {text}"]


def view(g: Scope, nesting: int) -> Lines | None:
    """A view of an array that may be written through."""
    names = g.arrays(own=True)
    if not names:
        return None
    base = g.pick(names)
    shape: Shape = g.names[base].shape
    name = g.fresh("w")
    roll = g.choice.random()
    if roll < 0.5:
        text, found = index(g, shape, arrays=False)
        text = f"{base}[{text}]"
    elif roll < 0.7:
        text, found = f"{base}.T", shape[::-1]
    elif roll < 0.85:
        size = 1
        for d in shape:
            size *= d
        text, found = g.pick((f"{base}.reshape(-1)", f"{base}.ravel()", f"np.ravel({base})")), (size,)
    else:
        text, found = f"{base}[::-1]", shape
    if found == ():
        return None
    g.names[name] = Variable(found, "f", own=True)
    return [f"{name} = {text}"]


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
    if roll < 0.08:
        return [f"{name}[{mask(g, g.names[name].shape, 1)}] = {scalar(g, 1)}"]
    if roll < 0.16:
        return [f"{name}.T[0] = {scalar(g, 1)}"]
    text, shape = index(g, g.names[name].shape)
    value = array(g, smaller(g, shape) if shape else (), 2)
    operator = g.pick(("=", "=", "=", "+=", "-=", "*=", "/="))
    if operator == "/=":
        value = f"(np.abs({value}) + 0.7)"
    return [f"{name}[{text}] {operator} {value}"]


def augment(g: Scope, nesting: int) -> Lines | None:
    numbers = [n for n in g.numbers("f") if "[" not in n]
    if numbers and g.chance(0.5):
        return [f"{g.pick(numbers)} {g.pick(('+=', '-=', '*=', '+='))} {scalar(g, 2)}"]
    names = g.arrays(own=True)
    if not names:
        return None
    name = g.pick(names)
    return [f"{name} {g.pick(('+=', '-=', '*='))} {array(g, smaller(g, g.names[name].shape), 2)}"]


def rebind(g: Scope, nesting: int) -> Lines | None:
    names = [n for n in g.names if g.names[n].kind == "f" and "[" not in n]
    if not names:
        return None
    name = g.pick(names)
    return [f"{name} = {array(g, g.names[name].shape, 2)}"]


def swap(g: Scope, nesting: int) -> Lines | None:
    names = [n for n in g.arrays() if "[" not in n]
    pairs = [(a, b) for a in names for b in names if a < b and g.names[a] == g.names[b]]
    if not pairs:
        return None
    a, b = g.pick(pairs)
    return [f"{a}, {b} = {b}, {a}"]


def unpack(g: Scope, nesting: int) -> Lines | None:
    names = [n for n in g.arrays() if len(g.names[n].shape) == 1 and g.names[n].shape[0] in (2, 3)]
    if not names:
        return None
    source = g.pick(names)
    targets = [g.fresh("s") for _ in range(g.names[source].shape[0])]
    for target in targets:
        g.names[target] = Variable((), "f")
    return [f"{', '.join(targets)} = {source}"]


def container(g: Scope, nesting: int) -> Lines:
    name, shapes = g.fresh("c"), [g.shape(), g.shape()]
    parts = [array(g, s, 2) for s in shapes]
    if g.chance(0.5):
        lines = [f"{name} = {{'a': {parts[0]}}}", f"{name}['b'] = {parts[1]}"]
        keys = ["'a'", "'b'"]
    elif g.chance(0.5):
        lines, keys = [f"{name} = ({parts[0]}, {parts[1]})"], ["0", "1"]
    else:
        lines, keys = [f"{name} = [{parts[0]}]", f"{name}.append({parts[1]})"], ["0", "-1"]
    for key, shape in zip(keys, shapes, strict=True):
        g.names[f"{name}[{key}]"] = Variable(shape, "f")
    return lines


def gathered_list(g: Scope, nesting: int) -> Lines:
    """A list that a loop fills, and an array of it."""
    items, name, i, n = g.fresh("l"), g.fresh("v"), g.fresh("i"), g.pick((2, 3))
    inner = g.inside()
    inner.names[i] = Variable((), "i", low=0, high=n - 1)
    value = scalar(inner, 2)
    g.names[name] = Variable((n,), "f")
    return [
        f"{items} = []",
        f"for {i} in range({n}):",
        f"    {items}.append({value})",
        f"{name} = np.array({items})",
    ]


def in_place_function(g: Scope, nesting: int) -> Lines | None:
    names = g.arrays(own=True)
    if not names:
        return None
    name = g.pick(names)
    shape = g.names[name].shape
    rows = [n for n in vectors(g) if shape]
    options = [f"np.sin({array(g, shape, 1)}, out={name})", f"{name}.fill({scalar(g, 1)})"]
    options += [f"np.copyto({name}, {array(g, smaller(g, shape), 1)})"]
    if rows:
        at = g.pick(rows)
        values = array(g, (*g.names[at].shape, *shape[1:]), 1)
        options += [f"np.add.at({name}, {at} % {shape[0]}, {values})"] * 2
    return [g.pick(options)]


def writing_helper(g: Scope, nesting: int) -> Lines | None:
    """A call of a function that writes to its argument."""
    names = [n for n in g.arrays(own=True) if g.names[n].shape[0] > 0]
    if not names or not g.writers:
        return None
    name, result = g.pick(names), g.fresh("s")
    text = f"{result} = {g.pick(g.writers)}({name}, {scalar(g, 1)})"
    g.names[result] = Variable((), "f")
    return [text]


def exchange(g: Scope, nesting: int) -> Lines | None:
    """Change what a container holds: another array, or the same one in place."""
    names = [n for n in g.arrays() if n.startswith("c") and n.endswith("]")]
    if not names:
        return None
    name = g.pick(names)
    if g.chance(0.5):
        return [f"{name} = {array(g, g.names[name].shape, 2)}"]
    return [f"{name} = {name} * {scalar(g, 1)}", f"{name} += {array(g, smaller(g, g.names[name].shape), 1)}"]


def assertion(g: Scope, nesting: int) -> Lines:
    return [f"assert {scalar(g, 1)} < 1e6, 'too large'"]


def inner_function(g: Scope, nesting: int) -> Lines:
    """A function that closes over the variables around it."""
    from .scope import Helper

    name = g.fresh("inner")
    inner = g.inside()
    inner.names["q"] = Variable((), "f")
    lines = [f"def {name}(q, r=0.4):", f"    return {scalar(inner, 2)} + r * q"]
    g.helpers = {**g.helpers, name: Helper(1, elementwise=False)}
    return lines


NESTED: list[tuple[Rule, float]] = [
    (rebind, 3), (store, 5), (augment, 4), (new_array, 1), (new_number, 1), (swap, 0.8), (view, 0.6),
    (new_own, 0.3),
    (in_place_function, 0.4), (alias, 0.6), (writing_helper, 0.6), (control.loop, 1), (control.branch, 1.5),
    (assertion, 0.15), (unpack, 0.2),
]  # fmt: skip
TOP: list[tuple[Rule, float]] = [
    (new_array, 5), (new_number, 3), (new_integer, 1), (new_mask, 0.5), (new_own, 3), (view, 2), (store, 4),
    (augment, 2), (rebind, 1), (swap, 0.5), (unpack, 0.4), (container, 0.7), (gathered_list, 0.5),
    (in_place_function, 0.7), (alias, 1), (writing_helper, 0.8), (exchange, 0.7), (assertion, 0.2),
    (inner_function, 0.4), (control.loop, 4), (control.branch, 2.5),
]  # fmt: skip
