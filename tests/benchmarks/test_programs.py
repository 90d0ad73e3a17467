"""Every benchmark program has one gradient, whoever computes it; nothing here is timed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import memory, programs
from benchmarks.agreement import check_agreement
from benchmarks.contestants import CONTESTANTS, Contestant, primal
from benchmarks.program import Arguments, Program
from benchmarks.registry import NAMES, PROGRAMS

FOLDER = Path(programs.__file__).parent
# torch.compile runs the functions that PyTorch runs, and takes seconds for each.
QUICK = [c for c in CONTESTANTS if c.name != "torch.compile"]


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert len({p.title for p in PROGRAMS}) == len(PROGRAMS)


def test_every_file_has_a_program_and_every_program_a_file() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    every = (*PROGRAMS, *memory.PROGRAMS)
    assert {p.function.__module__.rpartition(".")[2] for p in every} == files


@pytest.mark.parametrize("contestant", QUICK, ids=lambda c: c.name)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the peers
def test_gradients_agree_with_those_by_hand(program: Program, contestant: Contestant) -> None:
    if not contestant.installed:
        pytest.skip(f"{contestant.package} is not installed")
    arguments = program.arguments(program.small)
    contestant.settle()
    step = contestant.prepare(program, arguments)
    if step is None:
        pytest.skip(f"{program.name} is not written for {contestant.name}")
    check_agreement(contestant.name, step(), program.by_hand(*arguments))


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.without_gradient is None], ids=lambda p: p.name)
def test_gradients_by_hand_agree_with_finite_differences(program: Program) -> None:
    arguments = program.arguments(program.small)
    value, gradients = program.by_hand(*arguments)
    assert value == pytest.approx(program.function(*arguments), rel=1e-12)
    for k, gradient in zip(program.wrt, gradients, strict=True):
        direction = np.random.default_rng(k).normal(size=np.shape(arguments[k]))
        slope = (
            along(program, arguments, k, 1e-6 * direction) - along(program, arguments, k, -1e-6 * direction)
        ) / 2e-6
        assert np.sum(gradient * direction) == pytest.approx(slope, rel=1e-6, abs=1e-8)


def along(program: Program, arguments: Arguments, k: int, step: Any) -> float:
    return float(program.function(*arguments[:k], arguments[k] + step, *arguments[k + 1 :]))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
def test_the_compiled_primal_is_the_function(program: Program) -> None:
    arguments = program.arguments(program.small)
    compiled = primal(program, arguments)()
    function = program.without_gradient or program.function
    check_agreement("primal", (compiled, ()), (function(*arguments), ()))


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.in_loops], ids=lambda p: p.name)
def test_the_loops_for_numba_are_the_function(program: Program) -> None:
    arguments = program.arguments(program.small)
    assert program.in_loops is not None
    check_agreement("loops", (program.in_loops(*arguments), ()), (program.function(*arguments), ()))


def test_arguments_are_the_same_at_every_call() -> None:
    for program in PROGRAMS:
        again = zip(program.arguments(program.small), program.arguments(program.small), strict=True)
        assert all((a == b).all() if hasattr(a, "all") else a == b for a, b in again)


@pytest.mark.parametrize("contestant", QUICK, ids=lambda c: c.name)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the peers
def test_a_donated_argument_is_replaced_by_its_gradient(contestant: Contestant) -> None:
    program = next(p for p in PROGRAMS if p.donate)
    arguments = program.arguments(program.small)
    before = [x.copy() for x in arguments]
    if not contestant.installed:
        pytest.skip(f"{contestant.package} is not installed")
    contestant.settle()
    step = contestant.prepare(program, arguments)
    if step is None or contestant.name == "by hand":
        pytest.skip(f"{contestant.name} has no such program, or no use for the memory")
    first = step()[1][0]
    given = np.array(first.detach() if hasattr(first, "detach") else first)
    second = program.by_hand(given, arguments[1])
    check_agreement(contestant.name, step(), second)
    assert all((a == b).all() for a, b in zip(arguments, before, strict=True))
