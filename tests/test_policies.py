"""Policies and names: what is saved and what is computed again changes no gradient."""

from __future__ import annotations

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import walk
from gradir.passes.policies import NAMED

from tests.plain_code import in_plain_code
from tests.saving_programs import FEW_ULP, FUNCTIONS, W, X, branches, largest_gap, network, until_small

__all__ = ["in_plain_code"]  # for all tests here


@pytest.mark.parametrize("policy", NAMED)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_policies_change_no_gradient(function, policy):
    value, gradients = gr.value_and_grad(function, argnums=(0, 1))(W, X)
    by_policy = gr.value_and_grad(function, argnums=(0, 1), checkpoint=policy)
    memory = by_policy.inspect(W, X).memory
    assert memory.peak is None or memory.measure().peak == pytest.approx(memory.peak, rel=0.05)
    assert (memory.peak is None) == (function is until_small)
    other, same = by_policy(W, X)
    assert other == pytest.approx(value, rel=1e-14)
    assert largest_gap(same, gradients) < FEW_ULP


def test_what_the_pullback_holds():
    def held(policy):
        _, pullback = gr.vjp(network, W, X, checkpoint=policy)
        return sum(r.nbytes for r in pullback._residuals)

    arrays = X.nbytes
    inputs = sum(w.nbytes for w in W) + arrays
    assert held("dots") <= inputs + 5 * arrays
    assert held("nothing") <= inputs
    assert held("everything") > held("dots") > held("nothing")


def named(ws, x):
    for k, w in enumerate(ws):
        x = gr.name(np.tanh(x @ w), f"h{k}")
        x = np.sin(x) * np.exp(-x * x)
    return np.sum(x * x)


def test_names_and_functions_as_policies():
    plain = gr.grad(network, argnums=(0, 1))(W, X)
    seen = []

    def products(node):
        seen.append(node.op.name)
        return "save" if node.op.name == "matmul" else "recompute"

    for policy in (gr.save_only("h1", "h3"), products, lambda node: None):
        assert largest_gap(gr.grad(named, argnums=(0, 1), checkpoint=policy)(W, X), plain) < FEW_ULP
    assert "matmul" in seen

    def held(policy):
        _, pullback = gr.vjp(named, W, X, checkpoint=policy)
        return sum(r.nbytes for r in pullback._residuals)

    assert held(gr.save_only("h1", "h3")) == held(gr.save_only()) + 2 * X.nbytes


def test_a_named_value_is_one_row_of_what_is_saved():
    def rows(**options):
        memory = gr.grad(named, argnums=(0, 1), **options).inspect(W, X).memory
        line = named.__code__.co_firstlineno + 2
        return [r for r in memory.residuals.rows if r.line == line and r.how != "argument"]

    found = rows(checkpoint=gr.save_only("h1", "h3"))
    assert sorted(r.how for r in found) == ["kept"] * 2 + ["recomputed"] * 3
    assert all("name" not in reader for r in found for reader in r.why)
    assert len({r.name for r in rows()}) == len(rows())
    assert all(r.how == "recomputed" for r in rows(checkpoint=gr.save_only()))


def test_names_are_texts():
    for call in (
        lambda: gr.name(X, 3),
        lambda: gr.save_only("h1", 3),
        lambda: gr.grad(lambda x: gr.name(x, 3))(1.0),
    ):
        with pytest.raises(TypeError, match="a name is a text, not 3"):
            call()


def test_names_leave_no_trace_in_code():
    program = gr.grad(named, argnums=(0, 1)).inspect(W, X)
    assert not any(node.op.name == "name" for node in walk(program.optimized.block))
    assert gr.name(2.0, "x") == 2.0
    assert gr.name({"a": X}, "x")["a"] is X


def test_predicates_are_saved_never_computed_again():
    program = gr.grad(branches, argnums=1, checkpoint="nothing").inspect(W, X)
    pushed = [str(n.operands[1].type) for n in walk(program.optimized.block) if n.op.name == "push"]
    assert "bool[]" in pushed


def test_a_policy_that_answers_nonsense():
    with pytest.raises(gr.GradientError, match="returns 'save', 'recompute' or None for a node, not 'maybe'"):
        gr.grad(network, checkpoint=lambda node: "maybe")(W, X)
