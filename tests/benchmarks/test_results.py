"""JSON holds all of a run, and is what `docs/measuring.md` says."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from benchmarks.paths import DOCS
from benchmarks.results import as_json, from_json, joined
from benchmarks.verdicts import as_data, judge
from tests.benchmarks.made_up import RESULTS


def written() -> str:
    return as_json(RESULTS, [as_data(v) for v in judge(RESULTS)])


def test_what_is_written_is_what_is_read() -> None:
    assert from_json(written()) == RESULTS
    assert as_json(from_json(written()), json.loads(written())["targets"]) == written()


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="these results have schema 0; this suite reads 1"):
        from_json(written().replace('"schema": 1', '"schema": 0'))


def test_parts_of_a_run_are_put_together() -> None:
    parts = [replace(RESULTS, programs=(x,), starts=(), growth=()) for x in RESULTS.programs]
    parts.append(replace(RESULTS, programs=()))
    assert joined(parts) == RESULTS
    with pytest.raises(ValueError, match=f"measured twice: {RESULTS.programs[0].name}"):
        joined([parts[0], RESULTS])
    with pytest.raises(ValueError, match="different machines, versions or options"):
        joined([parts[0], replace(parts[1], quick=True)])


def test_the_documented_keys_are_those_that_there_are() -> None:
    page = (DOCS / "measuring.md").read_text(encoding="utf-8").partition("## The figures as JSON")[2]
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    documented = {key for row in rows for key in re.findall(r"`([^`]+)`", row)}
    data = json.loads(written())
    keys = {*data}
    for name in ("programs", "targets"):
        keys |= {f"{name}[].{key}" for key in data[name][0]}
    keys |= {f"machine.{key}" for key in data["machine"]}
    assert documented == keys


def test_starts_and_growth_are_like_programs() -> None:
    data = json.loads(written())
    assert set(data["programs"][0]) == set(data["starts"][0]) == set(data["growth"][0])
