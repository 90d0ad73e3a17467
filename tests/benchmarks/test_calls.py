"""The calls that are timed give what Rosenbrock's gradient is, and the section is printed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import calls
from benchmarks.command import main


@pytest.mark.filterwarnings("ignore")  # of Numba, about its own deprecations
def test_calls_from_numba_agree() -> None:
    found = [call() for call in calls.from_numba().values()]
    assert found[0] == pytest.approx(found[1], rel=1e-12)


@pytest.mark.parametrize("style", calls.STYLES, ids=lambda s: s.title)
def test_calls_are_timed_without_python(style: calls.Style) -> None:
    import gradir as gr

    f = gr.value_and_grad(style.function(np))
    for _ in range(4):
        f(*style.arguments, **style.keywords)
    assert f._entries.hits == 2


@pytest.mark.filterwarnings("ignore")  # of Numba, about its own deprecations
def test_the_section_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(calls, "STYLES", calls.STYLES[:1])
    assert main(["--calls", "--quick"]) == 0
    out = capsys.readouterr().out
    assert "## Calls" in out
    assert "| an array (Rosenbrock, n = 10) |" in out
