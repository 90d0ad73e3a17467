"""Blocks, branches, and the ways out of a loop or a function."""

from __future__ import annotations

from .arrays import array
from .indices import place
from .scalars import condition, scalar
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


def leak(g: Scope, inner: Scope, probability: float) -> None:
    """Sometimes let what a block binds be known after it: plain runs show whether it is there."""
    if g.chance(probability):
        new = [n for n in inner.names if n not in g.names and n.isidentifier() and not n.startswith("w")]
        for name in new[:2]:
            v = inner.names[name]
            g.names[name] = Variable(v.shape, v.kind)


def branch(g: Scope, nesting: int) -> Lines | None:
    if nesting >= MOST_NESTED:
        return None
    lines = [f"if {condition(g, 2)}:"]
    shared = _shared(g)
    inner = g
    for header in (None, *(["elif"] if g.chance(0.2) else []), *(["else:"] if g.chance(0.6) else [])):
        inner = g.inside()
        if header is not None:
            lines.append(f"elif {condition(g, 1)}:" if header == "elif" else header)
        lines += block(inner, nesting, most=2)
        if shared and g.chance(0.7):
            lines.append(f"    {shared} *= {place(inner, 3, 0)}")
        elif g.chance(0.12):
            lines += ["    " + line for line in _way_out(inner)]
        g.counter = inner.counter
    leak(g, inner, 0.25)
    return lines


def _shared(g: Scope) -> str | None:
    names = [n for n in g.numbers("f") if "[" not in n]
    return g.pick(names) if names and g.chance(0.3) else None


def leave(g: Scope, nesting: int) -> Lines | None:
    """Leave a turn, a loop or the function, under a condition."""
    way = _way_out(g)
    if not way:
        return None
    test = g.pick(
        (condition(g, 1), condition(g, 1), f"{scalar(g, 1)} > {g.pick((0.8, 1.5, 3.0))}", *_counted(g))
    )
    before = [f"    {line}" for line in _changed(g)] if g.chance(0.4) else []
    lines = [f"if {test}:", *before, *("    " + line for line in way)]
    if g.chance(0.2) and nesting < MOST_NESTED:
        lines += ["else:", *block(g.inside(), nesting, most=1)]
    return lines


def _counted(g: Scope) -> Lines:
    """Conditions on loop indices and int arguments."""
    texts = [f"{i} {g.pick(('==', '>', '>=', '!='))} {g.pick((0, 1, 2))}" for i in g.indices()]
    return texts + (["n > 2", "n == 2"] if "n" in g.names else []) + ["True"]


def _way_out(g: Scope) -> Lines:
    ways = ["break", "break", "continue", "continue"] if g.looping else []
    if g.early:
        ways += ["return"] * (1 if g.looping else 3)
    if not ways:
        return []
    way = g.pick(ways)
    return [g.early.format(scalar(g, 1))] if way == "return" else [way]


def _changed(g: Scope) -> Lines:
    names = [n for n in g.numbers("f") if n.isidentifier()]
    return [f"{g.pick(names)} {g.pick(('+=', '*='))} {scalar(g, 0)}"] if names else []


def defined_in_a_branch(g: Scope, nesting: int) -> Lines:
    """A variable of one branch only, read under the same condition."""
    flag, name, result = g.fresh("t"), g.fresh("u"), g.fresh("s")
    test, value, start = condition(g, 1), scalar(g, 2), scalar(g, 1)
    inner = g.inside()
    inner.names[name] = Variable((), "f")
    g.names[result] = Variable((), "f")
    again = g.pick((flag, test))
    return [
        f"{flag} = {test}", f"if {flag}:", f"    {name} = {value}", f"{result} = {start}",
        f"if {again}:", f"    {result} = {result} * {scalar(inner, 1)} + {name}",
    ]  # fmt: skip


def from_an_earlier_turn(g: Scope, nesting: int) -> Lines | None:
    """A variable that some turns of a loop assign, and that others read, or the code behind the loop."""
    if nesting >= MOST_NESTED:
        return None
    i, name, total, most = g.fresh("i"), g.fresh("u"), g.fresh("s"), g.pick((1, 2, 3, 4))
    inner = g.inside()
    inner.names[i] = Variable((), "i", low=0, high=most - 1)
    value = array(inner, g.pick(((), (), (2,), (3, 1))), 1)
    assigning = g.pick((condition(inner, 1), condition(inner, 1), f"{i} < 2", f"{i} != 1", f"{i} % 2 == 0"))
    reading = g.pick((f"{i} > 0", f"{i} > 1", f"{i} != 2", condition(inner, 1), assigning))
    add = f"{total} = {total} * 0.5 + np.sum({name} * {name})"
    assign = [f"if {assigning}:", f"    {name} = {value}", *(["    break"] if g.chance(0.15) else [])]
    read = [f"if {reading}:", f"    {add}", *([f"    del {name}"] if g.chance(0.1) else [])]
    body = assign + read if g.chance(0.5) else read + assign
    header = g.pick((f"for {i} in range({most}):", f"for {i} in range(n):" if "n" in g.names else "")) or (
        f"for {i} in range({most}):"
    )
    g.names[total] = Variable((), "f")
    behind = [add] if g.chance(0.5) else []
    return [f"{total} = {g.literal()}", header, *("    " + line for line in body), *behind]
