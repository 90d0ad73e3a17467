"""What every test may ask for: golden texts, renewed by `pytest --update-golden`; a disk cache of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run: a failure elsewhere is a failure here.
settings.register_profile(
    "gradir", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gradir")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the texts that tests produce over the golden ones"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let the run, with all its processes, begin with an empty cache and leave the user's alone."""
    if not hasattr(config, "workerinput"):  # those of pytest-xdist share the folder
        folder = tempfile.mkdtemp(prefix="gradir-cache-")
        os.environ["GRADIR_CACHE_DIR"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    for name in ("GRADIR_CACHE", "GRADIR_CACHE_SIZE"):
        os.environ.pop(name, None)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with the file `golden/NAME` beside the test: `golden("loop.txt", text)`."""
    folder = Path(request.path).parent / "golden"

    def check(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--update-golden"):
            folder.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} does not exist: run pytest --update-golden"
        assert text == path.read_text(encoding="utf-8")

    return check
