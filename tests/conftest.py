"""What every test may ask for: golden texts, renewed by `pytest --update-golden`; a disk cache."""

from __future__ import annotations

import os
import sys
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


def pytest_configure() -> None:
    """Leave the user's disk cache alone, and test what the code at hand compiles."""
    os.environ["GRADIR_CACHE"] = "0"


@pytest.fixture
def disk_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty disk cache that is used, even if a source of gradir's has just been saved."""
    from gradir import sources
    from gradir.runtime import code_key

    for name in ("GRADIR_CACHE", "GRADIR_CACHE_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRADIR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "_IMPORTED", sys.maxsize)
    code_key.surroundings.cache_clear()
    return tmp_path / "cache"


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
