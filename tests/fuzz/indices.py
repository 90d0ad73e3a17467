"""Integers and indices: whole ones, slices, lists, index arrays, loop indices; always within bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from .scope import Scope, Shape


def integer(g: Scope, depth: int) -> str:
    """An int expression of any value, Python's or NumPy's."""
    options = [str(g.pick((0, 1, 2, 3, 5, -1)))]
    options += g.numbers("i") + g.indices()
    if depth > 0:
        options += [f"({integer(g, depth - 1)} {g.pick('+-*')} {integer(g, depth - 1)})"]
        options += [f"({integer(g, depth - 1)} {g.pick(('//', '%'))} {g.pick((2, 3, 4))})"]
        for name in g.arrays()[:3]:
            options += [f"len({name})", f"{name}.shape[0]", f"{name}.size", f"{name}.ndim"]
            options += [f"np.argmax({name})", f"{name}.argmin()", f"np.count_nonzero({name} > 0.1)"]
        options += [f"{name}[{place(g, shape_of(g, name)[0], 0)}]" for name in vectors(g)]
        options += [
            f"({integer(g, 0)} ^ {integer(g, 0)})",
            f"({integer(g, 0)} << 1)",
            f"({integer(g, 0)} >> 1)",
        ]
        options += [f"max({integer(g, 0)}, {integer(g, 0)})", f"abs({integer(g, 0)})"]
    return g.pick(options)  # type: ignore[no-any-return]


def shape_of(g: Scope, name: str) -> Shape:
    return g.names[name].shape


def vectors(g: Scope) -> list[str]:
    """The names of integer vectors."""
    return [name for name in g.arrays(kind="i") if len(shape_of(g, name)) == 1]


def place(g: Scope, size: int, depth: int) -> str:
    """An int that is a valid index of an axis."""
    options = [str(g.choice.randrange(-size, size))]
    for name in g.indices():
        low, high = g.names[name].low, g.names[name].high
        if -size <= low and high < size:
            options += [name] * 4
        if low >= 1 and high - 1 < size:
            options += [f"{name} - 1"] * 2
        if -size <= low + 1 and high + 1 < size:
            options += [f"{name} + 1"] * 2
        if low >= 0 and high < size:
            options += [f"-{name} - 1", f"{size - 1} - {name}"]
    if depth > 0 and g.chance(0.4):
        options += [f"({integer(g, depth - 1)}) % {size}"] * 2
    return g.pick(options)  # type: ignore[no-any-return]


def span(g: Scope, size: int) -> slice:
    bounds = [None, None, *range(-size, size + 1)]
    return slice(g.pick(bounds), g.pick(bounds), g.pick((None, None, None, 1, 2, -1, -2)))


def span_text(s: slice) -> str:
    start, stop = ("" if x is None else str(x) for x in (s.start, s.stop))
    return f"{start}:{stop}" + ("" if s.step is None else f":{s.step}")


def index(g: Scope, shape: Shape, *, arrays: bool = True) -> tuple[str, Shape]:
    """An index into an array of that shape, as text, and the shape that it selects."""
    texts: list[str] = []
    model: list[Any] = []
    length = g.pick((2, 3, 4))
    used = g.choice.randint(1, len(shape))
    for size in shape[:used]:
        text, part = _entry(g, size, length, arrays and size > 0)
        texts.append(text)
        model.append(part)
    if g.chance(0.1):
        at = g.choice.randint(0, len(texts))
        texts.insert(at, "None")
        model.insert(at, None)
    if used < len(shape) and g.chance(0.2):
        at = len(texts) if g.chance(0.5) else 0
        texts, model = [*texts[:at], "...", *texts[at:]], [*model[:at], ..., *model[at:]]
        if at == 0:  # the entries now stand for the last axes
            return index(g, shape, arrays=arrays)
    return ", ".join(texts), np.empty(shape)[tuple(model)].shape


def _entry(g: Scope, size: int, length: int, arrays: bool) -> tuple[str, Any]:
    roll = g.choice.random()
    if size and roll < 0.35:
        return place(g, size, 1), 0
    if arrays and roll < 0.5:
        return _array_entry(g, size, length)
    if roll < 0.6:
        moving = _moving_span(g, size)
        if moving is not None:
            return moving
    s = span(g, size) if g.chance(0.7) else slice(None)
    return span_text(s), s


def _moving_span(g: Scope, size: int) -> tuple[str, slice] | None:
    """A slice of known length whose start is a loop index."""
    length = g.pick((1, 2, 3))
    names = [n for n in g.indices() if g.names[n].low >= 0 and g.names[n].high + length <= size]
    if not names:
        return None
    name = g.pick(names)
    return f"{name}:{name} + {length}", slice(0, length)


def _array_entry(g: Scope, size: int, length: int) -> tuple[str, Any]:
    fitting = [n for n in vectors(g) if shape_of(g, n) == (length,)]
    if fitting and g.chance(0.6):
        name = g.pick(fitting)
        return g.pick((f"{name} % {size}", f"np.abs({name}) % {size}")), [0] * length
    numbers = [g.choice.randrange(-size, size) for _ in range(length)]
    if g.chance(0.25):
        return f"[{', '.join(place(g, size, 0) for _ in numbers)}]", [0] * length
    return g.pick((str(numbers), f"np.array({numbers})")), [0] * length
