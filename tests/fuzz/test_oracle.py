"""The fuzzer finds what it is to find: planted errors are seen, and made small."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .arguments import LAYOUTS, laid_out
from .campaign import limited, report
from .generate import generate
from .minimise import minimise
from .oracle import differs, judge
from .program import PRELUDE, Program, copy_array, function_of

ARGUMENTS = ((np.array([0.3, -0.2]), 1.5, 1), (np.array([0.1, 0.4]), -0.5, 0))


def program(body: str, wild: tuple[Any, ...] = ARGUMENTS[0]) -> Program:
    source = PRELUDE + f"def f(x, s, n):\n    {body}\n"
    return Program(0, source, ARGUMENTS, (wild,), (0, 1), has_aux=False)


def verdict(folder: Path, body: str, **more: Any) -> str:
    return judge(program(body, **more), folder).kind


def test_a_right_program_matches(tmp_path: Path) -> None:
    found = judge(program("return np.sum(x * s) + s ** 2"), tmp_path)
    assert (found.kind, found.checked) == ("match", 8)


def test_a_refusal_has_its_reason(tmp_path: Path) -> None:
    found = judge(program("return np.sum(np.sort(x)) * s"), tmp_path)
    assert (found.kind, found.reason) == ("refused", "np.sort is not supported on traced values")
    found = judge(program("return x * s"), tmp_path)  # an error of the whole function, at none of its lines
    assert found.kind == "refused without a line"


class Changed:
    """A transformed function whose results or errors are replaced."""

    def __init__(self, g: Any, change: Callable[[Any], Any]) -> None:
        self.g = g
        self.inspect = g.inspect
        self.change = change

    def __call__(self, *args: Any) -> Any:
        try:
            return self.change(self.g(*args))
        except gr.GradirError as error:
            raise self.change(error) from None


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any], Any]], None]:
    """Make gradir wrong."""
    right = gr.value_and_grad

    def install(change: Callable[[Any], Any]) -> None:
        monkeypatch.setattr(gr, "value_and_grad", lambda *args, **more: Changed(right(*args, **more), change))

    return install


def test_a_wrong_value_is_seen(tmp_path: Path, change: Any) -> None:
    change(lambda found: (found[0] * 1.001, found[1]))
    found = judge(program("return np.sum(x * s)"), tmp_path)
    assert found.kind == "wrong"
    assert "the result, leaf 0" in found.detail


def test_a_wrong_gradient_is_seen(tmp_path: Path, change: Any) -> None:
    change(lambda found: (found[0], (found[1][0], found[1][1] * 1.01)))
    found = judge(program("return np.sum(x * s)"), tmp_path)
    assert found.kind == "wrong gradient"
    assert "the derivative by leaf 0 of argument 1" in found.detail


def test_a_gradient_of_another_type_is_seen(tmp_path: Path, change: Any) -> None:
    change(lambda found: (found[0], (found[1][0], np.float64(found[1][1]))))
    assert verdict(tmp_path, "return np.sum(x * s)") == "wrong gradient"
    change(lambda found: (found[0], (found[1][0].astype(np.float32), found[1][1])))
    assert verdict(tmp_path, "return np.sum(x * s)") == "wrong gradient"


def test_a_wrong_error_is_seen(tmp_path: Path, change: Any) -> None:
    wild = (np.array([0.3, -0.2]), 1.5, 7)
    assert verdict(tmp_path, "return x[n] * s", wild=wild) == "match"
    change(lambda found: gr.ShapeError("no", loc=found.loc) if isinstance(found, Exception) else found)
    found = judge(program("return x[n] * s", wild=wild), tmp_path)
    assert found.kind == "wrong"
    assert "Python raises IndexError" in found.detail


def test_a_refusal_is_no_wrong_error(tmp_path: Path, change: Any) -> None:
    wild = (np.array([0.3, -0.2]), 1.5, 7)
    change(lambda found: gr.TraceError("no", loc=found.loc) if isinstance(found, Exception) else found)
    assert judge(program("return x[n] * s", wild=wild), tmp_path).kind == "refused"
    text = "cannot access local variable 'x' where it is not associated with a value"
    change(lambda found: gr.UnboundError(text, loc=found.loc) if isinstance(found, Exception) else found)
    assert judge(program("return x[n] * s", wild=wild), tmp_path).kind == "wrong"


def test_a_refusal_at_a_line_of_no_statement_is_seen(tmp_path: Path, change: Any) -> None:
    change(lambda found: gr.ShapeError("no", loc=dataclasses.replace(found.loc, line=1)))
    assert verdict(tmp_path, "return np.sum(np.sort(x)) * s") == "refused without a line"
    change(lambda found: found)
    assert verdict(tmp_path, "return np.sum(np.sort(x)) * s") == "refused"


def test_a_crash_is_seen(tmp_path: Path, change: Any) -> None:
    change(lambda found: found[5])
    found = judge(program("return np.sum(x * s)"), tmp_path)
    assert found.kind == "crash"
    assert "IndexError: tuple index out of range" in found.detail


def test_an_error_in_a_branch_that_is_not_taken_is_the_program_s(tmp_path: Path) -> None:
    body = "if s > 100.0:\n        s = s.nonsense\n    return s * 2.0"
    found = judge(program(body), tmp_path)
    assert (found.kind, found.reason) == ("refused", "an error in a branch that is not taken")


def test_the_text_of_an_int_is_its_own(tmp_path: Path) -> None:
    assert verdict(tmp_path, "return s * len(str(n)) * len(repr(n + 100)) * len(f'{n}')") == "match"


def test_a_kink_is_passed_over(tmp_path: Path) -> None:
    assert judge(program("return abs(s - s) + np.max(x) * s"), tmp_path).kind == "match"
    found = judge(program("return np.maximum(s - 1.5, 0.0) + np.sum(x)"), tmp_path)
    assert found.kind == "match"
    assert found.checked < 8


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (1.0, np.float64(1.0)), (np.ones(2), np.ones(2, np.float32)), (np.ones(2), np.ones((2, 1))),
        (1, True),
        (np.ones(2), [1.0, 1.0]), ((1.0,), [1.0]), (1.0, 1.0 + 1e-6), (np.float64("nan"), np.float64(1.0)),
        (np.array(1.0), np.float64(1.0)), (np.array([1, 2]), np.array([1, 3])),
    ],
)  # fmt: skip
def test_results_that_differ(actual: Any, expected: Any) -> None:
    assert differs(actual, expected, single=False)
    assert not differs(expected, expected, single=False)


def test_numbers_of_two_kinds_may_meet_in_a_branch() -> None:
    assert differs(np.float64(1.0), 1.0, single=False)
    assert not differs(np.float64(1.0), 1.0, single=False, joined=True)
    assert differs(1.0, np.float64(1.0), single=False, joined=True)


def test_a_failing_program_is_made_small() -> None:
    body = "a = 1\n    for i in range(3):\n        if a:\n            b = [math.sin(a + i)]\n    return a"
    small = minimise(program(body).source, lambda text: "math.sin" in text and "def f" in text)
    ast.parse(small)
    assert len(small.splitlines()) <= 4
    assert "for" not in small


def test_a_smaller_program_that_does_not_end_is_none() -> None:
    endless = function_of("def f():\n    while True:\n        pass\n")
    with pytest.raises(TimeoutError), limited(0.2):
        endless()


def test_a_report_can_be_replayed(tmp_path: Path, change: Any) -> None:
    change(lambda found: (found[0] + 1.0, found[1]))
    wrong = program("y = x * 2\n    for i in range(2):\n        y = y * s\n    return np.sum(y)")
    text = report(wrong, judge(wrong, tmp_path), tmp_path, compiled=True, small=True)
    assert "replay: python -m tests.fuzz --seed 0 --count 1" in text
    assert "for" not in text.split("def f")[1]


@pytest.mark.parametrize("seed", range(0, 60, 7))
def test_a_program_is_the_same_each_time_and_runs(seed: int) -> None:
    first, second = generate(seed), generate(seed)
    assert first.source == second.source
    f = function_of(first.source)
    with np.errstate(all="ignore"):
        for k in range(len(first.arguments)):
            f(*first.fresh(k))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_copied_array_has_the_same_layout(layout: str) -> None:
    x = laid_out(np.arange(6.0).reshape(2, 3), layout)
    y = copy_array(x)
    assert (y.strides, y.flags.writeable, y.tolist()) == (x.strides, x.flags.writeable, x.tolist())
    assert not np.may_share_memory(x, y)
