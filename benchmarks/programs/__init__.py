"""The programs that are measured, a file each; `benchmarks/registry.py` lists them."""
