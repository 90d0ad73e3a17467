"""Exceptions: each is a GradirError and the built-in that fits, and points at the user's line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from gradir import errors
from gradir.ir.graph import Loc
from gradir.ir.operation import TypeRuleError


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.ParseError, ValueError),
        (errors.VerifyError, ValueError),
        (errors.TraceError, TypeError),
        (errors.UnsupportedError, NotImplementedError),
        (errors.ShapeError, ValueError),
        (errors.GradientError, TypeError),
        (errors.EscapedTracerError, RuntimeError),
        (errors.CheckError, AssertionError),
        (errors.NoSourceError, TypeError),
        (errors.StaleSourceError, TypeError),
        (TypeRuleError, ValueError),
    ],
)
def test_each_is_also_a_builtin(error: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(error, errors.GradirError)
    assert issubclass(error, builtin)
    assert str(error("what")).endswith("what")


def test_the_user_s_line_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text("def f(x):\n    return x + y\n")
    error = errors.ShapeError("shapes differ", loc=Loc(str(file), 2, "f"))
    assert str(error) == f"shapes differ\n  at {file}:2 in f\n    return x + y"
    assert error.message == "shapes differ"
    assert error.loc == Loc(str(file), 2, "f")


def test_a_line_that_cannot_be_read_is_left_out() -> None:
    assert str(errors.TraceError("no", loc=Loc("<stdin>", 3))) == "no\n  at <stdin>:3"
    assert str(errors.TraceError("no")) == "no"


def test_a_parse_error_has_its_place() -> None:
    error = errors.ParseError("odd", line=2, column=5, source="abc d")
    assert str(error) == "line 2, column 5: odd\n  abc d\n      ^"
    assert (error.line, error.column) == (2, 5)


def test_a_long_line_is_cut_around_the_place() -> None:
    error = errors.ParseError("odd", column=5001, source="x" * 5000 + "y" + "z" * 5000)
    _, source, carets = str(error).split("\n")
    assert len(source) < 200
    assert source[carets.index("^")] == "y"


@pytest.mark.parametrize(
    "error",
    [
        errors.ShapeError("a", loc=Loc("<stdin>", 3)),
        errors.ParseError("odd", line=2, column=5, source="abc d"),
    ],
)
def test_errors_survive_pickling(error: errors.GradirError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
