"""`python -m benchmarks`: threads are limited before any library with a thread pool is imported."""

from __future__ import annotations

import sys

from .threads import limit_threads


def _main() -> int:
    limit_threads()
    from .command import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_main())
