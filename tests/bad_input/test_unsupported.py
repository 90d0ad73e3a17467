"""What gradir does not know is refused by name, at the user's line; never a silent fallback."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
import threading
import time
from contextvars import ContextVar
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .refusals import refusal, refusal_here

A = np.arange(3.0)
RNG = np.random.default_rng(0)
PY = random.Random(0)
CONTEXT: ContextVar[float] = ContextVar("CONTEXT", default=1.0)
COUNTER = itertools.count()
LOCK = threading.Lock()


@pytest.mark.parametrize(
    ("fun", "name"),
    [
        (lambda x: np.sort(x).sum(), "np.sort"),  # here
        (lambda x: np.linalg.svd(x.reshape(1, 3))[1].sum(), "np.linalg.svd"),  # here
        (lambda x: np.fft.fft(x).sum(), "np.fft.fft"),  # here
        (lambda x: np.unique(x).sum(), "np.unique"),  # here
        (lambda x: np.interp(0.5, x, x), "np.interp"),  # here
        (lambda x: x.sort(), "ndarray.sort"),  # here
        (lambda x: x.tobytes(), "ndarray.tobytes"),  # here
        (lambda x: x.astype(complex).sum(), "complex"),  # here
        (lambda x: np.spacing(x).sum(), "np.spacing"),  # here
        (lambda x: np.maximum.accumulate(x).sum(), "np.maximum.accumulate"),  # here
    ],
)
def test_a_function_or_method_is_named(fun: Any, name: str) -> None:
    message = refusal_here(NotImplementedError, gr.grad(fun), A)
    assert name in message
    assert "not supported" in message


@pytest.mark.parametrize(
    ("fun", "name", "keyword"),
    [
        (lambda x: np.sum(x, where=x > 0), "where=", "np.where"),  # here
        (lambda x: np.sin(x, casting="unsafe").sum(), "np.sin", "'casting'"),  # here
        (lambda x: np.exp(x, subok=False).sum(), "np.exp", "'subok'"),  # here
        (lambda x: np.mean(x, where=x > 0), "where=", "np.where"),  # here
        (lambda x: np.pad(x, 1, mode="linear_ramp").sum(), "np.pad", "linear_ramp"),  # here
        (lambda x: np.take(x, 1, mode="clip"), "np.take", "clip"),  # here
    ],
)
def test_a_keyword_is_named(fun: Any, name: str, keyword: str) -> None:
    message = refusal_here(NotImplementedError, gr.grad(fun), A)
    assert name in message
    assert keyword in message


@pytest.mark.parametrize(
    ("fun", "what"),
    [
        (lambda x: np.sum(x * np.random.rand(3)), "np.random"),  # here
        (lambda x: np.sum(x * np.random.normal(size=3)), "np.random"),  # here
        (lambda x: np.sum(x * RNG.normal(size=3)), "np.random"),  # here
        (lambda x: np.sum(x * np.random.default_rng(0).normal(size=3)), "np.random"),  # here
        (lambda x: np.sum(x * random.random()), "random"),  # here
        (lambda x: np.sum(x * random.uniform(0.0, 1.0)), "random"),  # here
        (lambda x: np.sum(x * PY.gauss(0.0, 1.0)), "random"),  # here
        (lambda x: np.sum(x * time.time()), "time"),  # here
        (lambda x: np.sum(x * time.perf_counter()), "time"),  # here
        (lambda x: np.sum(x * dt.datetime.now().second), "datetime"),  # here
        (lambda x: np.sum(x * len(os.environ.get("HOME", ""))), "os.environ"),  # here
        (lambda x: np.sum(x * CONTEXT.get()), "a context variable"),  # here
        (lambda x: np.sum(x * len(input())), "input()"),  # here
        (lambda x: np.sum(x * len(globals())), "globals()"),  # here
    ],
)
def test_ambient_state_is_not_frozen(fun: Any, what: str) -> None:
    message = refusal_here(NotImplementedError, gr.grad(fun), A)
    assert message == (
        f"{what} in traced code would be called once, at tracing: call it before, and pass the result as an"
        " argument"
    )


def test_an_iterator_from_outside_is_not_used_up() -> None:
    g = gr.grad(lambda x: np.sum(x) * next(COUNTER))  # here
    assert "'COUNTER' is an iterator from outside" in refusal_here(NotImplementedError, g, A)
    assert next(COUNTER) == 0


def with_try(x):
    try:  # here
        return x.sum()
    except ValueError:
        return 0.0


def with_yield(x):
    yield x  # here


async def with_async(x):  # here
    return x


def with_with(x):
    with LOCK:  # here
        return x.sum()


def with_global(x):
    global LAST  # here
    LAST = x
    return x.sum()


def make_nonlocal():
    last = None

    def with_nonlocal(x):
        nonlocal last  # here
        last = x
        return x.sum()

    return with_nonlocal


def with_walrus(x):
    return (y := x.sum()) * y  # here


def with_class(x):
    class Inner:  # here
        pass

    return x.sum()


def with_match(x):
    match x.sum():  # here
        case 1.0:
            return x.sum()
    return x.sum()


@pytest.mark.parametrize(
    ("fun", "what"),
    [
        (with_try, "try/except"), (with_yield, "yield"), (with_async, "async"), (with_with, "`with`"),
        (with_global, "a write to a global"), (make_nonlocal(), "nonlocal"), (with_walrus, ":="),
        (with_class, "a class definition"), (with_match, "match on a traced value"),
    ],
)  # fmt: skip
def test_a_statement_is_named(fun: Any, what: str) -> None:
    assert what in refusal_here(NotImplementedError, gr.grad(fun), A)


def test_a_statement_of_a_function_that_is_called() -> None:
    text = refusal(NotImplementedError, gr.grad(lambda x: with_try(x) * 2), A)
    assert text.endswith("try:  # here")


def test_a_with_of_errstate_is_fine() -> None:
    def f(x):
        with np.errstate(all="ignore"):
            return np.log(x).sum()

    assert gr.grad(f)(np.ones(2)).tolist() == [1.0, 1.0]


def test_a_traced_value_where_python_needs_it() -> None:
    names = ["a", "b"]

    def f(x):
        return x * len(names[int(x)])  # here

    message = refusal_here(TypeError, gr.grad(f), 1.0)
    assert "needs the value of a traced number" in message

    def to_numpy(x):
        return np.sum(np.linalg.inv(np.asarray([x, x]).tolist()))  # here

    refusal_here(gr.GradirError, gr.grad(to_numpy), 1.0)


def test_a_complex_number() -> None:
    def f(x):
        return np.sum(x * 1j)  # here

    assert "complex" in refusal_here(NotImplementedError, gr.grad(f), A)


def test_vjp_in_traced_code() -> None:
    def f(x):
        return gr.vjp(np.sin, x)[0]  # here

    assert "use gr.grad there" in refusal_here(NotImplementedError, gr.grad(f), 1.0)
