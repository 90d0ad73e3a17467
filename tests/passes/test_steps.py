"""Steps of straight code: which states are there when each is reversed, against binomial schedules."""

from __future__ import annotations

import pytest
from gradir.passes.binomial import extra_turns
from gradir.passes.steps import Steps


def steps_run_again(steps: Steps, count: int) -> int:
    """Reverse steps in thought; each begins with the state before it, the last one where the primal is."""
    there, again = {0, *steps.states[-1]}, 0
    for k in reversed(range(count - 1)):
        before = steps.ends[k - 1] if k else 0
        again += before - max(place for place in there if place <= before)
        there = {0, *steps.states[k]}
    return again


@pytest.mark.parametrize("slots", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 16, 40])
def test_slots_are_used_as_well_as_can_be(count: int, slots: int) -> None:
    steps = Steps.with_slots(range(1, count + 1), slots)
    assert len(steps.states) == count
    assert max(map(len, steps.states)) <= slots - 1
    for k, states in enumerate(steps.states):
        assert all(place in steps.ends[:k] for place in states)
    primal = count - 1
    assert primal + steps_run_again(steps, count) == extra_turns(count, slots)


def test_segments() -> None:
    steps = Steps.in_segments([3, 5, 6, 9, 10, 14, 15, 20, 30])
    assert steps.ends == (6, 14)
    assert steps.states == ((6, 14),) * 3
    assert [steps.of(place) for place in (0, 6, 7, 14, 15, 99)] == [0, 0, 1, 1, 2, 2]


def test_nothing_to_save() -> None:
    assert Steps.in_segments([]) == Steps.with_slots([], 4) == Steps()
    assert Steps().of(7) == 0
