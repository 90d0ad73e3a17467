"""Loops and branches around other statements."""

from __future__ import annotations

from .indices import place
from .scalars import condition
from .scope import Scope, Variable

Lines = list[str]
MOST_NESTED = 3


def block(g: Scope, nesting: int, most: int = 3) -> Lines:
    """An indented block of statements."""
    from .statements import statement

    lines: Lines = []
    for _ in range(g.choice.randint(1, most)):
        lines += statement(g, nesting + 1)
    return ["    " + line for line in lines]


def loop(g: Scope, nesting: int) -> Lines | None:
    if nesting >= MOST_NESTED:
        return None
    inner = g.inside()
    if g.chance(0.15):
        header = _over_array(inner)
    else:
        header = _over_range(inner)
    if header is None:
        return None
    lines = [header, *block(inner, nesting)]
    if g.chance(0.04):
        lines += ["    " + f"if {condition(inner, 1)}:", "        " + g.pick(("break", "continue"))]
    if g.chance(0.05):
        lines += ["else:", *block(g.inside(), nesting, most=1)]
    g.counter, g.helpers = inner.counter, g.helpers
    return lines


def _over_range(g: Scope) -> str:
    i = g.fresh("i")
    n = g.pick((1, 2, 3, 4, 4, 5))
    options: list[tuple[str, int, int]] = [
        (f"{n}", 0, n - 1), (f"1, {n + 1}", 1, n), (f"{n}, 0, -1", 1, n), (f"0, {2 * n}, 2", 0, 2 * n - 2),
        ("0", 0, 0), (f"{n - 1}, -1, -1", 0, n - 1),
    ]  # fmt: skip
    for name in g.arrays()[:6]:
        size = g.names[name].shape[0]
        options += [(f"len({name})", 0, size - 1), (f"{name}.shape[0]", 0, size - 1)] * 2
        options += [(f"1, len({name})", 1, size - 1), (f"1, {name}.shape[0] - 1", 1, size - 2)]
    for name in g.numbers("i"):
        options += [(name, 0, 3), (f"1, {name} + 1", 1, 3), (f"{name}, 0, -1", 1, 3)] * (
            6 if name == "n" else 2
        )
    for name in g.indices():
        high = g.names[name].high
        options += [(name, 0, high - 1), (f"{name} + 1", 0, high), (f"{name}, {high + 1}", 0, high)] * 2
    bounds, low, high = g.pick(options)
    g.names[i] = Variable((), "i", low=low, high=max(low, high))
    return f"for {i} in range({bounds}):"


def _over_array(g: Scope) -> str | None:
    names = g.arrays()
    if not names:
        return None
    name = g.pick(names)
    shape, item = g.names[name].shape, g.fresh("e")
    g.names[item] = Variable(shape[1:], "f")
    if g.chance(0.4):
        i = g.fresh("i")
        g.names[i] = Variable((), "i", low=0, high=shape[0] - 1)
        return f"for {i}, {item} in enumerate({name}):"
    return f"for {item} in {name}:"


def branch(g: Scope, nesting: int) -> Lines | None:
    if nesting >= MOST_NESTED:
        return None
    lines = [f"if {condition(g, 2)}:"]
    shared = _shared(g)
    counters = []
    for header in (None, *(["elif"] if g.chance(0.2) else []), *(["else:"] if g.chance(0.6) else [])):
        inner = g.inside()
        if header is not None:
            lines.append(f"elif {condition(g, 1)}:" if header == "elif" else header)
        lines += block(inner, nesting, most=2)
        if shared and g.chance(0.7):
            lines.append(f"    {shared} *= {place(inner, 3, 0)}")
        counters.append(inner.counter)
        g.counter = inner.counter
    return lines


def _shared(g: Scope) -> str | None:
    names = [n for n in g.numbers("f") if "[" not in n]
    return g.pick(names) if names and g.chance(0.3) else None
