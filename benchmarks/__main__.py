"""`python -m benchmarks`: threads are limited before any library with a thread pool is imported."""

from __future__ import annotations

import sys

from .options import parse
from .threads import limit_threads


def _main() -> int:
    limit_threads(parse(sys.argv[1:]).threads)
    from .command import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_main())
