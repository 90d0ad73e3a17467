"""The order of einsum's products against an exhaustive search and NumPy's own."""

from __future__ import annotations

import math
from itertools import combinations

import gradir as gr
import numpy as np
import pytest
from gradir.trace.contraction_order import contraction_order

from tests.trace.numpy_oracle import agree


def _random(rng, count):
    letters = "abcdefg"
    sizes = {x: int(rng.integers(1, 9)) for x in letters}
    operands = [frozenset(rng.choice(list(letters), rng.integers(1, 4), replace=False)) for _ in range(count)]
    union = sorted(frozenset().union(*operands))
    return operands, frozenset(rng.choice(union, min(2, len(union)), replace=False)), sizes


def _cost(operands, output, sizes, order):
    left, cost = list(operands), 0
    for i, j in order:
        b, a = left.pop(j), left.pop(i)
        cost += math.prod(sizes[x] for x in a | b)
        left.append((a | b) & output.union(*left))
    assert len(left) == 1
    return cost


def _every_order(count):
    if count == 1:
        yield []
    for pair in combinations(range(count), 2):
        for rest in _every_order(count - 1) if count > 1 else ():
            yield [pair, *rest]


@pytest.mark.parametrize("seed", range(30))
def test_no_order_is_cheaper(seed):
    rng = np.random.default_rng(seed)
    operands, output, sizes = _random(rng, 2 + seed % 4)
    best = min(_cost(operands, output, sizes, order) for order in _every_order(len(operands)))
    assert _cost(operands, output, sizes, contraction_order(operands, output, sizes)) == best


@pytest.mark.parametrize("seed", range(20))
def test_no_dearer_than_numpys_best(seed):
    rng = np.random.default_rng(seed)
    operands, output, sizes = _random(rng, 5)
    parts = ["".join(sorted(x)) for x in (*operands, output)]
    shapes = [np.zeros([sizes[c] for c in p]) for p in parts[:-1]]
    path = np.einsum_path(",".join(parts[:-1]) + "->" + parts[-1], *shapes, optimize="optimal")[0][1:]
    if all(len(step) == 2 for step in path):
        theirs = _cost(operands, output, sizes, [tuple(sorted(step)) for step in path])
        assert _cost(operands, output, sizes, contraction_order(operands, output, sizes)) <= theirs


@pytest.mark.parametrize("count", [9, 12, 40])
def test_many_operands(count):
    """A chain of matrices; too many labels for letters, at last."""
    labels = [frozenset([f"x{k}", f"x{k + 1}"]) for k in range(count + 20 * (count == 40))]
    sizes = {f"x{k}": 2 + k % 3 for k in range(len(labels) + 1)}
    ends = frozenset(["x0", f"x{len(labels)}"])
    order = contraction_order(labels, ends, sizes)
    assert _cost(labels, ends, sizes, order) >= 0


def _products(fun, *args):
    text = str(gr.jit(fun).inspect(*args).optimized)
    return [line.split("=")[0].split(": ")[1].strip() for line in text.splitlines() if " matmul " in line]


def test_a_chain_is_multiplied_from_its_short_end():
    """Thin matrices at the end: from the left it takes 50 times the work."""
    a, b, x = np.ones((30, 40)), np.ones((40, 50)), np.ones(50)

    def f(a, b, x):
        return np.einsum("ij,jk,k->i", a, b, x)

    assert not [t for t in _products(f, a, b, x) if t == "f64[30, 50]"]


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk,k->i", [(3, 4), (4, 5), (5,)]),
        ("i,ij,jk,kl,l->", [(2,), (2, 3), (3, 4), (4, 5), (5,)]),
        ("bi,bj,ij->b", [(6, 2), (6, 3), (2, 3)]),
        ("nk,nd,ne->kde", [(5, 2), (5, 3), (5, 3)]),
        ("ab,bc,cd,de,ef,fg,gh,hi,ij->aj", [(2 + k % 2, 3 - k % 2) for k in range(9)]),
        ("...i,ij,...j->...", [(4, 2, 3), (3, 3), (2, 3)]),
    ],
)  # fmt: skip
def test_values_and_gradients(subscripts, shapes):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) for s in shapes]
    agree(lambda *xs: np.einsum(subscripts, *xs), *arrays, rtol=1e-12)
    gr.testing.check_grads(lambda *xs: np.sum(np.sin(np.einsum(subscripts, *xs))), tuple(arrays))
