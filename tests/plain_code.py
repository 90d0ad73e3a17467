"""Machine code that LLVM has not optimised: for tests of what comes before LLVM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

import pytest
from gradir.runtime import compile as compiling


@contextmanager
def plain_code() -> Iterator[None]:
    """Compile graphs to plain machine code: that takes a tenth of the time, and runs several times slower."""
    with patch.object(compiling, "generate", partial(compiling.generate, level=0)):
        yield


@pytest.fixture(autouse=True)
def in_plain_code() -> Iterator[None]:
    """Every test of a folder whose conftest.py imports this."""
    with plain_code():
        yield
