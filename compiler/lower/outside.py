"""The names by which compiled code refers to functions of Python libraries and of the runtime."""

STRAIGHT_LINE = "; Straight-line code, to be compiled fast:\n"  # a second module behind the first

BLAS_PREFIX = "scipy_blas_"
SPECIAL_PREFIX = "scipy_special_"
PARALLEL = "gradir_parallel"  # of the runtime: (function, table, chunks)
INTERRUPTED = "gradir_interrupted"  # of the runtime; it records the exception that ends the run
