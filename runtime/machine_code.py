"""From LLVM IR to machine code, and from that to functions which can be called; on disk in between."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm

from ..lower.outside import STRAIGHT_LINE
from ..timings import Clock
from . import host
from .code_key import code_key
from .disk_cache import DiskCache

_OUTSIDE = re.compile(
    r"^(?:declare [^@\n]*|(?=@[\w.]+ = external ))@(?!llvm\.|[\w.]+\.part\d)([\w.]+).*$", re.MULTILINE
)

_LONG = 4000  # lines of a module in which scalars are not gathered into vectors: that takes most of the time
_FAST = 0  # the level of straight-line code: 15 times faster, to code that is at most half as fast


@dataclass(frozen=True, slots=True)
class MachineCode:
    """Machine code that refers to what is outside by name, so that any process can link it.

    Attributes
    ----------
    outside
        The declarations of what it refers to, a line each, in LLVM IR.
    objects
        Object files, which are linked with each other.
    notes
        What its maker must know of it to call it.
    """

    outside: str
    objects: tuple[bytes, ...]
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """Machine code in this process, as long as `engine` is kept."""

    engine: Any
    from_disk: bool
    notes: str

    def address(self, symbol: str) -> int:
        return int(self.engine.get_function_address(symbol))


def linked(
    what: Sequence[str],
    make: Callable[[], MachineCode],
    store: DiskCache | None,
    provide: Callable[[str], None] = lambda outside: None,
) -> Linked:
    """Return machine code, ready to run: from disk, or else made and put there; see `machine_code`."""
    with host.lock:
        code, from_disk = machine_code(what, make, store, provide)
        return link(code, provide, from_disk)


def machine_code(
    what: Sequence[str],
    make: Callable[[], MachineCode],
    store: DiskCache | None,
    provide: Callable[[str], None] = lambda outside: None,
) -> tuple[MachineCode, bool]:
    """Return machine code, and whether it is from disk; else it is made and put there.

    Parameters
    ----------
    what
        The texts that determine the code on this machine.
    make
        Makes it.
    store
        Where it is kept; None keeps it nowhere.
    provide
        Gives the symbols that declarations name their addresses.
    """
    with host.lock:
        key = None if store is None else code_key(what)
        if store is None or key is None:
            return make(), False
        found = _unpacked(store.read(key))
        if found is not None and _has_all(found, provide):
            return found, True
        made = make()
        if code_key(what) == key:  # it takes a while, in which gradir's sources may change
            store.write(key, _packed(made))
        return made, False


def generate(
    ir: str, level: int = 3, notes: str = "", clock: Clock | None = None, *, thorough: bool = True
) -> MachineCode:
    """Return the machine code of LLVM IR, optimised at a level from 0 to 3; straight-line code is not.

    What makes the passes `thorough` takes a sixth of the time, and changes only code with control flow for
    the better: a loop for each outcome of a condition that does not change in it, loops unrolled whole.
    """
    clock, machine = clock or Clock(), host.target_machine(level)
    declared = (_OUTSIDE.match(line) for line in ir.split("\n") if line[:1] in ("d", "@"))
    outside = "\n".join(match[0] for match in declared if match)
    ir, _, straight = ir.partition(STRAIGHT_LINE)
    with clock.stage("LLVM: optimise"):
        module = optimized(ir, machine, thorough) if level else _parsed(ir)
    with clock.stage("LLVM: generate"):
        objects = [machine.emit_object(module)]
        if straight:
            objects.append(host.target_machine(_FAST).emit_object(_parsed(straight)))
    return MachineCode(outside, tuple(objects), notes)


def optimized(ir: str, machine: Any, thorough: bool) -> Any:
    """Parse, verify and optimise a module.

    Of a few modules LLVM makes invalid ones where it gathers scalars into vectors, and generating code for
    these would end the process: they are optimised without.
    """
    gathers = ir.count("\n") < _LONG
    module = _optimized(ir, machine, thorough, gathers)
    try:
        module.verify()
    except RuntimeError:
        if not gathers:
            raise
        module = _optimized(ir, machine, thorough, False)
        module.verify()
    return module


def _optimized(ir: str, machine: Any, thorough: bool, gathers: bool) -> Any:
    module = _parsed(ir)
    options = llvm.create_pipeline_tuning_options(speed_level=3 if thorough else 2)
    options.loop_vectorization = True
    options.slp_vectorization = gathers
    options.loop_interleaving = True
    options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def texts(ir: str, thorough: bool) -> tuple[str, str]:
    """Return LLVM IR as it is compiled, and its assembly."""
    ir, _, straight = ir.partition(STRAIGHT_LINE)
    machine = host.target_machine()
    module = optimized(ir, machine, thorough)
    llvm_ir, assembly = str(module), str(machine.emit_assembly(module))
    if straight:
        llvm_ir += f"{STRAIGHT_LINE}{straight}"
        assembly += str(host.target_machine(_FAST).emit_assembly(_parsed(straight)))
    return llvm_ir, assembly


def _parsed(ir: str) -> Any:
    module = llvm.parse_assembly(ir, llvm.create_context())
    module.verify()
    return module


def link(
    code: MachineCode,
    provide: Callable[[str], None],
    from_disk: bool = False,
    instead: Mapping[str, int] | None = None,
) -> Linked:
    """Load machine code; functions of the system in `instead` are at those addresses for this code only."""
    with host.lock:
        provide(code.outside)
        names = instead or {}
        declared = llvm.parse_assembly(
            "".join(f"declare void @{name}()\n" for name in names), llvm.create_context()
        )
        engine = llvm.create_mcjit_compiler(declared, host.target_machine(0))
        for name, address in names.items():
            engine.add_global_mapping(declared.get_function(name), address)
        for content in code.objects:
            engine.add_object_file(llvm.ObjectFileRef.from_data(content))
        engine.finalize_object()
        return Linked(engine, from_disk, code.notes)


def _has_all(code: MachineCode, provide: Callable[[str], None]) -> bool:
    """Tell whether all that code refers to is here: LLVM would end the process where it is not."""
    try:
        provide(code.outside)
    except NotImplementedError:
        return False
    names = (match[1] for match in _OUTSIDE.finditer(code.outside))
    return all(llvm.address_of_symbol(name) is not None for name in names)


def _packed(code: MachineCode) -> bytes:
    sizes = " ".join(str(len(content)) for content in code.objects)
    return b"\0".join([code.notes.encode(), code.outside.encode(), sizes.encode(), b"".join(code.objects)])


def _unpacked(content: bytes | None) -> MachineCode | None:
    if content is None:
        return None
    notes, outside, sizes, together = content.split(b"\0", 3)
    ends = list(itertools.accumulate(map(int, sizes.split()), initial=0))
    objects = tuple(together[begin:end] for begin, end in itertools.pairwise(ends))
    return MachineCode(outside.decode(), objects, notes.decode())
