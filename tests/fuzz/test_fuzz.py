"""Generated programs: each matches NumPy and its finite differences, or is refused at a line of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from .campaign import campaign
from .differences import Gap, compare_gradients
from .generate import generate
from .minimise import minimise
from .oracle import judge
from .program import Program

PROGRAMS, CHUNK = 320, 20
MOST_REFUSED = 0.15


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_programs(first: int, capsys: pytest.CaptureFixture[str]) -> None:
    statistics = campaign(range(first, first + CHUNK))
    with capsys.disabled():
        print(f"\n{statistics}")
    assert not statistics.failures, "\n".join(statistics.failures)
    # of so few, chance may have a few more refused than of all
    assert statistics.kinds["refused"] <= 2 * MOST_REFUSED * CHUNK
    assert statistics.checked >= CHUNK
