"""Straight code within budgets: steps run again from states that are held, in-place updates among them."""

from __future__ import annotations

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import walk

from tests.plain_code import in_plain_code
from tests.saving_programs import FEW_ULP, largest_gap

__all__ = ["in_plain_code"]  # for all tests here
SUMS = 1e-13  # gradients of 12 layers that are sums of 8,000 terms, of which some cancel, in another order


def deep(ws, x):
    for w in ws:
        x = np.tanh(x @ w)
    return np.sum(x * x)


@pytest.mark.parametrize("share", [0.5, 0.35, 0.25])
def test_straight_code_runs_again_as_often_as_it_takes(share):
    rng = np.random.default_rng(2)
    ws, x = [rng.normal(size=(16, 16)) * 0.3 for _ in range(16)], rng.normal(size=(4000, 16))
    everything = gr.grad(deep, argnums=(0, 1), checkpoint="everything")
    budget = int(share * everything.inspect(ws, x).memory.peak)
    found = gr.grad(deep, argnums=(0, 1), memory_budget=budget)
    memory = found.inspect(ws, x).memory
    assert memory.peak <= budget
    assert memory.measure().peak == memory.peak
    assert largest_gap(found(ws, x), everything(ws, x)) < FEW_ULP


def test_fewer_slots_take_less_memory_and_more_work():
    rng = np.random.default_rng(2)
    ws, x = [rng.normal(size=(16, 16)) * 0.3 for _ in range(16)], rng.normal(size=(4000, 16))
    taken = []
    for arrays in (9, 6, 5, 4):
        program = gr.grad(deep, argnums=0, memory_budget=int(arrays * 1.05 * x.nbytes) + 60_000).inspect(
            ws, x
        )
        products = sum(node.op.name == "matmul" for node in walk(program.optimized.block))
        taken.append((program.memory.peak, products))
    assert taken == sorted(taken, key=lambda pair: -pair[0])
    assert [products for _, products in taken] == sorted(products for _, products in taken)
    assert len(set(taken)) > 2


def drifting(ws, x):
    """Layers that update their input in place."""
    x = x.copy()
    for w in ws:
        y = x @ w
        x[1:] += np.tanh(y[:-1])
        x *= 0.9
    return x


def smoothed(ws, u):
    u = u.copy()
    for w in ws:
        u[1:-1] = u[1:-1] + 0.1 * np.sin(u[2:] - u[:-2]) * np.sum(w)
    return u


def summed(ws, x):
    for w in ws:
        x = np.cumsum(np.sin(x * w[0, 0]), axis=0) * 0.1
    return x


def taken_apart(ws, x):
    order = np.arange(len(x))[::-1]
    for w in ws:
        y = np.zeros_like(x)
        y[order] = np.tanh(x) * w[0, 0]
        np.add.at(y, order % 7, x * 0.1)
        x = y
    return x


def of_squares(function):
    return lambda ws, x: np.sum(function(ws, x) ** 2)


def nested_regions(function):
    """The function of halves of the layers, each a region, and so on: what one does by hand."""

    def run(ws, x):
        if len(ws) <= 2:
            return function(ws, x)
        half = len(ws) // 2
        return gr.checkpoint(run)(ws[half:], gr.checkpoint(run)(ws[:half], x))

    return run


def least_of(loss, *args):
    with pytest.raises(gr.GradientError, match="does not fit") as error:
        gr.grad(loss, argnums=(0, 1), memory_budget=1)(*args)
    return int(str(error.value).split("least it takes is ")[1].split(", without")[0].replace(",", ""))


@pytest.mark.parametrize("function", [drifting, smoothed, summed, taken_apart])
def test_updates_in_place_and_scans_run_again(function):
    rng = np.random.default_rng(2)
    ws, x = [rng.normal(size=(16, 16)) * 0.1 for _ in range(12)], rng.normal(size=(500, 16))
    loss = of_squares(function)
    most = gr.grad(loss, argnums=(0, 1), checkpoint="everything").inspect(ws, x).memory.peak
    by_hand = gr.grad(of_squares(nested_regions(function)), argnums=(0, 1)).inspect(ws, x).memory.peak
    least = least_of(loss, ws, x)
    assert least < 0.4 * most
    assert least < by_hand
    expected = gr.grad(loss, argnums=(0, 1))(ws, x)
    for budget in (least, (least + most) // 2):
        g = gr.grad(loss, argnums=(0, 1), memory_budget=budget)
        memory = g.inspect(ws, x).memory
        assert memory.peak <= budget
        assert memory.measure().peak == pytest.approx(memory.peak, rel=0.05)
        assert largest_gap(g(ws, x), expected) < SUMS
