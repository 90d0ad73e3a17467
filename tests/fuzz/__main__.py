"""`python -m tests.fuzz --seed 123 --count 1`: judge generated programs, and print what came of them."""

from __future__ import annotations

import argparse
import functools
import os
import sys
from contextlib import nullcontext

from .campaign import campaign
from .checkpoints import checkpointed
from .generate import generate
from .large import small_as_large


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seed", type=int, default=0, help="of the first program")
    parser.add_argument("--count", type=int, default=300, help="how many programs")
    parser.add_argument("--show", action="store_true", help="print every program")
    parser.add_argument(
        "--quick", action="store_true", help="do not compare the compiled with the interpreted code"
    )
    parser.add_argument(
        "--large", action="store_true", help="treat small arrays and short loops as large ones are"
    )
    parser.add_argument("--checkpointed", action="store_true", help="checkpoint the loops of the programs")
    parser.add_argument("--whole", action="store_true", help="do not make failing programs small")
    options = parser.parse_args()
    os.environ["GRADIR_CACHE"] = "0"  # judge what is compiled now; `--large` compiles what nobody else wants
    seeds = range(options.seed, options.seed + options.count)
    if options.show:
        for seed in seeds:
            print(f"# seed {seed}\n{generate(seed).source}")
    with small_as_large() if options.large else nullcontext():
        statistics = campaign(
            seeds,
            compiled=not options.quick,
            small=not options.whole,
            announce=functools.partial(print, flush=True),
            change=checkpointed if options.checkpointed else None,
        )
    print(statistics)
    return 1 if statistics.failures else 0


sys.exit(main())
