"""Budgets of `gr.vjp`: what both halves take together stays within them."""

from __future__ import annotations

import gradir as gr
import numpy as np
import optree
import pytest
from gradir.planned import planned
from gradir.pullback import PULLBACKS
from gradir.runtime.memory_count import count_memory

from tests.plain_code import in_plain_code
from tests.saving_programs import FEW_ULP, FUNCTIONS, W, X, largest_gap

__all__ = ["in_plain_code"]  # for all tests here

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(200, 16))
LAYERS = [RNG.normal(size=(16, 16)) * 0.3 for _ in range(12)]


def layers(ws, x):
    for w in ws:
        x = np.tanh(x @ w)
    return {"last": x, "norm": np.sum(x * x)}


def repeated(ws, x):
    for _ in range(200):
        x = np.tanh(x @ ws[0]) + 0.1 * x
    return {"last": x, "norm": np.sum(x * x)}


def taken(function, ws, x, **options):
    """What the two halves take, planned and measured, what the pullback holds, and the gradients."""
    value, pullback = gr.vjp(function, ws, x, **options)
    made = pullback._made
    forward, backward = planned(made.forward.graph), planned(made.backward.graph)
    plan = max(forward.peak, forward.results + forward.workspace + backward.peak)
    first = count_memory(made.forward, optree.tree_leaves((ws, x)))
    cotangents = optree.tree_map(np.ones_like, value)
    second = count_memory(made.backward, [*pullback._residuals, *optree.tree_leaves(cotangents)])
    left = first.kept + first.results
    measured = max(first.allocated + first.results, left + second.allocated + second.results)
    return plan, measured, pullback.nbytes, pullback(cotangents)


@pytest.mark.parametrize("function", [layers, repeated])
def test_what_both_halves_take_stays_within_the_budget(function):
    most, _, held, expected = taken(function, LAYERS, ROWS)
    seen = []
    for share in (1.0, 0.85, 0.75):
        plan, measured, holds, found = taken(function, LAYERS, ROWS, memory_budget=int(share * most))
        assert plan <= share * most
        assert measured == pytest.approx(plan, rel=0.05)
        assert largest_gap(found, expected) < FEW_ULP
        seen.append(plan)
        assert share < 1.0 or holds == held
    assert len(set(seen)) > 1
    with pytest.raises(gr.GradientError, match="does not fit into 1,000 bytes") as error:
        gr.vjp(function, LAYERS, ROWS, memory_budget=1000)
    least = int(str(error.value).split("least it takes is ")[1].split(", without")[0].replace(",", ""))
    assert taken(function, LAYERS, ROWS, memory_budget=least)[0] == least


@pytest.mark.parametrize("function", FUNCTIONS)
def test_budgets_change_no_pullback(function):
    expected = gr.grad(function, argnums=(0, 1))(W, X)
    for budget in ("1MB", "30kB"):
        _, pullback = gr.vjp(function, W, X, memory_budget=budget)
        assert largest_gap(pullback(1.0), expected) < FEW_ULP


def test_each_budget_has_its_code():
    def own(x):
        return np.sin(x)

    gr.vjp(own, X)
    gr.vjp(own, X, memory_budget="1MB")
    gr.vjp(own, X, memory_budget=1_000_000)
    assert PULLBACKS.of(own) is PULLBACKS.of(own)
    assert len(PULLBACKS._functions[own]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory_budget": "lots"}, "a text like \"64MB\", not 'lots'"),
        ({"memory_budget": 10, "checkpoint": "dots"}, "give a checkpoint policy or a memory_budget"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(gr.GradientError) as error:
        gr.vjp(np.sin, X, **options)
    assert message in str(error.value)
