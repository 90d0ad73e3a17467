"""Generated programs: each matches NumPy and its finite differences, or is refused at a line of it."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext

import pytest

from tests.plain_code import plain_code

from .campaign import campaign
from .checkpoints import checkpointed
from .large import small_as_large

PROGRAMS, CHUNK = 1040, 40
MOST_REFUSED = (
    0.35  # of a chunk; a seventh of all: variables of one branch, branches that would decide a dtype
)


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_programs(first: int, capsys: pytest.CaptureFixture[str]) -> None:
    chunk = first // CHUNK
    large, optimised = chunk % 2 == 1, chunk // 2 % 3 == 1  # LLVM takes two thirds of the time
    with small_as_large() if large else nullcontext(), nullcontext() if optimised else plain_code():
        statistics = campaign(range(first, first + CHUNK))
    with capsys.disabled():
        print(f"\n{statistics}")
    assert not statistics.failures, "\n".join(statistics.failures)
    assert statistics.kinds["refused"] < MOST_REFUSED * CHUNK
    assert statistics.checked >= 3 * CHUNK


def test_programs_with_checkpointed_loops(capsys: pytest.CaptureFixture[str]) -> None:
    with plain_code():
        statistics = campaign(range(30000, 30000 + CHUNK), change=checkpointed)
    with capsys.disabled():
        print(f"\n{statistics}")
    assert not statistics.failures, "\n".join(statistics.failures)
    assert statistics.kinds["refused"] < MOST_REFUSED * CHUNK


def test_a_campaign_is_the_same_each_time() -> None:
    first, second = campaign(range(40, 44)), campaign(range(40, 44))
    assert str(first) == str(second)
    assert first.programs == 4
    assert first.kinds == Counter(match=4)
