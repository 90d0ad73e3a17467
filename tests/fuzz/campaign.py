"""Running many programs: statistics, and failing ones made small."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .generate import generate
from .minimise import minimise
from .oracle import Verdict, judge
from .program import Program, function_of


@dataclass
class Statistics:
    """What came of the programs so far."""

    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def programs(self) -> int:
        return sum(self.kinds.values())

    def __str__(self) -> str:
        lines = [
            f"{self.programs} programs: " + ", ".join(f"{n} {kind}" for kind, n in self.kinds.most_common())
        ]
        lines.append(f"{self.checked} directional derivatives compared with differences")
        lines += [f"  refused {n:4d}: {reason}" for reason, n in self.reasons.most_common()]
        return "\n".join([*lines, *self.failures])


def campaign(seeds: Iterable[int], *, compiled: bool = True, small: bool = True) -> Statistics:
    """Judge the programs of some seeds."""
    statistics = Statistics()
    with tempfile.TemporaryDirectory(prefix="gradir-fuzz-") as folder:
        for seed in seeds:
            program = generate(seed)
            verdict = judge(program, Path(folder), compiled=compiled)
            statistics.kinds[verdict.kind] += 1
            statistics.checked += verdict.checked
            if verdict.kind == "refused":
                statistics.reasons[verdict.reason] += 1
            if verdict.is_failure:
                statistics.failures.append(
                    report(program, verdict, Path(folder), compiled=compiled, small=small)
                )
    return statistics


def report(program: Program, verdict: Verdict, folder: Path, *, compiled: bool, small: bool) -> str:
    """Describe a failure: how to replay it, what is wrong, and a small program that shows it."""

    def fails(source: str) -> bool:
        try:
            for k in range(len(program.arguments)):
                function_of(source)(*program.fresh(k))
        except Exception:
            return False
        again = judge(program.with_source(source), folder, compiled=compiled)
        return again.kind == verdict.kind and _last_line(again) == _last_line(verdict)

    source = minimise(program.source, fails) if small else program.source
    verdict = judge(program.with_source(source), folder, compiled=compiled)
    return (
        f"\n--- seed {program.seed}: {verdict.kind}"
        f" (replay: python -m tests.fuzz --seed {program.seed} --count 1)\n"
        f"{verdict.detail.strip()}\n\n{source}\narguments: {program.arguments}\n"
    )


def _last_line(verdict: Verdict) -> str:
    """What a crash says last, without the numbers in it; other failures differ in numbers only."""
    if verdict.kind != "crash":
        return verdict.kind
    last = verdict.detail.strip().splitlines()[-1]
    return "".join(c for c in last if not c.isdigit())[:60]
