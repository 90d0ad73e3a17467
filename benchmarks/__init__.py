"""The benchmark suite: gradir's gradients beside those of its peers, measured in one run.

`python -m benchmarks` prints the tables and writes them to `docs/benchmarks.md`.
"""
