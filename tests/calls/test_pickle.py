"""Transformed functions pickle and copy, and reach other processes."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import cloudpickle
import gradir as gr
import joblib
import numpy as np
import optree
import pytest
from gradir.transform import Transformed

from tests.calls import picklable
from tests.calls.picklable import Model, decorated, loss

X = np.linspace(0.1, 2.0, 7)
PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)
FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "grad": (picklable.gradient, (X,)),
    "with options": (picklable.several, (X, 3.0)),
    "jit": (picklable.compiled, (X,)),
    "nested": (picklable.twice, (X,)),
    "bound method": (Model(3.0).step, (X,)),
    "decorated": (decorated, (X,)),
    "decorated with options": (picklable.decorated_with_options, (2.0, X)),
    "decorated twice": (picklable.decorated_twice, (X,)),
    "decorated method": (Model(3.0).gradient, (X,)),
    "function of NumPy": (gr.jit(np.cumsum), (X,)),
}


def same(found: Any, expected: Any) -> None:
    for a, b in zip(optree.tree_leaves(found), optree.tree_leaves(expected), strict=True):
        np.testing.assert_array_equal(a, b)


def of(f: Any) -> Transformed:
    """The function itself where a method is bound to an object."""
    found = getattr(f, "__func__", f)
    assert isinstance(found, Transformed)
    return found


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("f", "args"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_protocol(f: Any, args: tuple[Any, ...], protocol: int) -> None:
    again = pickle.loads(pickle.dumps(f, protocol))
    same(again(*args), f(*args))
    assert of(again)._differentiation == of(f)._differentiation
    assert of(again)._uses_disk is of(f)._uses_disk
    assert again.__name__ == f.__name__


def test_options_survive() -> None:
    again = pickle.loads(pickle.dumps(picklable.several))
    assert not again._uses_disk
    assert again._differentiation.argnums == (0, 1)
    assert again.fun is loss


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_a_decorator_made_is_found_by_its_name(protocol: int) -> None:
    for f in (decorated, picklable.decorated_with_options, picklable.decorated_twice, Model.Inner.cubed):
        data = pickle.dumps(f, protocol)
        assert pickle.loads(data) is f
        assert copy.copy(f) is copy.deepcopy(f) is f
        assert len(data) < 100


@pytest.mark.parametrize(
    "again",
    [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy, lambda m: copy.deepcopy(m.step).fun.__self__],
    ids=["pickle", "deepcopy", "deepcopy of the function"],
)
def test_a_copy_of_an_object_has_its_own_function(again: Callable[[Any], Any]) -> None:
    model = Model(3.0)
    before = model.step(X)[0]
    other = again(model)
    other.scale = 5.0
    assert other.step.fun.__self__ is other
    assert other.step(X)[0] == pytest.approx(5 / 3 * before)
    assert model.step(X)[0] == before


def test_a_copy_of_a_function_is_one_of_the_same() -> None:
    for again in (copy.copy(picklable.gradient), copy.deepcopy(picklable.gradient)):
        assert again is not picklable.gradient
        assert again.fun is loss
        np.testing.assert_array_equal(again(X), picklable.gradient(X))


def test_a_lambda_has_no_name_to_be_found_by() -> None:
    f = gr.grad(lambda x: x * x)
    with pytest.raises((pickle.PicklingError, AttributeError), match=r"pickle .*lambda"):
        pickle.dumps(f)
    assert pickle.loads(cloudpickle.dumps(f))(3.0) == 6.0


def test_a_function_within_a_function() -> None:
    k = 3.0

    @gr.grad
    def cubed(x: Any) -> Any:
        return k * x**3

    with pytest.raises((pickle.PicklingError, AttributeError), match=r"pickle .*cubed"):
        pickle.dumps(cubed)
    assert pickle.loads(cloudpickle.dumps(cubed))(2.0) == 36.0


@pytest.mark.parametrize(("f", "args"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_cloudpickle(f: Any, args: tuple[Any, ...]) -> None:
    again = pickle.loads(cloudpickle.dumps(f))
    same(again(*args), f(*args))


def test_other_processes() -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        for f, args in FUNCTIONS.values():
            found = pool.submit(f, *args).result(timeout=120)
            same(found, f(*args))


def test_joblib() -> None:
    scale = 2.0
    f = gr.grad(lambda x: np.sum(x * x) * scale)
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(g)(X + k) for k in range(2) for g in (f, decorated))
    expected = [g(X + k) for k in range(2) for g in (f, decorated)]
    same(found, expected)


@pytest.mark.usefixtures("disk_cache")
def test_the_program_of_a_pickled_function_is_there_at_once() -> None:
    before = copy.copy(picklable.gradient).inspect(X)
    again = pickle.loads(pickle.dumps(picklable.gradient)).inspect(X)
    assert again.compiled.from_disk
    assert again.optimized == before.optimized
