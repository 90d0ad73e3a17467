"""Never silently wrong: patterns that trip differentiation up are right, or refused as their case says."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.corpus.case import Case
from tests.corpus.checker import check

THEMES = """
    algorithms aliases bad_indices branches closures early_exits in_place_calls iterating lists loops
    nested_exits overwrites recurrences shape_views side_effects slices states unassigned unassigned_objects
    views whiles windows
""".split()

CASES = [
    pytest.param(case, id=f"{theme}-{case.name}")
    for theme in THEMES
    for case in import_module(f"tests.corpus.{theme}").CASES
]
PENDING = [
    pytest.param(case, id=f"{theme}-{case.name}", marks=pytest.mark.skip(reason="does not work yet"))
    for theme in THEMES
    for case in import_module(f"tests.corpus.{theme}").PENDING
]


@pytest.mark.parametrize("case", [*CASES, *PENDING])
def test_right_or_refused(case: Case) -> None:
    check(case)
