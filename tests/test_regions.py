"""Checkpointed regions are what their functions are, decide once, and save nothing else of their insides."""

from __future__ import annotations

import pickle
from collections import Counter

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import walk
from gradir.passes.policies import NAMED

from tests.plain_code import in_plain_code
from tests.saving_programs import FEW_ULP, FUNCTIONS, W, X, demand_positive, largest_gap, network

__all__ = ["in_plain_code"]  # for all tests here


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_gradients_are_those_of_differences(function):
    gr.check_grads(lambda ws, x: gr.checkpoint(function)(ws, x), (W, X))


@pytest.mark.parametrize("policy", ["nothing", "dots"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_regions_change_no_gradient(function, policy):
    region = gr.checkpoint(function, policy=policy)
    gradients = gr.grad(function, argnums=(0, 1))(W, X)
    found = gr.grad(lambda ws, x: region(ws, x) + 0.0, argnums=(0, 1))(W, X)
    assert largest_gap(found, gradients) < FEW_ULP


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
    assert largest_gap(found, gr.grad(function, argnums=(0, 1))(W, X)) < FEW_ULP


def test_a_region_saves_nothing_of_its_insides():
    program = gr.grad(layers, argnums=(0, 1)).inspect(W, X)
    again = Counter(n.op.name for n in walk(program.optimized.block))
    assert again["matmul"] == 5 + 5 + 10  # forward, again, by w and x
    assert again["barrier"] > 0


def test_second_derivatives_go_through_regions():
    def slope(f):
        return lambda x: np.sum(gr.grad(f)(x) ** 2)

    def plain(x):
        return np.sum(np.sin(x) * np.exp(x))

    expected = gr.grad(slope(plain))(X)
    assert largest_gap(gr.grad(slope(lambda x: gr.checkpoint(plain)(x)))(X), expected) < FEW_ULP
    by_policy = gr.grad(lambda x: np.sum(gr.grad(plain, checkpoint="nothing")(x) ** 2))
    assert largest_gap(by_policy(X), expected) < FEW_ULP


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
        largest_gap(gr.grad(loss, argnums=(0, 1))(W[0], X), gr.grad(plain, argnums=(0, 1))(W[0], X)) < FEW_ULP
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
        assert largest_gap(gr.grad(looped, checkpoint=policy)(x), gr.grad(looped)(x)) < FEW_ULP
    gr.check_grads(looped, (x,))


def test_which_of_two_is_the_largest_is_decided_once():
    """Elements that differ in the last bit: run again, the exponential may have another order."""

    def pick(x, z):
        e = np.exp(x)
        return x[np.argmax(e)] * z[np.argmax(e)], e

    g = gr.value_and_grad(lambda x, z: gr.checkpoint(pick)(x, z), has_aux=True)
    rng = np.random.default_rng(1)
    z = rng.normal(size=64)
    for _ in range(200):
        base = rng.uniform(0.1, 5)
        (_, e), d = g(base + np.spacing(base) * rng.integers(0, 3, size=64), z)
        assert np.flatnonzero(d).tolist() == [np.argmax(e)]


def test_checkpointed_functions_pickle():
    assert pickle.loads(pickle.dumps(layer)) is layer
    again = pickle.loads(pickle.dumps(gr.grad(gr.checkpoint(network, policy="dots"), argnums=1)))
    assert largest_gap(again(W, X), gr.grad(network, argnums=1)(W, X)) < FEW_ULP


def test_a_region_given_as_decorator_with_options_and_bad_ones():
    assert repr(gr.checkpoint(policy="dots")(network)).startswith("<checkpointed function network")
    with pytest.raises(gr.GradientError, match="a function is needed, not int"):
        gr.checkpoint(3)
    with pytest.raises(gr.GradientError, match="a checkpoint policy is one of"):
        gr.checkpoint(network, policy="some")


# What a region decides, it decides once. Run again, its exponentials may come out other in the last bit, so
# here the largest of elements that differ by no more is taken: each is a number of degree 1, so x @ gradient
# is the value, unless the gradient is that of another element.


def turns(x, z):
    s, e = 0.0, x
    for k in range(3, 0, -1):
        e = np.exp(x * k)
        s = s + x[np.argmax(e)] * z[np.argmax(e)] * k
    return s, e


def branches_of_turns(x, z):
    s, e = 0.0, x
    for k in range(1, 4):
        for j in range(2):
            e = np.exp(x * k) * (1 + j)
            i = np.argmax(e)
            if i % 2:
                s = s + x[i] * z[i] * k
            elif e[i] > e[0]:
                s = s + x[np.argmin(e)] * z[i]
    return s, e


def turns_that_the_run_counts(x, z):
    s, e, k = 0.0, x, 1
    before = np.sum(np.exp(x))
    while np.max(e) < 1e6:
        e = np.exp(x * k)
        s = s + x[np.argmax(e)] * z[np.argmax(e)] * k
        k += 1
    return s * (before / before), e


def sizes_of_turns(x, z):
    s, e = 0.0, x
    for k in range(2, 5):
        e = np.exp(x[: k * 16])
        s = s + x[np.argmax(e)] * z[np.argmax(e)] * k
    return s, e


def region_of_regions(x, z):
    inner, other = gr.checkpoint(turns), gr.checkpoint(turns_that_the_run_counts)
    s, e = inner(x, z)
    for k in range(2):
        t, e = inner(x * (k + 1), z)
        s = s + t
    return s + other(x, z)[0], e


DECIDING = (turns, branches_of_turns, turns_that_the_run_counts, sizes_of_turns, region_of_regions)


@pytest.mark.parametrize("in_a_loop", [False, True])
@pytest.mark.parametrize("function", DECIDING)
def test_loops_and_branches_of_regions_decide_once(function, in_a_loop):
    def once(x, z):
        return gr.checkpoint(function)(x, z)

    def looped(x, z):
        s, e = 0.0, x
        for _ in range(2):
            t, e = gr.checkpoint(function)(x, z)
            s = s + t
        return s, e

    g = gr.value_and_grad(looped if in_a_loop else once, has_aux=True)
    rng = np.random.default_rng(1)
    z = rng.normal(size=64)
    for _ in range(200):
        base = rng.uniform(0.1, 5)
        x = base + np.spacing(base) * rng.integers(0, 3, size=64)
        (value, _), gradient = g(x, z)
        assert x @ gradient == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("function", DECIDING)
def test_gradients_of_regions_that_decide(function):
    rng = np.random.default_rng(2)
    x, z = rng.uniform(0.5, 2.0, size=64), rng.normal(size=64)
    plain = gr.grad(lambda x: function(x, z)[0])(x)
    assert largest_gap(gr.grad(lambda x: gr.checkpoint(function)(x, z)[0])(x), plain) < FEW_ULP

    def slope(x):
        return np.sum(gr.grad(lambda x: gr.checkpoint(function)(x * x, z)[0])(x) ** 2)

    gr.check_grads(slope, (x,))


def test_what_regions_check_is_checked_also_without_results():
    @gr.checkpoint
    def inside(x, k):
        x[k]

    def loss(x, k):
        gr.checkpoint(demand_positive)(x)
        inside(x, k)
        return np.sum(x * x)

    assert np.array_equal(gr.grad(loss)(np.ones(3), 2), np.full(3, 2.0))
    with pytest.raises(AssertionError, match="x is to be positive"):
        gr.grad(loss)(-np.ones(3), 2)
    with pytest.raises(IndexError, match="index 3"):
        gr.grad(loss)(np.ones(3), 3)


def test_arguments_may_be_donated_to_functions_with_regions():
    def loss(w, x):
        y = np.exp(layer(w, x))
        return np.sum(y * layer(w, y)), y

    expected = gr.value_and_grad(loss, argnums=(0, 1), has_aux=True)(W[0], X)
    w, x = W[0].copy(), X.copy()
    found = gr.value_and_grad(loss, argnums=(0, 1), has_aux=True, donate=("w", "x"))(w, x)
    assert largest_gap(found, expected) < FEW_ULP


@pytest.mark.parametrize("policy", ["sqrt", "nothing"])
@pytest.mark.parametrize("function", [turns, turns_that_the_run_counts])
def test_regions_that_decide_in_gradients_with_policies(function, policy):
    def loss(x, z):
        s = 0.0
        for _ in range(6):
            s = s + gr.checkpoint(function)(x, z)[0]
            x = np.cos(x) + 1.0
        return s

    rng = np.random.default_rng(4)
    x, z = rng.uniform(0.5, 2.0, size=64), rng.normal(size=64)
    assert largest_gap(gr.grad(loss, checkpoint=policy)(x, z), gr.grad(loss)(x, z)) < FEW_ULP
    gr.check_grads(lambda x: loss(x, z), (x,))
