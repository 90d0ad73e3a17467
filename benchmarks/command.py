"""The command: runs what the options say and writes the results."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from . import memory, memory_report, registry
from .agreement import DisagreementError
from .calls import report as calls
from .compile_time import report as compile_time
from .contestants import CONTESTANTS
from .loops import report as loops
from .machine import this_machine
from .options import Options, parse
from .paths import DOCS
from .plots import draw
from .report import details, growth, markdown, starts, targets
from .results import Outcome, Results, as_json, from_json, joined
from .suite import FULL, GROWING, QUICK, grow, installed, run
from .verdicts import as_data, judge, measured

PAGE = "benchmarks.md"


def main(arguments: Sequence[str]) -> int:
    """Run the suite; returns the exit status."""
    options = parse(arguments)
    if options.memory:
        return _memory(options)
    if options.loops or options.calls or options.compile:
        return _sections(options)
    unknown = [name for name in options.only if name not in registry.NAMES]
    if unknown:
        there = ", ".join(sorted(registry.NAMES))
        print(f"no benchmark is called {', '.join(unknown)}; there are {there}", file=sys.stderr)
        return 2
    try:
        results = _read(options.read) if options.read else _measured(options)
    except DisagreementError as error:
        print(error, file=sys.stderr)
        return 1
    _write(results, options)
    return 0


def _read(paths: Sequence[Path]) -> Results:
    return joined([from_json(path.read_text("utf-8")) for path in paths])


def _sections(options: Options) -> int:
    with_jax = not options.quick and any(c.package == "jax" for c in installed(CONTESTANTS))
    rounds = (QUICK if options.quick else FULL).rounds
    if options.compile:
        lines = compile_time(with_jax, options.quick)
    else:
        lines = loops(with_jax) if options.loops else calls(with_jax, rounds)
    for line in lines:
        print(line, flush=True)
    return 0


def _memory(options: Options) -> int:
    """Measure what gradients take; the whole of it renews its page."""
    names = [p.name for p in memory.PROGRAMS]
    unknown = [name for name in options.only if name not in names]
    if unknown:
        print(
            f"the memory of {', '.join(unknown)} is not measured; that of {', '.join(names)} is",
            file=sys.stderr,
        )
        return 2
    wanted = [p for p in memory.PROGRAMS if not options.only or p.name in options.only]
    machine = this_machine(installed(CONTESTANTS[:1]))
    outcomes = []
    try:
        for outcome in memory.measure_memory(wanted, QUICK if options.quick else FULL):
            outcomes.append(outcome)
            print(memory_report.report(outcome), flush=True)
    except DisagreementError as error:
        print(error, file=sys.stderr)
        return 1
    print(memory_report.verdicts(outcomes))
    folder = options.page or (DOCS if options.whole else None)
    if folder is not None:
        memory_report.write(outcomes, machine, folder)
    if options.json is not None:
        options.json.write_text(memory_report.as_json(outcomes, machine), encoding="utf-8")
    return 0


def _measured(options: Options) -> Results:
    """Measure what is wanted; raises DisagreementError where two gradients differ."""
    wanted = [c for c in CONTESTANTS if not (options.quick and c.slow)]
    here = installed(wanted)
    absent = tuple(c.name for c in wanted if c not in here)
    effort = QUICK if options.quick else FULL
    machine = this_machine(wanted)
    jax_too = any(c.name == "JAX" for c in here)

    def is_wanted(name: str) -> bool:
        return not options.only or name in options.only

    def tell(outcome: Outcome) -> None:
        print(details(outcome, absent), flush=True)

    programs = run([p for p in registry.PROGRAMS if is_wanted(p.name)], here, effort, tell)
    started = [s.measure(effort, jax_too) for s in registry.STARTS if is_wanted(s.name)]
    growing = installed([c for c in CONTESTANTS if c.name in GROWING])
    grown = grow(registry.GROWTH, growing, effort) if is_wanted(registry.GROWTH_NAME) else ()
    return Results(machine, programs, tuple(sum(started, ())), grown, absent, options.quick)


def _write(results: Results, options: Options) -> None:
    """Write the page, its plots and JSON where they are wanted; print what was not yet, targets last."""
    verdicts = judge(results)
    folder: Path | None = options.page or (DOCS if options.whole else None)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        columns = [c.name for c in CONTESTANTS if not (results.quick and c.slow)]
        page = markdown(results, verdicts, columns, draw(results, folder))
        (folder / PAGE).write_text(page, encoding="utf-8")
    if options.json is not None:
        options.json.write_text(as_json(results, [as_data(v) for v in verdicts]), encoding="utf-8")
    if results.starts:
        print(starts(results.starts))
    if results.growth:
        print(growth(results.growth, plotted=False))
    print(targets(measured(verdicts) if options.only else verdicts))
