"""Memory budgets are kept, or refused with the least that fits."""

from __future__ import annotations

import io
import sys

import gradir as gr
import numpy as np
import pytest
from gradir import budgets
from gradir import cache as disk
from gradir import planned as planning
from gradir.planned import planned
from gradir.pullback import PULLBACKS
from tqdm import tqdm

from tests.plain_code import in_plain_code
from tests.saving_programs import FEW_ULP, FUNCTIONS, W, X, largest_gap, network, recurrence, until_small

__all__ = ["in_plain_code"]  # for all tests here


def peak(**options):
    g = gr.grad(recurrence, argnums=(0, 1), **options)
    memory = g.inspect(W, X).memory
    assert memory.measure().peak == pytest.approx(memory.peak, rel=0.05)
    return g(W, X), memory.peak


def test_a_budget_is_kept_or_refused_with_the_least_that_fits():
    gradients, most = peak(checkpoint="everything")
    for share in (1.0, 0.7, 0.5):
        found, taken = peak(memory_budget=int(share * most))
        assert taken <= share * most
        assert largest_gap(found, gradients) < FEW_ULP
    with pytest.raises(
        gr.GradientError, match=r"does not fit into 1,000 bytes; the least it takes is ([\d,]+)"
    ):
        peak(memory_budget="1kB")
    with pytest.raises(gr.GradientError) as error:
        peak(memory_budget=1000)
    least = int(str(error.value).split("least it takes is ")[1].split(", without")[0].replace(",", ""))
    assert peak(memory_budget=least)[1] <= least


