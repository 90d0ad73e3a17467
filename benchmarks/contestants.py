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

import numpy as np

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
        It takes so long that quick runs leave it out.
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


def _renewing(program: Program, arguments: Arguments, call: Callable[..., Any]) -> Step:
    """Return a step with these arguments; those donated are replaced by their gradients after each step."""
    if not program.donate:
        return lambda: call(*arguments)
    held = list(arguments)

    def step() -> Any:
        value, gradients = call(*held)
        for k in program.donate:
            held[k] = gradients[program.wrt.index(k)]
        return value, gradients

    return step


def _copied(program: Program, arguments: Arguments) -> Arguments:
    """Return the arguments with copies of those that a call may overwrite."""
    return tuple(np.array(x) if k in program.donate else x for k, x in enumerate(arguments))


def _settle_gradir() -> None:
    import gradir as gr

    gr.set_num_threads(thread_count())


def _gradir(program: Program, arguments: Arguments) -> Step:
    import gradir as gr

    if program.without_gradient is not None:
        call: Callable[..., Any] = gr.jit(program.function, cache=False)
    else:
        call = gr.value_and_grad(program.function, argnums=program.wrt, donate=program.donate, cache=False)
    return _renewing(program, _copied(program, arguments), call)


def primal(program: Program, arguments: Arguments) -> Callable[[], Any]:
    """Return the program compiled by gradir without its gradient."""
    import gradir as gr

    step = gr.jit(program.without_gradient or program.function, cache=False)
    return lambda: step(*arguments)


def numba_primal(program: Program, arguments: Arguments) -> Callable[[], Any] | None:
    """Return the program compiled by Numba without its gradient, where it is written for that."""
    if program.in_loops is None:
        return None
    import numba

    step = numba.njit(program.in_loops)
    return lambda: step(*arguments)


def _by_hand(program: Program, arguments: Arguments) -> Step | None:
    if program.by_hand is program.numba:
        return None
    return lambda: program.by_hand(*arguments)


def _by_hand_numba(program: Program, arguments: Arguments) -> Step | None:
    if program.numba is None:
        return None
    import numba

    step = numba.njit(program.numba)
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
        step = jax.jit(step, donate_argnums=program.donate)
    arrays = jax.block_until_ready(tuple(jax.numpy.array(x) for x in arguments))
    return _renewing(program, arrays, lambda *args: jax.block_until_ready(step(*args)))


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
    if program.torch is None or program.torch_compile:
        return None
    import torch

    torch.compiler.reset()  # else a second shape compiles code for any shape
    return _torch_step(program, arguments, torch.compile(program.torch()))


def _torch_step(program: Program, arguments: Arguments, function: Callable[..., Any]) -> Step:
    import torch

    tensors = tuple(torch.tensor(x, dtype=torch.float64) for x in arguments)

    def call(*args: Any) -> Any:
        leaves = [args[k].requires_grad_() for k in program.wrt]
        value = function(*args)
        return value, torch.autograd.grad(value, leaves)

    return _renewing(program, tensors, call)


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


def _pytensor(program: Program, arguments: Arguments) -> Step | None:
    if program.pytensor is None:
        return None
    import pytensor

    inputs = [pytensor.tensor.as_tensor(x).type() for x in arguments]
    value = program.pytensor()(*inputs)
    outputs = [value, *pytensor.grad(value, [inputs[k] for k in program.wrt])]
    compiled = pytensor.function(inputs, outputs, mode="NUMBA", trust_input=True)

    def call(*args: Any) -> Any:
        value, *gradients = compiled(*args)
        return value, gradients

    return _renewing(program, arguments, call)


GRADIR = Contestant("gradir", "gradir", _settle_gradir, _gradir)
CONTESTANTS: Sequence[Contestant] = (
    GRADIR,
    Contestant("by hand", "numpy", _nothing, _by_hand, slow=True),
    Contestant("by hand, Numba", "numba", _nothing, _by_hand_numba),
    Contestant("JAX", "jax", _settle_jax, _jax),
    Contestant("JAX, newcomer", "jax", _settle_jax, _jax_newcomer, slow=True),
    Contestant("PyTorch", "torch", _settle_torch, _torch),
    Contestant("torch.compile", "torch", _settle_torch_compile, _torch_compile, compiler="g++", slow=True),
    Contestant("PyTensor", "pytensor", _nothing, _pytensor, slow=True),
    Contestant("autograd", "autograd", _nothing, _autograd, slow=True),
)
