"""What is saved and what is computed again: policies, regions, names and budgets change no gradient."""

from __future__ import annotations

import pickle
from collections import Counter

import gradir as gr
import numpy as np
import optree
import pytest
from gradir.ir.graph import walk
from gradir.passes.policies import NAMED

from tests.plain_code import in_plain_code

__all__ = ["in_plain_code"]  # for all tests here

RNG = np.random.default_rng(3)
W = [RNG.normal(size=(8, 8)) * 0.4 for _ in range(5)]
X = RNG.normal(size=(6, 8))


def network(ws, x):
    for w in ws:
        x = np.tanh(x @ w)
        x = np.sin(x) * np.exp(-x * x)
    return np.sum(x * x)


def recurrence(ws, x):
    h = x * 0.5
    for _ in range(20):
        h = np.tanh(h @ ws[0] + x)
        for k in range(3):
            h = h * 1.01 + np.sin(h) * ws[1][k]
    return np.sum(h)


def branches(ws, x):
    total = 0.0
    for row in range(6):
        y = np.exp(-x[row] * x[row])
        if y[0] > 0.3:
            y = np.sin(y) @ ws[0]
        else:
            y = y * np.cos(y)
        total += np.sum(y * y)
    return total


def until_small(ws, x):
    y = x * 1.0
    while np.sum(y * y) > 1.0:
        y = np.tanh(y) * 0.9
    return np.sum(np.exp(y))


def in_place(ws, x):
    y = x.copy()
    for i in range(1, 6):
        y[i] = np.sin(y[i - 1]) * ws[0][i] + y[i]
        y[i, 0] *= np.exp(y[i, 1])
    return np.sum(y * y)


FUNCTIONS = (network, recurrence, branches, until_small, in_place)


def largest_gap(found, expected):
    """How far gradients are apart, in units of the largest number beside."""
    pairs = zip(optree.tree_leaves(found), optree.tree_leaves(expected), strict=True)
    return max(float(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-300)) for a, b in pairs)


@pytest.mark.parametrize("policy", NAMED)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_policies_change_no_gradient(function, policy):
    value, gradients = gr.value_and_grad(function, argnums=(0, 1))(W, X)
    other, same = gr.value_and_grad(function, argnums=(0, 1), checkpoint=policy)(W, X)
    assert other == pytest.approx(value, rel=1e-14)
    assert largest_gap(same, gradients) < 1e-13


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_gradients_are_those_of_differences(function):
    gr.check_grads(lambda ws, x: gr.checkpoint(function)(ws, x), (W, X))