def test_a_budget_that_is_no_bound_changes_nothing():
    graph = gr.grad(recurrence, argnums=(0, 1)).inspect(W, X).optimized
    assert gr.grad(recurrence, argnums=(0, 1), memory_budget="1GB").inspect(W, X).optimized == graph


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"checkpoint": "all"}, "a checkpoint policy is one of 'cheapest', 'everything'"),
        ({"checkpoint": 3}, "or a function of a node, not 3"),
        ({"memory_budget": "64 parsecs"}, "a text like \"64MB\", not '64 parsecs'"),
        ({"memory_budget": "64M"}, "a text like \"64MB\", not '64M'"),
        ({"memory_budget": -1}, "not -1"),
        ({"memory_budget": True}, "not True"),
        ({"memory_budget": 10, "checkpoint": "dots"}, "give a checkpoint policy or a memory_budget"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(gr.GradientError) as error:
        gr.grad(network, **options)
    assert message in str(error.value)


def test_a_budget_for_a_loop_whose_turns_only_the_run_knows():
    gradients = gr.grad(until_small, argnums=1)(W, X)
    g = gr.grad(until_small, argnums=1, memory_budget="100kB")
    assert largest_gap(g(W, X), gradients) < FEW_ULP
    program = g.inspect(W, X)
    assert program.memory.peak <= 100_000
    assert any("checkpointed with" in str(d) for d in program.decisions)


def test_a_small_budget_gives_loops_slots():
    most = peak(checkpoint="everything")[1]
    gradients = gr.grad(recurrence, argnums=(0, 1))(W, X)
    found, taken = peak(memory_budget=most // 4)
    assert taken <= most // 4
    assert largest_gap(found, gradients) < FEW_ULP


def test_a_budget_gives_no_slots_to_loops_that_take_indices_from_floats():
    def loss(x):
        s = 0.0
        for k in range(1, 400):
            e = np.exp(x * (1 + k % 7))
            s = s + x[np.argmax(e)]
        return s

    x = np.random.default_rng(1).normal(size=64)
    with pytest.raises(gr.GradientError, match="does not fit"):
        gr.grad(loss, memory_budget=2000)(x)


def counted(x):
    """How many elements are large is a number that turns are run by."""
    s = x * 0.0
    for k in range(1, 400):
        s = np.cos(s * (k % 3)) * 0.3 + 0.01 * x * np.sum(s > 0.2)
    return np.sum(s)


def solved(x):
    s = x
    for _ in range(400):
        y = s
        while np.sum(y * y) > 1.0:
            y = np.sin(y) * 0.9
        s = np.cos(s) * y + x
    return np.sum(s)


def searched(x):
    """How far the inner loop has to go, and what each of its turns does, is decided by floats."""
    s = x
    for _ in range(400):
        y = s
        while np.sum(y * y) > 1.0:
            y = np.sin(y) * 0.9 if y[0] > 0.1 else y * 0.5
        s = np.cos(s) * y + x
    return np.sum(s)


def scaled_by_turns(x):
    """Its predicates only choose between values."""
    s = x
    for _ in range(400):
        s = np.where((s > 0.1) & (s < 0.9), np.sin(s), s * 0.5) + x
    return np.sum(s)


@pytest.mark.parametrize("saving", [{"memory_budget": 40_000}, {"checkpoint": "sqrt"}])
@pytest.mark.parametrize("loss", [counted, solved])
def test_turns_that_floats_decide_on_are_run_again_as_they_were(loss, saving):
    x = np.random.default_rng(1).normal(size=64)
    gradient = gr.grad(loss, **saving)
    assert largest_gap(gradient(x), gr.grad(loss)(x)) < FEW_ULP
    assert any("checkpointed" in str(d) for d in gradient.inspect(x).decisions)


def test_a_stack_of_what_was_decided_is_no_plan():
    x, line = np.random.default_rng(1).normal(size=64), searched.__code__.co_firstlineno + 5
    with pytest.raises(gr.GradientError, match=f"no peak to plan; give the length .* line {line}"):
        gr.grad(searched, memory_budget=40_000)(x)
    gradient = gr.grad(searched, checkpoint="sqrt")
    assert largest_gap(gradient(x), gr.grad(searched)(x)) < FEW_ULP
    assert any("checkpointed" in str(d) for d in gradient.inspect(x).decisions)


def test_turns_that_only_choose_between_values_are_run_again():
    x = np.random.default_rng(1).normal(size=64)
    found = gr.grad(scaled_by_turns, memory_budget=40_000)
    assert found.inspect(x).memory.peak <= 40_000
    assert largest_gap(found(x), gr.grad(scaled_by_turns)(x)) < FEW_ULP


def deep(ws, x):
    for w in ws:
        x = np.tanh(x @ w)
    return np.sum(x * x)


def batch(layers=8):
    rng = np.random.default_rng(2)
    return [rng.normal(size=(60, 60)) * 0.3 for _ in range(layers)], rng.normal(size=(40, 60))


@pytest.mark.parametrize("given", ["ws", "x", ("ws", "x")])
def test_a_budget_is_for_the_program_that_runs_with_what_was_given_away(given):
    ws, x = batch()
    options = {"argnums": (0, 1), "donate": given}
    most = gr.grad(deep, **options).inspect(ws, x).memory.peak
    whole = gr.grad(deep, argnums=(0, 1)).inspect(ws, x).memory.peak
    assert most < whole  # gradients lie in what they are by
    assert gr.grad(deep, memory_budget=most, **options).inspect(ws, x).decisions[-1].what == (
        "checkpoint policy: cheapest"
    )
    expected = gr.grad(deep, argnums=(0, 1))(ws, x)
    budget = int(0.8 * most)
    g = gr.grad(deep, memory_budget=budget, **options)
    memory = g.inspect(ws, x).memory
    assert memory.peak <= budget
    assert memory.measure().peak == pytest.approx(memory.peak, rel=0.05)
    assert largest_gap(g([w.copy() for w in ws], x.copy()), expected) < FEW_ULP


def test_an_argument_that_no_plan_has_use_for_is_warned_of_once():
    ws, x = batch()
    g = gr.grad(deep, donate="x", memory_budget="100kB")
    with pytest.warns(UserWarning, match="'x' is donated, but no result has its shape") as found:
        g([w[:, :60] for w in ws[:1]], x)
    assert len(found) == 1
    with pytest.warns(UserWarning, match="'x' is donated") as found, pytest.raises(gr.GradientError):
        gr.grad(deep, donate="x", memory_budget="1kB")(ws, x)
    assert len(found) == 1


def test_the_planned_peak_is_that_of_the_table():
    for function in FUNCTIONS:
        program = gr.grad(function, argnums=(0, 1)).inspect(W, X)
        assert planned(program.optimized).peak == program.memory.peak


def test_a_budget_inside_of_another_function_is_for_the_gradient_alone():
    ws, x = batch()
    most = gr.grad(deep).inspect(ws, x).memory.peak
    slopes = gr.grad(deep, memory_budget=int(0.8 * most))

    def step(ws, x):
        for _ in range(3):
            ws = [w - 0.1 * d for w, d in zip(ws, slopes(ws, x), strict=True)]
        return ws

    program = gr.jit(step).inspect(ws, x)
    assert program.memory.peak <= 0.8 * most + sum(w.nbytes for w in ws) + 1000
    (decision,) = (d for d in program.decisions if d.reason == "memory_budget")
    assert decision.what.startswith("checkpoint policy: ")
    assert decision.loc is not None
    assert largest_gap(gr.jit(step)(ws, x), step(ws, x)) < FEW_ULP
    with pytest.raises(gr.GradientError, match="the gradient of 'deep' does not fit into 1,000 bytes"):
        gr.jit(lambda ws, x: gr.grad(deep, memory_budget=1000)(ws, x))(ws, x)


def test_budgets_of_what_numba_calls_and_of_values():
    found = gr.grad(recurrence, argnums=(0, 1), memory_budget="20kB").njit(tuple(W), X)(tuple(W), X)
    value, again = gr.value_and_grad(recurrence, argnums=(0, 1), memory_budget="20kB")(W, X)
    expected = gr.grad(recurrence, argnums=(0, 1))(W, X)
    assert largest_gap(found, expected) < FEW_ULP
    assert largest_gap(again, expected) < FEW_ULP
    assert value == pytest.approx(recurrence(W, X), rel=1e-13)


def test_plans_are_kept_on_disk(disk_cache, monkeypatch):
    def found(function, *args):
        g = gr.grad(function, memory_budget=int(0.8 * gr.grad(function).inspect(*args).memory.peak))
        gr.vjp(function, *args, memory_budget="1MB")
        return g.inspect(*args).optimized

    first = found(deep, *batch()), found(recurrence, W, X)
    monkeypatch.setattr(planning, "_planned", None)
    PULLBACKS._functions.clear()
    assert (found(deep, *batch()), found(recurrence, W, X)) == first


def test_a_plan_whose_stacks_are_not_known_is_kept_on_disk(disk_cache):
    store = disk.disk_cache()
    graph = gr.grad(until_small, argnums=1).inspect(W, X).optimized
    assert planned(graph, store=store) == planned(graph, store=store) == planned(graph)
    assert planned(graph).peak is None


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("where", [io.StringIO, Terminal])
def test_a_long_search_has_a_bar_on_a_terminal(where, monkeypatch):
    monkeypatch.setattr(budgets, "_PATIENCE", 0.0)
    monkeypatch.setattr(tqdm, "monitor_interval", 0)  # no thread of its own
    monkeypatch.setattr(sys, "stderr", where())
    with pytest.raises(gr.GradientError):
        gr.grad(deep, memory_budget="1kB")(*batch(4))
    shown = sys.stderr.getvalue()
    assert ("'deep': plans for its memory budget" in shown) == (where is Terminal)
    assert not shown.rpartition("\r")[2].strip()  # nothing stays
