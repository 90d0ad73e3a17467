"""The minimum cut between what is saved and what is computed again, against every possible choice."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Node, Value
from gradir.ir.types import ArrayType, DType
from gradir.ops import OPS
from gradir.passes.partition import Choice

_NUMBER = ArrayType(DType.F64, ())


def random_choice(seed: int) -> tuple[Choice, list[Value]]:
    """A random graph of nine additions of three inputs, with random costs, some of them infinite."""
    rng = np.random.default_rng(seed)
    b = Builder(OPS)
    values = [Value(_NUMBER) for _ in range(3)]
    for _ in range(9):
        x, y = rng.choice(len(values), 2)
        values.append(b.add(values[x], values[y]))
    saving = {v: float(rng.integers(1, 9)) for v in values}
    running = {n: math.inf if rng.random() < 0.2 else float(rng.integers(0, 9)) for n in b.nodes}
    for node in b.nodes:
        if math.isfinite(running[node]) and rng.random() < 0.2:
            saving[node.result] = math.inf
    needed = [values[k] for k in rng.choice(np.arange(3, 12), 3, replace=False)]
    definition = {n.result: n for n in b.nodes}
    return Choice(definition, lambda n: n.operands, saving.__getitem__, running.__getitem__), needed


def cost(choice: Choice, needed: list[Value], again: set[Node]) -> float:
    """What it costs to have `needed` if just the nodes of `again` run again where they are needed."""
    total, seen, pending = 0.0, set[Value](), list(needed)
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        node = choice.definition.get(value)
        if node in again:
            assert node is not None
            total += choice.running(node)
            pending += choice.reads(node)
        else:
            total += choice.saving(value)
    return total


@pytest.mark.parametrize("seed", range(30))
def test_no_choice_is_cheaper(seed):
    choice, needed = random_choice(seed)
    nodes = list(choice.definition.values())
    every = itertools.chain.from_iterable(itertools.combinations(nodes, k) for k in range(len(nodes) + 1))
    least = min(cost(choice, needed, set(some)) for some in every)
    assert cost(choice, needed, choice.cheapest(needed)) == pytest.approx(least)


def test_what_costs_the_same_is_saved():
    b = Builder(OPS)
    x = Value(_NUMBER)
    y = b.exp(x)
    choice = Choice({y: b.nodes[0]}, lambda n: n.operands, lambda v: 2.0, lambda n: 0.0)
    assert choice.cheapest([y]) == set()
