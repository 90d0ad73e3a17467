"""The seconds of the first gradient of this process, the MLP's; `benchmarks/starts.py` starts the processes.

They are those of the tool's import and of the call; what the user does in between is not counted. Nothing is
imported up here but `time`, for it would be missing from the tool's import.
"""

import time


def by_gradir() -> float:
    start = time.perf_counter()
    import gradir as gr

    imported = time.perf_counter() - start
    from .programs.mlp import PROGRAM, loss

    arguments = PROGRAM.arguments(PROGRAM.size)
    start = time.perf_counter()
    gr.value_and_grad(loss, argnums=PROGRAM.wrt)(*arguments)
    return imported + time.perf_counter() - start


def by_jax() -> float:
    start = time.perf_counter()
    import jax

    imported = time.perf_counter() - start
    from .programs.mlp import PROGRAM, with_jax

    function, arguments = with_jax(), PROGRAM.arguments(PROGRAM.size)
    start = time.perf_counter()
    jax.block_until_ready(jax.jit(jax.value_and_grad(function, argnums=PROGRAM.wrt))(*arguments))
    return imported + time.perf_counter() - start
