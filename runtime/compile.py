"""Compiling a graph to machine code, and calling it from Python."""

from __future__ import annotations

import ctypes
import itertools
import re
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from ..ir.dims import static
from ..ir.graph import Graph
from ..ir.types import ArrayType
from ..lower.kernels import KernelProgram
from ..lower.llvm_program import emit
from ..lower.lower import lower
from . import host
from .call_machine import call_function
from .call_program import array_program
from .failures import raise_failure
from .python_objects import is_known
from .result_memory import MEMORY
from .symbols import provide_symbols

_numbers = itertools.count(1)
_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)


def compile_graph(graph: Graph, donated: Mapping[int, int] | None = None) -> Compiled:
    """Compile a graph for this machine.

    Parameters
    ----------
    graph
        A verified graph whose shapes are known, without stacks among its inputs and outputs.
    donated
        Inputs whose memory an output of the same type may take: the number of the output by the input's.

    Returns
    -------
    Compiled
        The function, and every stage it went through.

    Examples
    --------
    >>> import numpy as np
    >>> from gradir.ir.parser import parse
    >>> from gradir.ops import OPS
    >>> g = parse('graph f(%0: f64[3] "x") { %1: f64[3] = sin %0  return %1 "value" }', OPS)
    >>> compile_graph(g)(np.zeros(3))  # doctest: +SKIP
    (array([0., 0., 0.]),)
    """
    kernels = lower(graph, donated)
    symbol = "gradir_" + re.sub(r"\W", "_", graph.name)
    return Compiled(graph, kernels, emit(kernels, symbol, host.target()), symbol)


class Compiled:
    """A graph as machine code: call it with one array for each input of the graph.

    It is safe to call from several threads at once, and from within itself. The GIL is released
    while it runs.

    Attributes
    ----------
    kernels : KernelProgram
        The loop nests and the buffer plan.
    llvm : str
        The optimised LLVM IR.
    assembly : str
        The machine code as text, made on demand.
    input_types, output_types : tuple of ArrayType
        What a call takes and gives.
    symbol : str
        A name that other code compiled in this process can refer to the entry by.
    """

    def __init__(self, graph: Graph, kernels: KernelProgram, ir: str, entry: str) -> None:
        self.graph = graph
        self.kernels = kernels
        self.source = ir
        self.input_types: tuple[ArrayType, ...] = tuple(v.array for v in graph.block.params)
        self.output_types: tuple[ArrayType, ...] = tuple(v.array for v in graph.block.results)
        self._inputs = [(t.dtype.numpy, static(t.shape)) for t in self.input_types]
        self._outputs = [(static(t.shape), t.dtype.numpy) for t in self.output_types]
        self.fail = partial(raise_failure, kernels.sites)
        self._direct: Callable[..., Any] = _never
        self._was_called = False
        self._table = ctypes.c_int64 * (len(self._inputs) + len(self._outputs) + 1)
        with host.lock:
            self._link(ir, entry)

    def _link(self, ir: str, entry: str) -> None:
        """Optimise, generate code and make the functions that call it."""
        provide_symbols(ir)
        machine = host.target_machine()
        context = llvm.create_context()
        module = _optimized(ir, machine, context)
        self.llvm = str(module)
        self._engine = engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        self.address = int(engine.get_function_address(entry))
        self.symbol = f"gradir_entry_{next(_numbers)}"
        llvm.add_symbol(self.symbol, self.address)
        self._entry = _ENTRY(self.address)
        release = ctypes.CFUNCTYPE(None)(engine.get_function_address(entry + ".release"))
        weakref.finalize(self, _release, release, engine)

    @cached_property
    def assembly(self) -> str:
        with host.lock:
            module = llvm.parse_assembly(self.llvm, llvm.create_context())
            return str(host.target_machine().emit_assembly(module))

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """Run the function; see `call_flat`."""
        return self.call_flat(arrays)

    def call_flat(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """Run the function.

        Parameters
        ----------
        arrays
            One array or number for each input, of its dtype and shape, in any memory layout.

        Returns
        -------
        tuple of numpy.ndarray
            New arrays, one for each output; those of rank 0 have the shape ().

        Raises
        ------
        ValueError
            If an argument has another shape or dtype.
        GradirError
            If the run ends at a check; it is the built-in exception of the check, too.
        """
        found = self._direct(*arrays)
        return self._without_entry(arrays) if found is None else found

    def _without_entry(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """Run the function for arguments that the direct entry does not take; make that for the next call."""
        if self._was_called and self._direct is _never and is_known():
            self._direct = self._entry_of_arrays()
            return self.call_flat(arrays)
        self._was_called = True
        inputs = self._native(arrays)
        outputs = [MEMORY.empty(shape, dtype) for shape, dtype in self._outputs]
        for k, output in self.kernels.donated.items():
            if inputs[k] is arrays[k] and _can_be_given(k, inputs):
                outputs[output] = inputs[k]
            else:
                np.copyto(outputs[output], inputs[k])
        table = self._table(*(a.ctypes.data for a in (*inputs, *outputs)))
        status = self._entry(ctypes.addressof(table))
        if status:
            self.fail(status, table[len(table) - 1])
        return tuple(outputs)

    def _entry_of_arrays(self) -> Callable[..., Any]:
        """A built-in function that takes arrays as they are, and returns None for any others."""
        donated = self.kernels.donated
        program = array_program(self.address, self.input_types, self.output_types, self.fail, donated)
        return call_function(program.words(), [_never], (self._engine, *program.kept))  # type: ignore[no-any-return]

    def _native(self, arrays: Sequence[Any]) -> list[np.ndarray]:
        """The arguments as C-contiguous, aligned arrays in native byte order."""
        if len(arrays) != len(self._inputs):
            raise ValueError(f"takes {len(self._inputs)} arrays, not {len(arrays)}")
        found = []
        for array, (dtype, shape), label in zip(arrays, self._inputs, self.graph.inputs, strict=True):
            given = np.asarray(array)
            if given.shape != shape or given.dtype.newbyteorder("=") != dtype:
                raise ValueError(
                    f"{label} is {given.dtype}{list(given.shape)}; this code is for {dtype}{list(shape)}"
                )
            found.append(np.require(given, dtype, ["C", "A"]))
        return found


def _can_be_given(k: int, inputs: Sequence[np.ndarray]) -> bool:
    """Tell whether an input can be overwritten while the others are read."""
    others = (x for m, x in enumerate(inputs) if m != k)
    return inputs[k].flags.writeable and not any(np.may_share_memory(inputs[k], x) for x in others)


def _never(*arrays: Any) -> None:
    """Stand in for the direct entry where the process has an unknown layout of arrays."""


def _release(release: Callable[[], None], engine: Any) -> None:
    """Free what the code keeps between calls, while the code is still there."""
    release()


def _optimized(ir: str, machine: Any, context: Any) -> Any:
    """Parse, verify and optimise a module."""
    module = llvm.parse_assembly(ir, context)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    options.slp_vectorization = True
    options.loop_interleaving = True
    options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module
