"""The tools that are measured, and how a user of each gets value and gradient from it.

Each `prepare` converts the arguments beforehand and returns a step that runs until its result is there.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .program import Arguments, Program, Step
from .threads import thread_count


@dataclass(frozen=True, slots=True)
class Contestant:
    """One tool.

    Attributes
    ----------
    name
        What the tables show.
    package
        The module, and distribution, to be installed.
    settle
        Configures the tool for float64 and the suite's thread count.
    prepare
        From a program and its arguments to a new step; compilation is left to the step's first call.
        None where the program is not written for this tool.
    compiler
        A program that must be there, too.
    slow
        It compiles for so long that quick runs leave it out.
    """

    name: str
    package: str
    settle: Callable[[], None]
    prepare: Callable[[Program, Arguments], Step | None]
    compiler: str | None = None
    slow: bool = False

    @property
    def installed(self) -> bool:
        if self.compiler is not None and shutil.which(self.compiler) is None:
            return False
        return importlib.util.find_spec(self.package) is not None

    @property
    def version(self) -> str | None:
        """The version of the distribution; None if there is none."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return None


def _nothing() -> None:
    pass


def _gradir(program: Program, arguments: Arguments) -> Step:
    import gradir as gr

    if program.without_gradient is not None:
        step = gr.jit(program.function)
    else:
        step = gr.value_and_grad(program.function, argnums=program.wrt)
    return lambda: step(*arguments)


def primal(program: Program, arguments: Arguments) -> Callable[[], Any]:
    """Return the program compiled by gradir without its gradient."""
    import gradir as gr

    step = gr.jit(program.without_gradient or program.function)
    return lambda: step(*arguments)


def numba_primal(program: Program, arguments: Arguments) -> Callable[[], Any] | None:
    """Return the program compiled by Numba without its gradient, where it is written for that."""
    if program.in_loops is None:
        return None
    import numba

    step = numba.njit(program.in_loops)
    return lambda: step(*arguments)


def _by_hand(program: Program, arguments: Arguments) -> Step:
    step = program.by_hand
    if program.compiled_by_hand:
        import numba

        step = numba.njit(step)
    return lambda: step(*arguments)


def _settle_jax() -> None:
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")


def _jax(program: Program, arguments: Arguments) -> Step | None:
    return None if program.jax is None else _jax_step(program, arguments, program.jax())


def _jax_newcomer(program: Program, arguments: Arguments) -> Step | None:
    if program.newcomer is None or isinstance(program.newcomer, str):
        return None
    return _jax_step(program, arguments, program.newcomer(), newcomer=True)


def _jax_step(
    program: Program, arguments: Arguments, function: Callable[..., Any], newcomer: bool = False
) -> Step:
    import jax

    step = function
    if program.without_gradient is None:
        step = jax.value_and_grad(function, argnums=program.wrt)
    if program.without_gradient is None or not newcomer:
        step = jax.jit(step)
    arrays = jax.block_until_ready(tuple(jax.numpy.asarray(x) for x in arguments))
    return lambda: jax.block_until_ready(step(*arrays))


def _settle_torch() -> None:
    import torch

    torch.set_num_threads(thread_count())


def _torch(program: Program, arguments: Arguments) -> Step | None:
    return None if program.torch is None else _torch_step(program, arguments, program.torch())


def _settle_torch_compile() -> None:
    import torch._inductor.config as config

    _settle_torch()
    config.force_disable_caches = True  # what an earlier run compiled is no first call


def _torch_compile(program: Program, arguments: Arguments) -> Step | None:
    if program.torch is None:
        return None
    import torch

    torch.compiler.reset()  # else a second shape compiles code for any shape
    return _torch_step(program, arguments, torch.compile(program.torch()))


def _torch_step(program: Program, arguments: Arguments, function: Callable[..., Any]) -> Step:
    import torch

    tensors = [torch.tensor(x, dtype=torch.float64) for x in arguments]
    leaves = [tensors[k].requires_grad_() for k in program.wrt]

    def step() -> Any:
        value = function(*tensors)
        return value, torch.autograd.grad(value, leaves)

    return step


def _autograd(program: Program, arguments: Arguments) -> Step | None:
    if program.autograd is None:
        return None
    from autograd.differential_operators import make_vjp

    function = program.autograd()

    def of_wrt(differentiated: Any) -> Any:
        every = list(arguments)
        for k, x in zip(program.wrt, differentiated, strict=True):
            every[k] = x
        return function(*every)

    def step() -> Any:
        pullback, value = make_vjp(of_wrt)(tuple(arguments[k] for k in program.wrt))
        return value, pullback(1.0)

    return step


GRADIR = Contestant("gradir", "gradir", _nothing, _gradir)
BY_HAND = Contestant("by hand", "numpy", _nothing, _by_hand)
CONTESTANTS: Sequence[Contestant] = (
    GRADIR,
    BY_HAND,
    Contestant("JAX", "jax", _settle_jax, _jax),
    Contestant("JAX, newcomer", "jax", _settle_jax, _jax_newcomer, slow=True),
    Contestant("PyTorch", "torch", _settle_torch, _torch),
    Contestant("torch.compile", "torch", _settle_torch_compile, _torch_compile, compiler="g++", slow=True),
    Contestant("autograd", "autograd", _nothing, _autograd),
)
