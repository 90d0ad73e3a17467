"""The command: runs what the options say and writes the results."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from .agreement import DisagreementError
from .calls import report as calls
from .contestants import CONTESTANTS
from .loops import report as loops
from .machine import this_machine
from .options import parse
from .program import select
from .programs import PROGRAMS
from .report import as_json, details, markdown
from .suite import FULL, QUICK, installed, run

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def main(arguments: Sequence[str]) -> int:
    """Run the suite; returns the exit status."""
    options = parse(arguments)
    if options.loops or options.calls:
        with_jax = not options.quick and any(c.package == "jax" for c in installed(CONTESTANTS))
        rounds = (QUICK if options.quick else FULL).rounds
        for line in loops(with_jax) if options.loops else calls(with_jax, rounds):
            print(line, flush=True)
        return 0
    try:
        programs = select(PROGRAMS, options.only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    wanted = [c for c in CONTESTANTS if not (options.quick and c.slow)]
    here = installed(wanted)
    absent = [c.name for c in wanted if c not in here]
    effort = QUICK if options.quick else FULL
    machine = this_machine(wanted)
    try:
        outcomes = run(programs, here, effort, lambda outcome: print(details(outcome, absent), flush=True))
    except DisagreementError as error:
        print(error, file=sys.stderr)
        return 1
    page = markdown(machine, outcomes, [c.name for c in wanted], absent)
    print(page)
    if options.whole:
        PAGE.write_text(page, encoding="utf-8")
    if options.json is not None:
        options.json.write_text(as_json(machine, outcomes), encoding="utf-8")
    return 0