@pytest.mark.parametrize("policy", ["nothing", "dots"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_regions_change_no_gradient(function, policy):
    region = gr.checkpoint(function, policy=policy)
    gradients = gr.grad(function, argnums=(0, 1))(W, X)
    found = gr.grad(lambda ws, x: region(ws, x) + 0.0, argnums=(0, 1))(W, X)
    assert largest_gap(found, gradients) < 1e-13


@gr.checkpoint
def layer(w, x):
    return np.tanh(np.sin(x @ w))


def layers(ws, x):
    for w in ws:
        x = layer(w, x)
    return np.sum(x)


def repeated(ws, x):
    for _ in range(7):
        x = layer(ws[0], x) + x
        if x[0, 0] > 0.0:
            x = layer(ws[1], x)
    return np.sum(x)


@pytest.mark.parametrize("function", [layers, repeated])
def test_regions_in_a_chain_in_loops_and_in_branches(function, monkeypatch):
    found = gr.grad(function, argnums=(0, 1))(W, X)
    monkeypatch.setitem(globals(), "layer", layer.fun)
    assert largest_gap(found, gr.grad(function, argnums=(0, 1))(W, X)) < 1e-13


def test_a_region_saves_nothing_of_its_insides():
    program = gr.grad(layers, argnums=(0, 1)).inspect(W, X)
    again = Counter(n.op.name for n in walk(program.optimized.block))
    assert again["matmul"] == 5 + 5 + 10  # forward, again, by w and x
    assert again["barrier"] > 0


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
        assert largest_gap(gr.grad(named, argnums=(0, 1), checkpoint=policy)(W, X), plain) < 1e-13
    assert "matmul" in seen

    def held(policy):
        _, pullback = gr.vjp(named, W, X, checkpoint=policy)
        return sum(r.nbytes for r in pullback._residuals)

    assert held(gr.save_only("h1", "h3")) == held(gr.save_only()) + 2 * X.nbytes


def test_names_leave_no_trace_in_code():
    program = gr.grad(named, argnums=(0, 1)).inspect(W, X)
    assert not any(node.op.name == "name" for node in walk(program.optimized.block))
    assert gr.name(2.0, "x") == 2.0
    assert gr.name({"a": X}, "x")["a"] is X


def test_predicates_are_saved_never_computed_again():
    program = gr.grad(branches, argnums=1, checkpoint="nothing").inspect(W, X)
    pushed = [str(n.operands[1].type) for n in walk(program.optimized.block) if n.op.name == "push"]
    assert "bool[]" in pushed


def test_second_derivatives_go_through_regions():
    def slope(f):
        return lambda x: np.sum(gr.grad(f)(x) ** 2)

    def plain(x):
        return np.sum(np.sin(x) * np.exp(x))

    expected = gr.grad(slope(plain))(X)
    assert largest_gap(gr.grad(slope(lambda x: gr.checkpoint(plain)(x)))(X), expected) < 1e-13
    by_policy = gr.grad(lambda x: np.sum(gr.grad(plain, checkpoint="nothing")(x) ** 2))
    assert largest_gap(by_policy(X), expected) < 1e-13


class Model:
    def __init__(self, w):
        self.w = w

    @gr.checkpoint(policy="dots")
    def __call__(self, x, *, scale=1.0):
        y = np.tanh(x @ self.w) * scale
        return {"y": y, "norm": np.sum(y * y)}, scale


def test_methods_containers_and_keywords():
    def loss(w, x):
        out, scale = Model(w)(x, scale=2.0)
        return np.sum(out["y"]) * scale + out["norm"]

    def plain(w, x):
        y = np.tanh(x @ w) * 2.0
        return np.sum(y) * 2.0 + np.sum(y * y)

    assert loss(W[0], X) == pytest.approx(plain(W[0], X))
    assert (
        largest_gap(gr.grad(loss, argnums=(0, 1))(W[0], X), gr.grad(plain, argnums=(0, 1))(W[0], X)) < 1e-13
    )


def test_the_graph_of_a_region_prints_and_parses():
    graph = gr.trace(repeated)(W, X)
    assert "checkpoint {kept=0} {" in str(graph)
    assert gr.parse(str(graph)) == graph
    assert gr.interpret(graph, *W, X)[0] == pytest.approx(repeated(W, X))


def test_a_region_only_reads_what_is_around_it():
    y = []

    def loss(x):
        out = np.zeros(8)

        @gr.checkpoint
        def fill(x):
            out[:] = np.sin(x[0])
            return x

        return np.sum(fill(x)) + np.sum(out)

    with pytest.raises(gr.TraceError, match="copy it first"):
        gr.grad(loss)(X)
    assert not y


# Regions are what the functions are, also for arrays that have two names.


@gr.checkpoint
def same(x):
    return x


@gr.checkpoint
def twice(x):
    y = np.sin(x)
    return y, y


def through_the_argument(x):
    z = x * 1.0
    w = same(z)
    w[0] = x[1] * x[1]
    return np.sum(z * w)


def through_two_results(x):
    a, b = twice(x)
    a[0] = x[1] * x[1]
    return np.sum(a * b)


def through_a_name(x):
    y = np.sin(x)
    z = gr.name(y, "h")
    z[0] = x[1] * 2
    return np.sum(y * z)


def with_a_constant(x):
    c = np.array([0.4, 0.5, 0.6])
    return np.sum(gr.checkpoint(lambda x, c: np.tanh(x * c))(x, c))


class Layer:
    @gr.checkpoint
    def scaled(self, a, b=2.0):
        return a * a * b


def of_a_method(x):
    return np.sum(Layer().scaled(x, x + 1.0))


@pytest.mark.parametrize(
    "function", [through_the_argument, through_two_results, through_a_name, with_a_constant, of_a_method]
)
def test_regions_are_what_the_functions_are(function):
    x = np.array([0.1, 0.5, 0.9])
    assert gr.value_and_grad(function)(x)[0] == pytest.approx(function(x), rel=1e-14)
    gr.check_grads(function, (x,))


def test_views_of_what_a_region_is_given_are_refused():
    view = gr.checkpoint(lambda x: x[1:])
    with pytest.raises(gr.TraceError, match=r"shares memory with an argument .* return a copy of it"):
        gr.grad(lambda x: np.sum(view(x)))(np.ones(3))
    with pytest.raises(gr.TraceError, match="name a copy of it"):
        gr.grad(lambda x: np.sum(gr.name(np.sin(x)[1:], "part")))(np.ones(3))


@gr.checkpoint
def chosen(x):
    return np.sum(np.exp(np.sin(x[: int(np.argmax(x))])))


def test_regions_of_sizes_that_the_run_decides():
    def looped(x):
        s = 0.0
        for k in range(3):
            s = s + chosen(x * (k + 1)) * x[k]
        return s * chosen(x)

    x = np.array([0.1, 0.2, 0.3, 0.5, 0.4])
    for policy in NAMED:
        assert largest_gap(gr.grad(looped, checkpoint=policy)(x), gr.grad(looped)(x)) < 1e-13
    gr.check_grads(looped, (x,))


def test_which_of_two_is_the_largest_is_decided_once():
    """Elements that differ in the last bit: run again, the exponential may have another order."""

    def pick(x, z):
        e = np.exp(x)
        return x[np.argmax(e)] * z[np.argmax(e)], e

    g = gr.value_and_grad(lambda x, z: gr.checkpoint(pick)(x, z), has_aux=True)
    rng, z = np.random.default_rng(1), RNG.normal(size=64)
    for _ in range(200):
        base = rng.uniform(0.1, 5)
        (_, e), d = g(base + np.spacing(base) * rng.integers(0, 3, size=64), z)
        assert np.flatnonzero(d).tolist() == [np.argmax(e)]


def test_a_budget_gives_no_slots_to_loops_that_take_indices_from_floats():
    def loss(x):
        s = 0.0
        for k in range(1, 400):
            e = np.exp(x * (1 + k % 7))
            s = s + x[np.argmax(e)]
        return s

    x = RNG.normal(size=64)
    with pytest.raises(gr.GradientError, match="does not fit"):
        gr.grad(loss, memory_budget=2000)(x)


def test_checkpointed_functions_pickle():
    assert pickle.loads(pickle.dumps(layer)) is layer
    again = pickle.loads(pickle.dumps(gr.grad(gr.checkpoint(network, policy="dots"), argnums=1)))
    assert largest_gap(again(W, X), gr.grad(network, argnums=1)(W, X)) < 1e-13


# Budgets.


def peak(**options):
    g = gr.grad(recurrence, argnums=(0, 1), **options)
    return g(W, X), g.inspect(W, X).memory.peak


def test_a_budget_is_kept_or_refused_with_the_least_that_fits():
    gradients, most = peak(checkpoint="everything")
    for share in (1.0, 0.7, 0.5):
        found, taken = peak(memory_budget=int(share * most))
        assert taken <= share * most
        assert largest_gap(found, gradients) < 1e-13
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
        ({"memory_budget": -1}, "not -1"),
        ({"memory_budget": True}, "not True"),
        ({"memory_budget": 10, "checkpoint": "dots"}, "give a checkpoint policy or a memory_budget"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(gr.GradientError) as error:
        gr.grad(network, **options)
    assert message in str(error.value)


def test_a_policy_that_answers_nonsense():
    with pytest.raises(gr.GradientError, match="returns 'save', 'recompute' or None for a node, not 'maybe'"):
        gr.grad(network, checkpoint=lambda node: "maybe")(W, X)


def test_a_budget_for_a_loop_whose_turns_only_the_run_knows():
    gradients = gr.grad(until_small, argnums=1)(W, X)
    g = gr.grad(until_small, argnums=1, memory_budget="100kB")
    assert largest_gap(g(W, X), gradients) < 1e-13
    program = g.inspect(W, X)
    assert program.memory.peak <= 100_000
    assert any("checkpointed with" in str(d) for d in program.decisions)


def test_a_small_budget_gives_loops_slots():
    most = peak(checkpoint="everything")[1]
    gradients = gr.grad(recurrence, argnums=(0, 1))(W, X)
    found, taken = peak(memory_budget=most // 4)
    assert taken <= most // 4
    assert largest_gap(found, gradients) < 1e-13


def test_a_region_given_as_decorator_with_options_and_bad_ones():
    assert repr(gr.checkpoint(policy="dots")(network)).startswith("<checkpointed function network")
    with pytest.raises(gr.GradientError, match="a function is needed, not int"):
        gr.checkpoint(3)
    with pytest.raises(gr.GradientError, match="a checkpoint policy is one of"):
        gr.checkpoint(network, policy="some")
