"""A target is met or not by the median of the ratio that it bounds; what was not measured is neither."""

from __future__ import annotations

import pytest

from benchmarks.contestants import CONTESTANTS
from benchmarks.measure import Spread
from benchmarks.registry import PROGRAMS
from benchmarks.results import COPY, NUMBA_PRIMAL, PRIMAL, Outcome, Results
from benchmarks.targets import (
    TARGETS,
    AtMost,
    Bandwidth,
    Faster,
    Fastest,
    Goal,
    Linear,
    Target,
    Within,
    compared_with,
    described,
)
from benchmarks.verdicts import PEERS, Verdict, as_data, judge, measured
from tests.benchmarks.made_up import MACHINE

STARTS = {"rosenbrock-inside", "straight-line-3000", "straight-line-30000", "warm-start", "import"}
CALLS = {
    PRIMAL: [1.0, 1.0, 1.1],
    NUMBA_PRIMAL: [0.9, 0.8, 1.0],
    COPY: [1.0, 1.0, 1.0],
    "gradir": [2.0, 2.0, 2.2],
    "by hand": [0.5, 0.5, 0.5],
    "JAX": [6.0, 7.0, 6.6],
    "PyTorch": [1.95, 1.95, 4.0],
}


def verdict(goal: Goal, calls: dict[str, list[float]] = CALLS, first: bool = False) -> Verdict:
    outcome = Outcome("mlp", "MLP", 30, calls, {"gradir": [0.2]}, traffic=24)
    smaller = Outcome("lstm", "LSTM", 3, {}, {"gradir": [0.01]})
    (found,) = judge(Results(MACHINE, (outcome, smaller)), (Target("mlp", goal, first),))
    return found


@pytest.mark.parametrize(
    ("goal", "ratio", "met"),
    [
        (AtMost(2.0), 1.0, True),
        (AtMost(1.9), 2.0 / 1.9, False),
        (Faster("JAX", 3.0), 3.0, True),
        (Faster("JAX", 3.1), 3.0, False),
        (Fastest(("JAX", "PyTorch")), 0.975, False),
        (Fastest(("JAX", "PyTorch"), share=0.05), 0.975, True),
        (Fastest(("JAX", "PyTorch"), share=0.02), 0.975, False),
        (Fastest(("JAX",)), 3.0, True),
        (Within(PRIMAL, 2.0), 2.0, True),
        (Within(PRIMAL, 1.9), 2.0, False),
        (Within(NUMBA_PRIMAL, 1.2, what=PRIMAL), 10 / 9, True),
        (Within(NUMBA_PRIMAL, 1.1, what=PRIMAL), 10 / 9, False),
        (Bandwidth(0.7), 0.75, True),
        (Bandwidth(0.8), 0.75, False),
    ],
)
def test_a_goal_holds_or_not(goal: Goal, ratio: float, met: bool) -> None:
    found = verdict(goal)
    assert found.ratio is not None
    assert found.ratio.median == pytest.approx(ratio)
    assert found.met is met
    assert found.absent == ()


@pytest.mark.parametrize(("times", "met"), [(2.0, True), (1.9, False)])
def test_growth_is_by_the_operation(times: float, met: bool) -> None:
    found = verdict(Linear("lstm", times), first=True)
    assert found.ratio == Spread(*[pytest.approx(2.0)] * 3)
    assert found.met is met


def test_ratios_are_of_the_same_rounds() -> None:
    assert verdict(Faster("JAX", 3.0)).ratio == Spread(*map(pytest.approx, (3.0, 3.0, 3.25)))


def test_the_best_peer_is_the_fastest_one_that_a_user_may_take() -> None:
    found = verdict(AtMost(2.0))
    assert (found.peer, found.best) == ("PyTorch", Spread(1.95, 1.95, 2.975))
    assert verdict(Within(NUMBA_PRIMAL, 1.2, what=PRIMAL)).peer == NUMBA_PRIMAL
    assert verdict(AtMost(2.0), {"gradir": [1.0], "by hand": [0.5]}).peer == ""


def test_absent_peers_are_told() -> None:
    some = {name: x for name, x in CALLS.items() if name != "PyTorch"}
    found = verdict(Fastest(("JAX", "PyTorch")), some)
    assert (found.met, found.absent) == (True, ("PyTorch",))


@pytest.mark.parametrize(
    "goal", [Faster("JAX", 3.0), Fastest(("JAX",)), Within(NUMBA_PRIMAL, 1.2), Bandwidth(0.7)]
)
def test_without_its_peer_a_target_is_neither_met_nor_missed(goal: Goal) -> None:
    found = verdict(goal, {"gradir": [1.0]})
    assert (found.met, found.ratio, found.absent) == (None, None, compared_with(goal))
    assert found.measured is not None


def test_without_gradir_nothing_was_measured() -> None:
    found = verdict(AtMost(1.0), {"JAX": [1.0]})
    assert (found.met, found.measured) == (None, None)
    assert measured([found]) == []


def test_targets_name_what_there_is() -> None:
    programs = {p.name: p for p in PROGRAMS}
    contestants = {c.name for c in CONTESTANTS}
    assert set(PEERS) < contestants
    for target in TARGETS:
        assert target.outcome in {*programs, *STARTS}
        assert target.title or target.outcome in programs
        assert set(compared_with(target.goal)) <= {*contestants, PRIMAL, NUMBA_PRIMAL, COPY}
        if isinstance(target.goal, Within) and target.goal.of == NUMBA_PRIMAL:
            assert programs[target.outcome].in_loops is not None
        if isinstance(target.goal, Faster):
            assert programs[target.outcome].jax is not None
        if isinstance(target.goal, Bandwidth):
            assert programs[target.outcome].traffic
        if isinstance(target.goal, Linear):
            assert target.goal.of in STARTS


def test_peers_written_by_hand_are_there_where_a_target_names_them() -> None:
    for target in TARGETS:
        if isinstance(target.goal, Fastest) and "by hand, Numba" in target.goal.peers:
            assert next(p for p in PROGRAMS if p.name == target.outcome).numba is not None


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (AtMost(2e-6), "at most 2 µs"),
        (AtMost(0.2), "at most 0.2 s"),
        (Faster("JAX", 3.0), "at least 3 times faster than JAX"),
        (Fastest(("JAX",)), "faster than all"),
        (Fastest(("JAX",), 0.05), "within 5% of the fastest"),
        (Within(PRIMAL, 2.2), "within 2.2 times gradir's primal"),
        (Within(NUMBA_PRIMAL, 1.2, what=PRIMAL), "gradir's primal within 1.2 times Numba's primal"),
        (Bandwidth(0.7), "at least 70% of a copy's bytes a second"),
        (Linear("short", 1.25), "linear: an operation within 1.25 times that of short"),
    ],
)
def test_goals_in_words(goal: Goal, words: str) -> None:
    assert described(goal) == words


def test_a_verdict_as_data() -> None:
    assert as_data(verdict(AtMost(2.0))) == {
        "outcome": "mlp",
        "title": "MLP, 64 x 784 x 128 x 10",
        "target": "at most 2 s",
        "peer": "PyTorch",
        "peer_seconds": 1.95,
        "seconds": 2.0,
        "ratio": [1.0, 1.0, 1.05],
        "met": True,
        "absent": [],
    }
