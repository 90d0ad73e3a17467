"""Statements: assignments, and the table of all kinds; the others have files of their own."""

from __future__ import annotations

from collections.abc import Callable

from . import control, failures, loops, objects, patterns, writes
from .arrays import array
from .control import Lines
from .indices import integer
from .scalars import mask, scalar
from .scope import Scope, Variable

Rule = Callable[[Scope, int], Lines | None]


def statement(g: Scope, nesting: int) -> Lines:
    """One statement; `nesting` is how many blocks it stands in."""
    table = NESTED if nesting else TOP
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


def count(g: Scope, nesting: int) -> Lines | None:
    """An int that changes: a counter, or the operators of ints."""
    names = [n for n in g.numbers("i") if n.isidentifier()]
    if not names:
        return None
    operators = ["+= 1", "+= 1", "-= 2", "//= 2", "%= 3", ">>= 1", "^= 3", "|= 4", "&= 5"]
    growing = [] if g.looping else ["*= 2", "<<= 1"]  # a loop would make bounds of other loops huge
    return [f"{g.pick(names)} {g.pick(operators + growing)}"]


def new_mask(g: Scope, nesting: int) -> Lines:
    name, shape = g.fresh("m"), g.shape()
    text = f"{name} = {mask(g, shape, 1)}"
    g.names[name] = Variable(shape, "b")
    return [text]


def rebind(g: Scope, nesting: int) -> Lines | None:
    names = [n for n in g.names if g.names[n].kind == "f" and n.isidentifier()]
    if not names:
        return None
    name = g.pick(names)
    return [f"{name} = {array(g, g.names[name].shape, 2)}"]


def swap(g: Scope, nesting: int) -> Lines | None:
    names = [n for n in g.names if n.isidentifier() and g.names[n].kind == "f"]
    pairs = [(a, b) for a in names for b in names if a < b and g.names[a] == g.names[b]]
    if not pairs:
        return None
    a, b = g.pick(pairs)
    third = [c for c in names if c not in (a, b) and g.names[c] == g.names[a]]
    if third and g.chance(0.3):
        return [f"{a}, {b}, {third[0]} = {b}, {third[0]}, {a}"]
    if not g.names[a].shape and g.chance(0.5):
        return [f"{a}, {b} = {b} * {scalar(g, 0)}, {a} + {b}"]
    return [f"{a}, {b} = {b}, {a}"]


def unpack(g: Scope, nesting: int) -> Lines | None:
    names = [n for n in g.arrays() if len(g.names[n].shape) == 1 and g.names[n].shape[0] in (2, 3)]
    if not names:
        return None
    source = g.pick(names)
    targets = [g.fresh("s") for _ in range(g.names[source].shape[0])]
    for target in targets:
        g.names[target] = Variable((), "f")
    if g.chance(0.2):
        return [f"{targets[0]}, *rest = {source}", *(f"{t} = rest[{k}]" for k, t in enumerate(targets[1:]))]
    return [f"{', '.join(targets)} = {source}"]


NESTED: list[tuple[Rule, float]] = [
    (rebind, 3), (new_array, 1), (new_number, 1), (swap, 0.8), (unpack, 0.2), (count, 0.5),
    (writes.store, 5), (writes.augment, 4), (writes.view, 0.7), (writes.new_own, 0.3), (writes.alias, 0.5),
    (writes.overlapping, 0.8), (writes.repeated, 0.5), (writes.in_place_function, 0.4),
    (writes.moving_slice, 0.5),
    (objects.writing_helper, 0.5), (objects.attribute, 0.3), (objects.over_container, 0.15),
    (control.branch, 1.5), (control.leave, 1.4), (control.defined_in_a_branch, 0.2),
    (control.from_an_earlier_turn, 0.2),
    (loops.loop, 1.1), (loops.while_loop, 0.5), (patterns.pattern, 0.3), (patterns.newton, 0.1),
    (failures.assertion, 0.15), (failures.raising, 0.25), (failures.risky, 0.3),
]  # fmt: skip
TOP: list[tuple[Rule, float]] = [
    (rebind, 1), (new_array, 4), (new_number, 2), (new_integer, 1), (new_mask, 0.4), (swap, 0.5),
    (unpack, 0.4), (count, 0.3),
    (writes.new_own, 3), (writes.view, 2), (writes.store, 3.5), (writes.augment, 2), (writes.alias, 0.7),
    (writes.overlapping, 0.8), (writes.repeated, 0.6), (writes.in_place_function, 0.6),
    (writes.moving_slice, 0.3),
    (objects.container, 0.6), (objects.gathered_list, 0.6), (objects.writing_helper, 0.7),
    (objects.exchange, 0.6), (objects.user_object, 0.4), (objects.attribute, 0.6),
    (objects.over_container, 0.4), (objects.inner_function, 0.6),
    (control.branch, 2.5), (control.leave, 0.4), (control.defined_in_a_branch, 0.4),
    (control.from_an_earlier_turn, 0.8),
    (loops.loop, 4), (loops.while_loop, 2.5), (patterns.pattern, 2.5), (patterns.newton, 0.3),
    (failures.assertion, 0.2), (failures.raising, 0.5), (failures.risky, 0.6),
]  # fmt: skip
