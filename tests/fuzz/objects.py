"""Containers, objects of the user's classes, functions inside the function, closures."""

from __future__ import annotations

from .arrays import array, smaller
from .control import Lines, block
from .scalars import condition, scalar
from .scope import Helper, Scope, Variable
from .writes import operand

BOX = """class Box:
    def __init__(self, v, k):
        self.v = v
        self.k = k

    def scaled(self, q):
        return np.sum(self.v) * q + self.k

    def moved(self, q):
        self.k = self.k + q
        return self

    def __getitem__(self, i):
        return self.v[i] * self.k

    def __call__(self, q):
        if q > self.k:
            return q - self.k
        return self.k * q


"""


def container(g: Scope, nesting: int) -> Lines:
    name, shapes = g.fresh("c"), [g.shape(), g.shape()]
    if g.chance(0.3):
        shapes = [(), ()]
    parts = [array(g, s, 2) for s in shapes]
    roll = g.choice.random()
    if roll < 0.35:
        lines = [f"{name} = {{'a': {parts[0]}}}", f"{name}['b'] = {parts[1]}"]
        keys = ["['a']", "['b']"]
    elif roll < 0.6:
        lines, keys = [f"{name} = ({parts[0]}, {parts[1]})"], ["[0]", "[1]"]
    elif roll < 0.8:
        lines, keys = [f"{name} = [{parts[0]}]", f"{name}.append({parts[1]})"], ["[0]", "[-1]"]
    else:
        lines, keys = [f"{name} = {{'p': [{parts[0]}], 'q': ({parts[1]},)}}"], ["['p'][0]", "['q'][0]"]
    for key, shape in zip(keys, shapes, strict=True):
        g.names[f"{name}{key}"] = Variable(shape, "f")
    return lines


def user_object(g: Scope, nesting: int) -> Lines:
    """An object with an array and a number as attributes."""
    name, shape = g.fresh("o"), g.shape()
    text = f"{name} = Box({array(g, shape, 1)}, {scalar(g, 1)})"
    g.names[f"{name}.v"] = Variable(shape, "f")
    g.names[f"{name}.k"] = Variable((), "f")
    g.helpers = {
        **g.helpers,
        f"{name}.scaled": Helper(1, elementwise=False),
        name: Helper(1, elementwise=False),
    }
    return [text]


def attribute(g: Scope, nesting: int) -> Lines | None:
    """Assign an attribute, in place or not, or have a method do it."""
    names = [n for n in g.names if "." in n]
    if not names:
        return None
    name = g.pick(names)
    owner, shape = name.split(".")[0], g.names[name].shape
    operator = g.pick(("=", "=", "+=", "*=", "-="))
    if g.chance(0.2):
        return [f"{owner}.moved({scalar(g, 1)})"]
    return [
        f"{name} {operator} {operand(operator, array(g, shape if operator == '=' else smaller(g, shape), 2))}"
    ]


def exchange(g: Scope, nesting: int) -> Lines | None:
    """Change what a container holds: another array, or the same one in place."""
    names = [n for n in g.names if n.startswith("c") and n.endswith("]") and g.names[n].kind == "f"]
    if not names:
        return None
    name = g.pick(names)
    shape = g.names[name].shape
    if g.chance(0.5):
        return [f"{name} = {array(g, shape, 2)}"]
    return [f"{name} = {name} * {scalar(g, 1)}", f"{name} += {array(g, smaller(g, shape), 1)}"]


def gathered_list(g: Scope, nesting: int) -> Lines:
    """A list that a loop or a comprehension fills, and an array of it."""
    items, name, i, n = g.fresh("l"), g.fresh("v"), g.fresh("i"), g.pick((2, 3))
    inner = g.inside()
    inner.names[i] = Variable((), "i", low=0, high=n - 1)
    value = scalar(inner, 2)
    g.names[name] = Variable((n,), "f")
    if g.chance(0.3):
        return [f"{name} = np.array([{value} for {i} in range({n})])"]
    if g.chance(0.3):
        test = condition(inner, 1) if g.chance(0.1) else f"{i} {g.pick(('> 0', '% 2 == 0', '!= 1'))}"
        g.names[name] = Variable((), "f")
        return [
            f"{items} = [{value} for {i} in range({n}) if {test}]",
            f"{name} = sum({items}, 0.5) + len({items})",
        ]
    if g.chance(0.2):
        return [
            f"{items} = {{{i}: {value} for {i} in range({n})}}",
            f"{name} = np.array(list({items}.values()))",
        ]
    if g.chance(0.3):
        lines = [
            f"{items} = []",
            f"while len({items}) < {n}:",
            f"    {i} = len({items})",
            f"    {items}.append({value})",
        ]
        return [*lines, f"{name} = np.stack({items})"]
    return [
        f"{items} = []",
        f"for {i} in range({n}):",
        f"    {items}.append({value})",
        f"{name} = np.array({items})",
    ]


def over_container(g: Scope, nesting: int) -> Lines | None:
    """A loop over a container of numbers and rows, or over a list of arrays that it writes to."""
    total, numbers, own = g.fresh("s"), g.numbers("f"), [n for n in g.arrays(own=True) if n.isidentifier()]
    if not numbers:
        return None
    g.names[total] = Variable((), "f")
    lines = [f"{total} = {g.literal()}"]
    values = ", ".join(scalar(g, 1) for _ in range(g.pick((1, 2, 3))))
    if own and g.chance(0.5):
        return [
            *lines,
            f"for q in [{', '.join(g.choice.sample(own, min(2, len(own))))}]:",
            f"    q *= {scalar(g, 0)}",
            f"    {total} += q.sum()",
        ]
    if g.chance(0.5):
        return [
            *lines,
            f"for q, r in {{'a': {scalar(g, 1)}, 'b': {scalar(g, 1)}}}.items():",
            f"    {total} += r if q == 'a' else r * {scalar(g, 0)}",
        ]
    return [
        *lines,
        f"for q in ({values},):",
        f"    {total} = {total} * 0.5 + {g.pick(('q', 'np.sin(q)', 'q * q'))}",
    ]


def inner_function(g: Scope, nesting: int) -> Lines:
    """A function that closes over the variables around it."""
    name = g.fresh("inner")
    inner = g.inside()
    inner.names["q"] = Variable((), "f")
    lines = [f"def {name}(q, r=0.4):"]
    own = [n for n in g.arrays(own=True) if n.isidentifier() and g.names[n].shape[0] > 0]
    if own and g.chance(0.3):
        lines += [f"    {g.pick(own)}[0] {g.pick(('=', '+=', '*='))} q"]
    if g.chance(0.5):
        body = Scope(g.choice, {"q": Variable((), "f"), "r": Variable((), "f"), "t": Variable((), "f")})
        body.early, body.counter = "return {}", g.counter
        lines += [f"    t = {scalar(inner, 1)}", *block(body, 1, most=3)]
        lines += [f"    return {scalar(body, 2)}"]
        g.counter = body.counter
    else:
        lines += [f"    return {scalar(inner, 2)} + r * q"]
    g.helpers = {**g.helpers, name: Helper(1, elementwise=False)}
    return lines


def writing_helper(g: Scope, nesting: int) -> Lines | None:
    """A call of a function that writes to its argument."""
    names = [n for n in g.arrays(own=True) if g.names[n].shape[0] > 0]
    if not names or not g.writers:
        return None
    name, result = g.pick(names), g.fresh("s")
    text = f"{result} = {g.pick(g.writers)}({name}, {scalar(g, 1)})"
    g.names[result] = Variable((), "f")
    return [text]
