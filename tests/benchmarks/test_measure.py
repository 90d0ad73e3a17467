"""Contestants take turns; medians and quartiles are those of the samples."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from itertools import count

import pytest

from benchmarks.measure import Spread, interleaved, ratios, rest, spread, timed


def test_spread_is_the_quartiles() -> None:
    assert spread([4.0, 1.0, 3.0, 2.0, 5.0]) == Spread(2.0, 3.0, 4.0)
    assert spread([7.0]) == Spread(7.0, 7.0, 7.0)


def test_ratios_are_of_samples_of_the_same_round() -> None:
    assert ratios([2.0, 9.0], [1.0, 3.0]) == [2.0, 3.0]


def test_a_budget_leaves_three_rounds() -> None:
    samples = interleaved({"a": lambda: None}, rounds=5, budget=0.0)
    assert len(samples["a"]) == 3
    assert len(interleaved({"a": lambda: None}, rounds=2, budget=0.0)["a"]) == 2


def test_a_sample_waits_for_threads_that_are_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    busy, slept = iter([0.0, 0.005, 0.005, 0.012, 0.012, 0.0121]), list[float]()
    monkeypatch.setattr(time, "process_time", lambda: next(busy))
    monkeypatch.setattr(time, "sleep", slept.append)
    rest()
    assert slept == [0.005] * 3
    monkeypatch.setattr(time, "process_time", partial(next, count()))
    rest()
    assert sum(slept[3:]) == pytest.approx(0.2), "not for ever"


def test_a_call_is_timed_with_its_result() -> None:
    taken, result = timed(lambda: 7)
    assert taken >= 0.0
    assert result == 7


def test_every_contestant_has_a_sample_in_every_round() -> None:
    calls: Counter[str] = Counter()

    def called(name: str) -> None:
        calls[name] += 1

    samples = interleaved({"a": partial(called, "a"), "b": partial(called, "b")}, rounds=3)
    assert {name: len(found) for name, found in samples.items()} == {"a": 3, "b": 3}
    assert all(x > 0.0 for found in samples.values() for x in found)
    assert min(calls.values()) > 6
