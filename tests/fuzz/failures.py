"""Statements that fail for some arguments: bad indices, divisions by zero, assertions, `raise`."""

from __future__ import annotations

from .control import Lines
from .scalars import scalar
from .scope import Scope, Variable


def assertion(g: Scope, nesting: int) -> Lines:
    options = [f"assert {scalar(g, 1)} < 1e6, 'too large'", f"assert {scalar(g, 1)} < 3.5"]
    options += [f"assert {name} < 4, 'n'" for name in g.numbers("i")]
    return [g.pick(options)]


def raising(g: Scope, nesting: int) -> Lines:
    """A `raise` that the arguments of most runs do not meet."""
    tests = [f"{scalar(g, 1)} > {g.pick((1.5, 2.5))}", f"{scalar(g, 1)} < -2.0"]
    tests += [f"{name} {g.pick(('> 3', '< 1', '== 0'))}" for name in g.numbers("i")] * 2
    tests += [f"{name} {g.pick(('> 6', '== 9'))}" for name in g.indices()]
    error = g.pick(
        (
            "ValueError('no')",
            "ValueError",
            "ZeroDivisionError('by hand')",
            "IndexError('there')",
            "RuntimeError('x')",
        )
    )
    return [f"if {g.pick(tests)}:", f"    raise {error}"]


def risky(g: Scope, nesting: int) -> Lines | None:
    """A number of an expression that Python does not give for all ints and floats."""
    ints = g.numbers("i") + g.indices()
    options = [f"math.sqrt({name} + 1.5)" for name in g.numbers("f")] + [
        f"math.log({name} + 2.5)" for name in g.numbers("f")
    ]
    options += [f"1.0 / {name}" for name in g.numbers("f") if name == "s"] * 3
    for k in ints:
        options += [
            f"{scalar(g, 0)} / {k}",
            f"7 // {k} * 0.5",
            f"5 % {k} * 0.5",
            f"{scalar(g, 0)} / ({k} - 7)",
        ]
        options += [f"(0.1, 0.2, 0.4, 0.8)[{k}]", f"float(2 ** {k})", f"(1 << {k}) * 0.1"]
        for name in g.arrays()[:4]:
            whole = ", ".join([k] * len(g.names[name].shape))
            options += [
                f"{name}[{whole}]",
                f"np.sum({name}[{k}])",
                f"np.sum({name}[{k} - 2])",
                f"{name}.sum(axis={k})[0]",
            ]
    if not options:
        return None
    name = g.fresh("s")
    text = f"{name} = {g.pick(options)}"
    g.names[name] = Variable((), "f")
    own = [n for n in g.arrays(own=True) if n.isidentifier()]
    if own and ints and g.chance(0.3):
        return [f"{g.pick(own)}[{g.pick(ints)}] {g.pick(('=', '+=', '*='))} {scalar(g, 1)}"]
    rows = [n for n in g.arrays(kind="i") if len(g.names[n].shape) == 1]
    if own and rows and g.chance(0.4):
        return [f"{g.pick(own)}[{g.pick(rows)}] {g.pick(('=', '+=', '*='))} {scalar(g, 1)}"]
    return [text]
