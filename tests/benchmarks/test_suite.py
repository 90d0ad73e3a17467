"""A program is measured beside its primals and, where need be, a copy; wrong results end the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.agreement import DisagreementError
from benchmarks.contestants import GRADIR, Contestant
from benchmarks.program import Arguments, Gradients, Program, Step
from benchmarks.results import COPY, NUMBA_PRIMAL, PRIMAL
from benchmarks.stream import copy
from benchmarks.suite import Effort, grow, run, run_program
from benchmarks.threads import thread_count

EFFORT = Effort(rounds=2, first_calls=2, sizes=(3, 5))


def half_square(x: Any) -> Any:
    return 0.5 * np.sum(x**2)


def by_hand(x: Any) -> tuple[Any, Gradients]:
    return 0.5 * np.sum(x**2), (x.copy(),)


PROGRAM = Program(
    name="half-square",
    title="Half square",
    arguments=lambda n: (np.arange(1.0, n + 1.0),),
    size=7,
    small=2,
    wrt=(0,),
    function=half_square,
    by_hand=by_hand,
    torch_compile="it is slow",
)


def contestant(results: Callable[[Arguments], Iterator[Any]]) -> Contestant:
    """Return one that gives these results, call for call."""

    def prepare(_: Program, arguments: Arguments) -> Step:
        left = results(arguments)
        return lambda: next(left)

    return Contestant("other", "numpy", lambda: None, prepare)


def test_what_is_measured() -> None:
    program = replace(PROGRAM, in_loops=half_square)
    found = run_program(program, [GRADIR], EFFORT)
    assert set(found.calls) == {PRIMAL, NUMBA_PRIMAL, "gradir"}
    assert {len(samples) for samples in found.calls.values()} == {2}
    assert len(found.first["gradir"]) == 2
    assert found.contestants == ["gradir"]
    assert found.notes == ("torch.compile is left out: it is slow",)


def test_memory_is_measured_beside_a_copy() -> None:
    found = run_program(replace(PROGRAM, donate=(0,), traffic=16), [GRADIR], EFFORT)
    assert COPY in found.calls
    assert found.traffic == 16


def test_a_wrong_first_result_is_refused() -> None:
    wrong = contestant(lambda a: iter([(1.0, a)]))
    with pytest.raises(DisagreementError, match=r"^Half square, other: value"):
        run_program(PROGRAM, [GRADIR, wrong], replace(EFFORT, first_calls=1))


def test_a_wrong_second_result_is_refused() -> None:
    wrong = contestant(lambda a: iter([by_hand(*a), (1.0, a)]))
    with pytest.raises(DisagreementError, match=r"^Half square, other, called again: value"):
        run_program(PROGRAM, [GRADIR, wrong], replace(EFFORT, first_calls=1))


def test_each_program_is_told_when_it_is_done() -> None:
    told: list[str] = []
    found = run([PROGRAM], [GRADIR], EFFORT, lambda outcome: told.append(outcome.name))
    assert told == [x.name for x in found] == ["half-square"]


def test_growth_has_every_size() -> None:
    assert [x.size for x in grow([PROGRAM], [GRADIR], EFFORT)] == [3, 5]


def test_every_thread_copies_a_part() -> None:
    assert copy(5)() == [None] * thread_count()
