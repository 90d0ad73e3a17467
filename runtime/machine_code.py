"""From LLVM IR to machine code, and from that to functions which can be called; on disk in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
_LOCAL, _SPECIAL = re.compile(r"\.L(?=\w)"), re.compile(r'[^ -~]|["\\]')


@dataclass(frozen=True, slots=True)
class MachineCode:
    """Machine code that refers to what is outside by name, so that any process can link it.

    Attributes
    ----------
    outside
        The declarations of what it refers to, a line each, in LLVM IR.
    object
        An object file.
    notes
        What its maker must know of it to call it.
    """

    outside: str
    object: bytes
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
    """Return machine code, ready to run: from disk, or else made and put there.

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
            return _link(make(), provide, from_disk=False)
        found = _unpacked(store.read(key))
        if found is not None and _has_all(found, provide):
            return _link(found, provide, from_disk=True)
        made = make()
        if code_key(what) == key:  # it takes a while, in which gradir's sources may change
            store.write(key, _packed(made))
        return _link(made, provide, from_disk=False)


def generate(ir: str, level: int = 3, notes: str = "", clock: Clock | None = None) -> MachineCode:
    """Return the machine code of a module in LLVM IR, optimised at a level from 0 to 3."""
    clock, machine = clock or Clock(), host.target_machine(level)
    with clock.stage("LLVM: optimise"):
        module = optimized(ir, machine) if level else llvm.parse_assembly(ir, llvm.create_context())
    outside = "\n".join(match[0] for match in _OUTSIDE.finditer(ir))
    with clock.stage("LLVM: generate"):
        return MachineCode(outside, machine.emit_object(module), notes)


def optimized(ir: str, machine: Any) -> Any:
    """Parse, verify and optimise a module; what it has of straight-line code becomes assembly."""
    ir, _, straight = ir.partition(STRAIGHT_LINE)
    module = llvm.parse_assembly(_assembled(straight) + ir, llvm.create_context())
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    options.slp_vectorization = ir.count("\n") < _LONG
    options.loop_interleaving = True
    options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def _assembled(ir: str) -> str:
    """Compile a module fast: 15 times faster, to code that is at most half as fast and mostly as fast."""
    if not ir:
        return ""
    module = llvm.parse_assembly(ir, llvm.create_context())
    module.verify()
    text = _LOCAL.sub(".Lstraight.", str(host.target_machine(0).emit_assembly(module)))
    escaped = (_SPECIAL.sub(lambda found: f"\\{ord(found[0]):02X}", line) for line in text.splitlines())
    return "".join(f'module asm "{line}"\n' for line in escaped)


def _link(code: MachineCode, provide: Callable[[str], None], from_disk: bool) -> Linked:
    provide(code.outside)
    engine = llvm.create_mcjit_compiler(
        llvm.parse_assembly("", llvm.create_context()), host.target_machine(0)
    )
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.object))
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
    return b"\0".join([code.notes.encode(), code.outside.encode(), code.object])


def _unpacked(content: bytes | None) -> MachineCode | None:
    if content is None:
        return None
    notes, outside, object = content.split(b"\0", 2)
    return MachineCode(outside.decode(), object, notes.decode())
