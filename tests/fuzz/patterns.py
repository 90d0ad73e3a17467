"""Loops as people write them: recurrences, sweeps, buffers that change places, searches, factorisations."""

from __future__ import annotations

from .control import Lines
from .scalars import scalar
from .scope import Scope, Variable

_VECTOR = """

for {i} in range(1, len({a})):
    {a}[{i}] = {a}[{i} - 1] * {c} + {x}[{i} % len({x})]

for {i} in range(1, len({a})):
    {a}[{i}] *= {a}[{i} - 1]

for {i} in range(1, len({a}) - 1):
    {a}[{i}] = {a}[{i}] + 0.2 * ({a}[{i} - 1] - 2 * {a}[{i}] + {a}[{i} + 1])

for {i} in range(len({a}) - 2, -1, -1):
    {a}[{i}] = {x}[0] - {a}[{i} + 1] * {c}

for {i} in range(3):
    {a}[1:] = {a}[:-1] * {c}

for {i} in range(3):
    {a}, {b} = {b} * 0.9, {a} + {c}

for {i} in range(3):
    {a}, {b} = {b}, {a}
    {a}[0] = {b}[-1] * {c}

for {i} in range(len({a})):
    {s} = {s} * {a}[{i}]
    {a}[{i}] = {s} + {c}

for {i} in range(len({a})):
    {s} += {a}[{i}] ** 2
    {a}[{i}] = {s}
    {s} *= {a}[{i}]

for {i} in range(len({a})):
    {a}[{i}] += sum({a}[:{i}])

for {i} in range(len({a})):
    {a}[{i}] -= {a}[:{i}] @ {b}[:{i}]

for {i} in range(len({a})):
    {a}[{i}:] *= {c}
    {s} += {a}[{i}:].sum()

for {i} in range(len({a})):
    {s} = {s} + np.dot({a}[{i}:], {b}[{i}:]) if {s} < 2.0 else {s} * 0.5

for {i} in range(len({a})):
    {a}[{i}] = min({a}[{i}], {a}[{i} - 1] + {c}, {s})

for {i} in range(len({a})):
    w0 = {a}[{i}:]
    w0[0] *= {c}
    {s} += {a}[{i}]

for {i}, q in enumerate({x}):
    {s} += q * ({i} + 1) if np.ndim(q) == 0 else np.sum(q) * {c}

for q, r in zip({a}, {b}):
    {s} = {s} * 0.5 + q * r
"""
_MATRIX = """

for {i} in range({m}.shape[0]):
    {m}[{i}, 0] = {c}
    {m}[{i}] *= {m}[0]

for {i} in range({m}.shape[0]):
    {m}[{i}, :{i}] *= {c}

for {i} in range({m}.shape[0]):
    {s} += {m}[{i}, :{i}].sum() * {c}

for {i} in range(1, {m}.shape[0]):
    {m}[{i}] -= {m}[{i} - 1] * ({c} / (1.0 + {m}[{i} - 1, 0] ** 2))

for {i} in range({m}.shape[0]):
    {s} += {m}[{i}] @ {m}[-1]

for row in {m}:
    row[0] = row[-1] * {c}
    {s} += row.sum()
"""
_NESTED = """

for {i} in range({m}.shape[0]):
    for {j} in range({i}):
        {m}[{i}, {j} % {m}.shape[1]] += {m}[{j}, 0] * {c}

for {i} in range({m}.shape[0]):
    for {j} in range({m}.shape[1]):
        if {m}[{i}, {j}] > {c}:
            break
        {s} += {m}[{i}, {j}]

for {i} in range({m}.shape[0]):
    for {j} in range({m}.shape[1]):
        if {m}[{i}, {j}] > 0.3:
            continue
        {m}[{i}, {j}] = {s} * {c}

for {i} in range({m}.shape[0]):
    for {j} in range({i}, {m}.shape[0]):
        {s} = {s} + {m}[{i}] @ {m}[{j}] * 0.1

for {i} in range(1, {m}.shape[0] - 1):
    for {j} in range(1, {m}.shape[1] - 1):
        {m}[{i}, {j}] = ({m}[{i} - 1, {j}] + {m}[{i} + 1, {j}] + {m}[{i}, {j} - 1] + {m}[{i}, {j} + 1]) * {c}

for {i} in range({m}.shape[0]):
    q = {m}[{i}]
    for {j} in range({i} + 1, {m}.shape[0]):
        {m}[{j}] -= q * ({m}[{j}, 0] / (1.0 + q[0] ** 2))

for {i} in range(3):
    {m} = {m} * {c}
    for {j} in range({i}):
        {s} += {m}[{j} % {m}.shape[0], -1]
    {m}[0] = {s}
"""


def pattern(g: Scope, nesting: int) -> Lines | None:
    """One such loop, on variables in reach."""
    own = [n for n in g.arrays(own=True) if n.isidentifier() and g.names[n].shape[0] > 1]
    vectors = [n for n in own if len(g.names[n].shape) == 1]
    matrices = [n for n in own if len(g.names[n].shape) == 2]
    known = [n for n in g.arrays() if len(g.names[n].shape) == 1 and g.names[n].shape[0] > 0]
    numbers = [n for n in g.numbers("f") if n.isidentifier()]
    text = (_VECTOR if vectors else "") + (_MATRIX + _NESTED if matrices else "")
    if not text:
        return None
    start: Lines = []
    if not numbers:
        numbers = [g.fresh("s")]
        start = [f"{numbers[0]} = {scalar(g, 1)}"]
        g.names[numbers[0]] = Variable((), "f")
    a = g.pick(vectors) if vectors else ""
    others = [n for n in vectors if g.names[n].shape == g.names[a].shape]
    names = {
        "a": a, "b": g.pick(others) if others else a, "x": g.pick(known) if known else "", "c": scalar(g, 1),
        "m": g.pick(matrices) if matrices else "", "s": g.pick(numbers), "i": g.fresh("i"), "j": g.fresh("i"),
    }  # fmt: skip
    return start + g.pick(text.strip().split("\n\n")).format(**names).splitlines()


def newton(g: Scope, nesting: int) -> Lines:
    """A search that a tolerance ends."""
    q, k, c = g.fresh("s"), g.fresh("k"), scalar(g, 1)
    g.names[q], g.names[k] = Variable((), "f"), Variable((), "i")
    step = g.pick(
        (
            f"({q} ** 2 - abs({c}) - 0.5) / (2.0 * {q})",
            f"0.3 * ({q} - {c})",
            f"({q} - np.cos({q})) / (1.0 + np.sin({q}))",
        )
    )
    if g.chance(0.5):
        return [
            f"{q} = 1.0",
            f"{k} = 0",
            f"while abs({step}) > 1e-3 and {k} < 8:",
            f"    {q} = {q} - {step}",
            f"    {k} += 1",
        ]
    return [
        f"{q} = 1.0",
        f"for {k} in range(8):",
        f"    d = {step}",
        f"    {q} -= d",
        "    if abs(d) < 1e-3:",
        "        break",
    ]
