"""Making a program from a seed: propose statements, keep those that plain Python runs to tame numbers."""

from __future__ import annotations

import random
import warnings
from typing import Any

import numpy as np

from .arguments import Argument, describe, make_arguments, values
from .control import block
from .objects import BOX
from .program import PRELUDE, Program, copy_arguments, function_of
from .scalars import BINARY, UNARY, scalar
from .scope import Helper, Scope, Variable, variable_of
from .statements import statement

LARGEST = 1e4
SETS = 2
WILD_SETS = 2


def generate(seed: int) -> Program:
    """Return the program of a seed: the same one each time."""
    choice = random.Random(seed)
    g = Scope(choice)
    described = describe(choice)
    arguments = tuple(make_arguments(described, seed, k) for k in range(SETS))
    for a in described:
        g.names.update(a.names())
    aux = f"({', '.join(a.name for a in described[:1])},)" if g.chance(0.6) else ""
    g.early = f"return {{}}, {aux}" if aux else "return {}"
    prelude = PRELUDE + BOX + "".join(_helper(g) for _ in range(choice.randint(0, 2))) + _writer(g)
    header = f"def f({', '.join(a.parameter for a in described)}):"
    body: list[str] = []
    for _ in range(choice.randint(2, 9) if choice.random() < 0.85 else choice.randint(10, 16)):
        body += _accepted(g, prelude, header, body, arguments)
    source = _finished(g, prelude, header, body, arguments, aux)
    argnums = tuple(k for k, a in enumerate(described) if a.is_float)
    if choice.random() < 0.3 and len(argnums) > 1:
        argnums = (choice.choice(argnums),)
    wild = tuple(make_arguments(described, seed, SETS + k, wild=True) for k in range(WILD_SETS))
    return Program(seed, source, arguments, wild, argnums, bool(aux))


def _helper(g: Scope) -> str:
    """A function of the user's at module level."""
    name = g.fresh("h")
    if g.chance(0.5):
        formats = [t for t in UNARY if "math" not in t and "float" not in t]
        two = [t for t in BINARY if "math" not in t and "max(" not in t and "min(" not in t]
        text = g.pick(two).format(g.pick(formats).format("q"), g.pick(formats).format("r"))
        g.helpers[name] = Helper(2, elementwise=True)
        return f"def {name}(q, r):\n    return {text}\n\n\n"
    for _ in range(5):
        inner = Scope(g.choice, {"q": Variable((), "f"), "r": Variable((), "f")}, early="return {}")
        lines = [line[4:] for line in block(inner, 1)] + [f"return {scalar(inner, 2)}"]
        header = f"def {name}(q, r):"
        if run(PRELUDE, header.replace(name, "f"), lines, [(0.3, -0.8), (np.float64(1.2), 0.5)]) is not None:
            g.helpers[name] = Helper(2, elementwise=False)
            return "\n".join([header, *("    " + line for line in lines)]) + "\n\n\n"
    return ""


_WRITES = [
    "a[0] = k", "a *= 0.7", "a[-1] += k * a[0]", "a[...] = a * k",
    "part = a[::-1]\n    part[0] = k * part[-1]",
    "for i in range(a.shape[0]):\n        a[i] = a[i] * k", "if k > 0.1:\n        a[0] = a[-1] * 2.0",
    "flat = a.reshape(-1)\n    flat[-1] = k", "a += np.sin(a)", "a.T[...] = np.tanh(a.T) * k",
]  # fmt: skip


def _writer(g: Scope) -> str:
    """A function that writes to its argument, and gives a number."""
    if g.chance(0.6):
        return ""
    name = g.fresh("write")
    g.writers.append(name)
    lines = [f"def {name}(a, k):", *(f"    {text}" for text in g.choice.sample(_WRITES, g.pick((1, 2, 3))))]
    return "\n".join([*lines, "    return a.sum() * 0.3"]) + "\n\n\n"


def _accepted(g: Scope, prelude: str, header: str, body: list[str], arguments: Any) -> list[str]:
    """A statement that runs after the others, for every set of arguments; none if no proposal does."""
    for _ in range(40):
        trial = g.inside()
        lines = statement(trial, 0)
        found = run(prelude, header, [*body, *lines, "return dict(locals())"], arguments)
        found = [names for names in found or () if isinstance(names, dict)]  # the others return early
        if not found:
            continue
        bound = {name: variable for name, variable in trial.names.items() if _agrees(name, variable, found)}
        if len(bound) < len(trial.names):
            continue
        g.names, g.counter, g.helpers = bound, trial.counter, trial.helpers
        return lines
    return []


def _agrees(name: str, variable: Variable, found: list[dict[str, Any]]) -> bool:
    """Tell whether a variable is what the generator takes it for."""
    for names in found:
        try:
            value = eval(name, {}, names)
        except (NameError, KeyError, IndexError):  # of a branch that was not taken, or a changed container
            return False
        actual = variable_of(value, variable.own)
        if actual is None or (actual.shape, actual.kind) != (variable.shape, variable.kind):
            return False
    return True


def run(prelude: str, header: str, body: list[str], arguments: Any) -> list[Any] | None:
    """Run a body for each set of arguments; None if it fails, gives wild numbers or writes to an argument."""
    source = "\n".join([prelude + header, *("    " + line for line in body)]) + "\n"
    results = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        try:
            f = function_of(source)
            for args in arguments:
                given = copy_arguments(args)
                results.append(f(*given))
                if not all(map(_same, values(given), values(args))) or not _is_tame(results[-1]):
                    return None
        except Exception:
            return None
    return results


def _same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a, b))


def _is_tame(x: Any) -> bool:
    if isinstance(x, dict):
        return all(map(_is_tame, x.values()))
    if isinstance(x, (list, tuple)):
        return all(map(_is_tame, x))
    if isinstance(x, (int, float, np.generic, np.ndarray)):
        array = np.asarray(x)
        return array.dtype.kind in "biuf" and bool(np.all(np.abs(array.astype(float)) < LARGEST))
    return True


def _finished(g: Scope, prelude: str, header: str, body: list[str], arguments: Any, aux: str) -> str:
    """The whole source: a real scalar is returned, and maybe other variables beside it."""
    floats = [name for name, v in g.names.items() if v.kind == "f"]
    chosen = g.choice.sample(floats, min(len(floats), g.choice.randint(1, 4)))
    result = "return " + (" + ".join(_term(g, name) for name in chosen) or scalar(g, 2))
    if aux and any(line.endswith(f", {aux}") for line in body):
        result += f", {aux}"  # what is returned early, too
    elif aux:
        names = g.choice.sample(sorted(g.names), min(len(g.names), g.choice.randint(0, 4)))
        inside = ", ".join(names)
        result += ", " + g.pick((f"({inside}{',' if inside else ''})", f"[{inside}]"))
    lines = [*body, result]
    if run(prelude, header, lines, arguments) is None:
        lines = ["return 0.5, ()" if aux else "return 0.5"]
    source = "\n".join([prelude + header, *("    " + line for line in lines)]) + "\n"
    return source if "Box(" in source else source.replace(BOX, "")


def _term(g: Scope, name: str) -> str:
    if g.names[name].shape == ():
        return g.pick((name, f"np.tanh({name})", f"{g.literal()} * {name}", f"math.sin({name})"))  # type: ignore[no-any-return]
    return g.pick(  # type: ignore[no-any-return]
        (
            f"np.sum({name} * np.cos({name}))",
            f"({name} ** 2).mean()",
            f"np.sum({name} * {g.literal()})",
            f"{name}.sum()",
        )
    )


__all__ = ["Argument", "generate"]
