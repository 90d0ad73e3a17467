"""Running many programs: statistics, and failing ones made small."""

from __future__ import annotations

import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from .generate import generate
from .minimise import minimise
from .oracle import Verdict, judge, quiet
from .program import Program, function_of

PATIENCE = 2.0  # seconds for the plain runs of a smaller program


@dataclass
class Statistics:
    """What came of the programs so far."""

    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, int] = field(default_factory=dict)  # of each reason, the first seed
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
        lines += [
            f"  refused {n:4d}: {reason} (seed {self.examples[reason]})"
            for reason, n in self.reasons.most_common()
        ]
        return "\n".join(lines)


def campaign(
    seeds: Iterable[int],
    *,
    compiled: bool = True,
    small: bool = True,
    announce: Callable[[str], None] | None = None,
    change: Callable[[Program], Program] | None = None,
) -> Statistics:
    """Judge the programs of some seeds, changed first; `announce` is told of each failure at once."""
    statistics = Statistics()
    with tempfile.TemporaryDirectory(prefix="gradir-fuzz-") as folder:
        for seed in seeds:
            program = generate(seed) if change is None else change(generate(seed))
            verdict = judge(program, Path(folder), compiled=compiled)
            statistics.kinds[verdict.kind] += 1
            statistics.checked += verdict.checked
            if verdict.kind == "refused":
                statistics.reasons[verdict.reason] += 1
                statistics.examples.setdefault(verdict.reason, seed)
            if verdict.is_failure:
                failure = report(program, verdict, Path(folder), compiled=compiled, small=small)
                statistics.failures.append(failure)
                if announce is not None:
                    announce(failure)
    return statistics


def report(program: Program, verdict: Verdict, folder: Path, *, compiled: bool, small: bool) -> str:
    """Describe a failure: how to replay it, what is wrong, and a small program that shows it."""

    def fails(source: str) -> bool:
        try:
            with limited(PATIENCE), quiet():
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


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TimeoutError where plain Python does not end: a smaller program may have lost its counter."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _last_line(verdict: Verdict) -> str:
    """What a crash says last, without the numbers in it; other failures differ in numbers only."""
    if verdict.kind != "crash":
        return verdict.kind
    last = verdict.detail.strip().splitlines()[-1]
    return "".join(c for c in last if not c.isdigit())[:60]
