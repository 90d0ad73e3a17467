"""Loops: over ranges of every kind, over arrays, `while`; with `else`, and variables that outlive them."""

from __future__ import annotations

from . import control
from .control import MOST_NESTED, Lines, block
from .scalars import condition, leaf
from .scope import Scope, Variable


def loop(g: Scope, nesting: int) -> Lines | None:
    """A `for` loop."""
    if nesting >= MOST_NESTED:
        return None
    inner = g.inside()
    inner.looping = True
    header = _over_arrays(inner) if g.chance(0.2) else _over_range(inner)
    if header is None:
        return None
    return _with_else(g, inner, [header, *block(inner, nesting)], nesting)


def _with_else(g: Scope, inner: Scope, lines: Lines, nesting: int) -> Lines:
    """Maybe add an `else`, and let the variables of the loop be known after it."""
    g.counter = inner.counter
    if g.chance(0.25 if any("break" in line for line in lines) else 0.03):
        after = g.inside()
        lines = [*lines, "else:", *block(after, nesting, most=1)]
        g.counter = after.counter
    control.leak(g, inner, 0.2)
    return lines


def _over_range(g: Scope) -> str:
    i, n = g.fresh("i"), g.pick((1, 2, 3, 4, 4, 5))
    options = _constant_bounds(n)
    for name in g.arrays()[:6]:
        options += _array_bounds(name, g.names[name].shape[0])
    for name in g.numbers("i"):
        options += _integer_bounds(name) * (5 if name == "n" else 1)
    for name in g.indices():
        options += _triangular_bounds(name, g.names[name].low, g.names[name].high) * 3
    bounds, low, high = g.pick(options)
    g.names[i] = Variable((), "i", low=low, high=max(low, high))
    return f"for {i} in range({bounds}):"


Bounds = list[tuple[str, int, int]]


def _constant_bounds(n: int) -> Bounds:
    return [
        (f"{n}", 0, n - 1), (f"1, {n + 1}", 1, n), (f"{n}, 0, -1", 1, n), (f"0, {2 * n}, 2", 0, 2 * n - 2),
        ("0", 0, 0), (f"{n - 1}, -1, -1", 0, n - 1), ("1", 0, 0), ("2, 2", 0, 0),
        (f"{2 * n - 1}, 0, -2", 1, 2 * n - 1),
    ]  # fmt: skip


def _array_bounds(name: str, size: int) -> Bounds:
    return [
        (f"len({name})", 0, size - 1), (f"{name}.shape[0]", 0, size - 1), (f"len({name})", 0, size - 1),
        (f"1, len({name})", 1, size - 1), (f"1, {name}.shape[0] - 1", 1, size - 2),
        (f"len({name}) - 1, -1, -1", 0, size - 1), (f"len({name}) - 2, -1, -1", 0, size - 2),
    ]  # fmt: skip


def _integer_bounds(name: str) -> Bounds:
    return [
        (name, 0, 2), (f"1, {name} + 1", 1, 3), (f"{name}, 0, -1", 1, 3), (f"{name} - 1, -1, -1", 0, 2),
        (f"-1, {name}", -1, 2), (f"0, 2 * {name}, 2", 0, 4), (f"{name} - 2", 0, 0), (f"0, 4, {name}", 0, 3),
        (f"min({name}, 3)", 0, 2),
    ]  # fmt: skip


def _triangular_bounds(name: str, low: int, high: int) -> Bounds:
    return [
        (name, 0, high - 1), (f"{name} + 1", 0, high), (f"{name}, {high + 1}", low, high),
        (f"{name} + 1, {high + 1}", low + 1, high), (f"{name}, -1, -1", 0, high),
        (f"{high}, {name}, -1", low + 1, high), (f"{name} - 1, -1, -1", 0, high - 1),
    ]  # fmt: skip


def _over_arrays(g: Scope) -> str | None:
    """A loop over the rows of one array or two, counted or not, from either end."""
    names = [n for n in g.arrays() if g.names[n].shape[0] > 0]
    if not names:
        return None
    name = g.pick(names)
    shape, item, i = g.names[name].shape, g.fresh("e"), g.fresh("i")
    row, index = Variable(shape[1:], "f"), Variable((), "i", low=0, high=shape[0] - 1)
    roll = g.choice.random()
    if roll < 0.35:
        g.names[item] = row
        text = g.pick((name, name, f"reversed({name})", f"{name}[::-1]", f"{name}[1:]", f"list({name})"))
        return f"for {item} in {text}:"
    if roll < 0.65:
        g.names.update({item: row, i: index})
        pairs = (f"enumerate({name})", f"enumerate({name}[::-1])", f"zip(range({shape[0]}), {name})")
        return f"for {i}, {item} in {g.pick(pairs)}:"
    if roll < 0.75:
        g.names[i] = index
        return f"for {i} in reversed(range(len({name}))):"
    other, second = g.pick(names), g.fresh("e")
    g.names.update({item: row, second: Variable(g.names[other].shape[1:], "f")})
    if g.chance(0.3):
        g.names[i] = Variable((), "i", low=0, high=min(shape[0], g.names[other].shape[0]) - 1)
        return f"for {i}, ({item}, {second}) in enumerate(zip({name}, {other})):"
    return f"for {item}, {second} in zip({name}, {other}):"


def while_loop(g: Scope, nesting: int) -> Lines | None:
    """A `while` that a counter ends; the counter comes first, so that no `continue` passes it by."""
    if nesting >= MOST_NESTED:
        return None
    k, most = g.fresh("k"), g.pick((1, 2, 3, 4, 5))
    lines = [f"{k} = 0"]
    numbers = [n for n in g.numbers("f") if n.isidentifier() and not n.startswith("e")]
    if not numbers or g.chance(0.3):
        numbers = [g.fresh("s")]
        lines += [f"{numbers[0]} = {leaf(g)}"]
        g.names[numbers[0]] = Variable((), "f")
    state = g.pick(numbers)
    inner = g.inside()
    inner.looping = True
    inner.names[k] = Variable((), "i", low=1, high=most)
    body = [f"    {k} += 1", *block(inner, nesting, most=2)]
    if g.chance(0.75):
        step = g.pick(
            (
                "{0} *= {1}",
                "{0} -= 0.3",
                "{0} = {0} / (1.0 + {0} ** 2)",
                "{0} = np.sin({0}) * {1}",
                "{0} += 0.4",
            )
        )
        body += ["    " + step.format(state, g.pick((0.5, 0.8, -0.6)))]
    g.names[k] = Variable((), "i")
    lines += [*_while_header(g, inner, state, k, most), *body]
    return _with_else(g, inner, lines, nesting)


def _while_header(g: Scope, inner: Scope, state: str, k: str, most: int) -> Lines:
    count = f"{k} < {g.pick((most, most, f'min(n, {most})')) if 'n' in g.names else most}"
    test = g.pick(
        (
            f"abs({state}) > {g.pick((0.1, 0.3, 0.7))}", f"{state} < {g.literal()}",
            f"{state} > {g.literal()}",
            f"not {state} > {g.literal()}", f"0.2 < {state} ** 2 < 9.0", f"math.sin({state}) > 0.1",
        )
    )  # fmt: skip
    roll = g.choice.random()
    if roll < 0.5:
        return [f"while {test} and {count}:"]
    if roll < 0.65:
        return [f"while {count} and ({test}):"]
    if roll < 0.8:
        return [f"while {count}:"]
    leave = g.pick((test, condition(g, 1)))
    return ["while True:", f"    if {k} >= {most} or {leave}:", "        break"]
