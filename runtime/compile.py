"""Compiling a graph to machine code, and calling it from Python."""

from __future__ import annotations

import ctypes
import itertools
import re
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
import numpy as np

from ..ir.dims import static
from ..ir.graph import Graph
from ..ir.printer import print_graph
from ..ir.types import ArrayType
from ..lower.sites import sites_of
from ..lower.target import Target
from ..timings import Clock
from . import host
from .code_key import described
from .disk_cache import DiskCache
from .failures import raise_failure
from .machine_code import MachineCode, generate, link, machine_code, texts
from .python_objects import is_known
from .result_memory import MEMORY
from .symbols import provide_symbols

if TYPE_CHECKING:
    from ..lower.kernels import KernelProgram

_numbers = itertools.count(1)
ENTRY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)


def compile_graph(
    graph: Graph,
    donated: Mapping[int, int] | None = None,
    store: DiskCache | None = None,
    target: Target | None = None,
    clock: Clock | None = None,
) -> Compiled:
    """Compile a graph for this machine, or take its code from disk.

    Parameters
    ----------
    graph
        A verified graph whose shapes are known, without stacks among its inputs and outputs.
    donated
        Inputs whose memory an output of the same type may take: the number of the output by the input's.
    store
        Where code is kept between processes; None keeps it nowhere.
    target
        What code generation may use of the machine, if that is not all.
    clock
        What measures the stages.

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
    return Compiled(graph, donated or {}, store, target or host.target(), clock or Clock())


class Compiled:
    """A graph as machine code: call it with one array for each input of the graph.

    It is safe to call from several threads at once, and from within itself. The GIL is released
    while it runs.

    Attributes
    ----------
    graph : Graph
        What was compiled.
    input_types, output_types : tuple of ArrayType
        What a call takes and gives.
    sites : tuple of Site
        Where a run can end.
    donated : dict of int to int
        The outputs that take the memory of inputs, by the number of the input.
    target : Target
        What the code uses of the machine.
    address : int
        The entry.
    symbol : str
        A name that other code compiled in this process can refer to the entry by.
    from_disk : bool
        Whether the machine code was found on disk.
    """

    def __init__(
        self,
        graph: Graph,
        donated: Mapping[int, int],
        store: DiskCache | None,
        target: Target,
        clock: Clock,
    ) -> None:
        self.graph = graph
        self.store = store
        self.input_types: tuple[ArrayType, ...] = tuple(v.array for v in graph.block.params)
        self.output_types: tuple[ArrayType, ...] = tuple(v.array for v in graph.block.results)
        self.sites = sites_of(graph)[0]
        self._may_be_donated = dict(donated)
        self.target = target
        self._inputs = [(t.dtype.numpy, static(t.shape)) for t in self.input_types]
        self._outputs = [(static(t.shape), t.dtype.numpy) for t in self.output_types]
        self.fail = partial(raise_failure, self.sites)
        self._direct: Callable[..., Any] = _never
        self._was_called = False
        self._table = ctypes.c_int64 * (len(self._inputs) + len(self._outputs) + 1)
        with clock.stage("link"):
            self._link(clock)

    def _link(self, clock: Clock) -> None:
        """Get the machine code, and make the functions that call it."""
        with host.lock:
            made, from_disk = self.machine_code(clock)
            code = link(made, self.provide, from_disk)
        self._engine, self.from_disk = code.engine, code.from_disk
        numbers = list(map(int, code.notes.split()))
        self.donated: dict[int, int] = dict(zip(numbers[::2], numbers[1::2], strict=True))
        self.address = code.address(self.name)
        self.symbol = f"gradir_entry_{next(_numbers)}"
        llvm.add_symbol(self.symbol, self.address)
        self._entry = ENTRY(self.address)
        release = ctypes.CFUNCTYPE(None)(code.address(self.name + ".release"))
        weakref.finalize(self, _release, release, code.engine)

    def machine_code(self, clock: Clock | None = None) -> tuple[MachineCode, bool]:
        """Return the machine code before it is linked, and whether it is from disk."""
        text = "" if self.store is None else print_graph(self.graph, locations=False)
        what = "graph", text, described(self._may_be_donated), described(self.target)
        return machine_code(what, partial(self._generate, clock or Clock()), self.store, self.provide)

    def provide(self, outside: str) -> None:
        """Give the functions from outside, declared in LLVM IR, their addresses."""
        provide_symbols(outside, store=self.store)

    def _generate(self, clock: Clock) -> MachineCode:
        with clock.stage("lower"):
            kernels = self.kernels
        with clock.stage("emit"):
            source = self.source
        notes = " ".join(f"{k} {output}" for k, output in kernels.donated.items())
        return generate(source, notes=notes, clock=clock, thorough=kernels.has_control_flow)

    @property
    def name(self) -> str:
        """The name of the entry in the machine code."""
        return "gradir_" + re.sub(r"\W", "_", self.graph.name)

    @cached_property
    def kernels(self) -> KernelProgram:
        """The loop nests and the buffer plan."""
        from ..lower.lower import lower

        return lower(self.graph, self._may_be_donated)

    @cached_property
    def source(self) -> str:
        """The LLVM IR of the kernels, before LLVM optimises it."""
        from ..lower.llvm_program import emit

        return emit(self.kernels, self.name, self.target)

    @cached_property
    def _texts(self) -> tuple[str, str]:
        with host.lock:
            return texts(self.source, self.kernels.has_control_flow)

    @property
    def llvm(self) -> str:
        """The optimised LLVM IR, made on demand."""
        return self._texts[0]

    @property
    def assembly(self) -> str:
        """The machine code as text, made on demand."""
        return self._texts[1]

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
        return self.run(self._entry, arrays)

    def run(self, entry: Callable[[int], int], arrays: Sequence[Any]) -> tuple[Any, ...]:
        """Run this code for arguments in any layout, at the address of an entry or of a copy's."""
        inputs = self._native(arrays)
        outputs = [MEMORY.empty(shape, dtype) for shape, dtype in self._outputs]
        for k, output in self.donated.items():
            if inputs[k] is arrays[k] and _can_be_given(k, inputs):
                outputs[output] = inputs[k]
            else:
                np.copyto(outputs[output], inputs[k])
        table = self._table(*(a.ctypes.data for a in (*inputs, *outputs)))
        status = entry(ctypes.addressof(table))
        if status:
            self.fail(status, table[len(table) - 1])
        return tuple(outputs)

    def _entry_of_arrays(self) -> Callable[..., Any]:
        """A built-in function that takes arrays as they are, and returns None for any others."""
        # The first call, for which some processes live, does not need these.
        from .call_machine import call_function
        from .call_program import array_program

        types = self.input_types, self.output_types
        program = array_program(self.address, *types, self.fail, self.donated)
        kept = self._engine, *program.kept
        return call_function(program.words(), [_never], kept, self.store)  # type: ignore[no-any-return]

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
