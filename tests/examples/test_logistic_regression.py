"""Logistic regression in one compiled loop, against scikit-learn."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression

from examples import logistic_regression as example


def test_the_weights_are_those_of_scikit_learn() -> None:
    x, x_test, y, y_test = example.load()
    params, value, turns = example.train({"w": np.zeros(30), "b": 0.0}, x, y, 1e-8)
    model = LogisticRegression(C=1 / (example.PRICE * len(x)), tol=1e-10, max_iter=10_000).fit(x, y)
    assert_allclose(params["w"], model.coef_[0], atol=5e-6)
    assert_allclose(params["b"], model.intercept_[0], atol=5e-6)
    assert_allclose(value, 0.09316828, atol=5e-9)
    assert 2_000 < turns < 2_500
    assert example.accuracy(params, x_test, y_test) > 0.94


def test_the_loop_stops_where_it_should() -> None:
    x, _, y, _ = example.load()
    start = {"w": np.zeros(30), "b": 0.0}
    params, value, turns = example.train(start, x, y, 10.0)
    assert (turns, params["w"].tolist()) == (0, [0.0] * 30)
    assert_allclose(value, np.log(2), rtol=1e-15)
    params, _, turns = example.train(start, x, y, 1e-2)
    _, g = example.value_and_gradient(params, x, y)
    assert turns == 35
    assert max(np.abs(g["w"]).max(), abs(g["b"])) <= 1e-2
