"""A whole kernel program in LLVM IR: the entry, the workspace it lends, and the body."""

from __future__ import annotations

from collections.abc import Collection

from ..ir.dims import size
from ..ir.graph import Node, Value
from ..ir.types import ArrayType, DType
from . import llvm_idle
from .affine import ZERO
from .arena import ALIGNMENT
from .inlining import is_data
from .kernels import Buffer, KernelProgram, Memory
from .llvm_code import Code
from .llvm_control import emit_moves, emit_statements, exchanged
from .llvm_frame import Frame
from .llvm_products import has_many_products
from .llvm_stack_memory import release
from .llvm_stacks import release_all
from .llvm_text import FunctionText, ModuleText, literal, memory_type
from .outside import STRAIGHT_LINE
from .pieces import lines_of
from .target import Target

_WORKSPACES = "idle.workspaces"
_UNROLLED_PARTS = 5  # of a program of more parts each loop is run seldom


def emit(program: KernelProgram, symbol: str, target: Target | None = None) -> str:
    """Return the LLVM IR of a program whose entry is the function `symbol`.

    The entry takes one pointer to a table of 64-bit words: the addresses of the inputs and of the
    outputs, then a word where a failing index is recorded. It returns 0, or the number of the site
    where the run ended. `symbol.release` frees the memory that is kept between calls.
    """
    target = target or Target()
    module = ModuleText(target.vector_functions)
    module.shares_products = has_many_products(program.body)
    frame = _body(program, module, symbol, target)
    module.functions.append(_entry(program, module, symbol, frame))
    module.functions.append(_release(program, module, symbol))
    if frame is None or not frame.straight.functions:
        return str(module)
    return f"{module}{STRAIGHT_LINE}{frame.straight}"


def _parameters(program: KernelProgram) -> list[tuple[str, str]]:
    """The body's parameters and their types with attributes."""
    block = program.graph.block
    found = []
    for kind, name, values in (("noalias readonly", "in", block.params), ("noalias", "out", block.results)):
        for k, value in enumerate(values):
            assert isinstance(value.type, ArrayType), "a stack cannot leave a program"
            found.append((f"%{name}{k}", f"ptr {kind} {_extent(value)}"))
    return [*found, ("%record", "ptr noalias"), ("%workspace", f"ptr noalias align {ALIGNMENT}")]


def _extent(value: Value) -> str:
    bytes_ = size(value.shape) * value.dtype.numpy.itemsize
    return f"nonnull dereferenceable({bytes_})" if bytes_ else ""


def _entry(program: KernelProgram, module: ModuleText, symbol: str, frame: Frame | None) -> FunctionText:
    """Unpack the table, and lend the body a workspace."""
    f = FunctionText(f"define i64 @{symbol}(ptr %table) nounwind")
    given = []
    for k, (name, _) in enumerate(_parameters(program)[:-1]):
        address = f.value(f"getelementptr inbounds i64, ptr %table, i64 {k}")
        given.append(address if name == "%record" else f.value(f"load ptr, ptr {address}"))
    arena, room = _aligned_arena(program), _room(program, frame)
    memory = _take_workspace(program, module, f, room) if room else "null"
    aligned = memory
    if room:
        end = f.value(f"getelementptr i8, ptr {memory}, i64 {ALIGNMENT - 1}")
        aligned = f.value(f"call ptr @llvm.ptrmask.p0.i64(ptr {end}, i64 -{ALIGNMENT})")
    given.append(aligned)
    if frame is not None:
        given.append(f.value(f"getelementptr i8, ptr {aligned}, i64 {arena}"))
    status = f.value(f"call i64 @{symbol}.body({', '.join('ptr ' + g for g in given)})")
    if room:
        left_over = llvm_idle.leave(f, f"@{_WORKSPACES}", llvm_idle.places_for(room), memory)
        f.line(f"call void @free(ptr {left_over})")
    f.line(f"ret i64 {status}")
    return f


def workspace_bytes(program: KernelProgram, target: Target | None = None) -> int:
    """Return how much memory a call takes at its start: the arena, and the frame of a long program."""
    target = target or Target()
    is_long = lines_of(program.body) > target.most_lines
    frame = _body(program, ModuleText(target.vector_functions), "f", target) if is_long else None
    return _room(program, frame)


def _aligned_arena(program: KernelProgram) -> int:
    return -(-program.arena // ALIGNMENT) * ALIGNMENT


def _room(program: KernelProgram, frame: Frame | None) -> int:
    room = _aligned_arena(program) + (frame.bytes if frame is not None else 0)
    return room + ALIGNMENT if room else 0


def _take_workspace(program: KernelProgram, module: ModuleText, f: FunctionText, room: int) -> str:
    """Take an idle workspace, or allocate one; no other call can use it meanwhile."""
    module.declare("malloc", "declare noalias ptr @malloc(i64) nounwind")
    module.declare("free", "declare void @free(ptr) nounwind")
    module.declare("llvm.ptrmask", "declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
    idle = llvm_idle.take(f, llvm_idle.new_places(module, _WORKSPACES), llvm_idle.places_for(room))
    f.branch(f.value(f"icmp eq ptr {idle}, null"), "allocate", "given")
    f.label("allocate")
    fresh = f.value(f"call ptr @malloc(i64 {room})")
    f.branch(f.value(f"icmp eq ptr {fresh}, null"), "full", "given")
    f.label("full")
    f.line(f"ret i64 {len(program.sites)}")
    f.label("given")
    return f.value(f"phi ptr [ {idle}, %entry ], [ {fresh}, %allocate ]")


def _release(program: KernelProgram, module: ModuleText, symbol: str) -> FunctionText:
    """Free what is kept between calls: for when the code is given up."""
    f = FunctionText(f"define void @{symbol}.release() nounwind")
    llvm_idle.release(module, f, _WORKSPACES, "free")
    release(module, f)
    f.line("ret void")
    return f


def _width(target: Target) -> str:
    """The attributes of functions that use the target's vectors.

    Those that a function stores for later lie on its stack. A caller aligns that to 16 bytes only, and most
    vectors would lie in two cache lines.
    """
    if not target.vector_bits:
        return ""
    return f' alignstack({target.vector_bits // 8}) "prefer-vector-width"="{target.vector_bits}"'


def _body(program: KernelProgram, module: ModuleText, symbol: str, target: Target) -> Frame | None:
    """Write the function that does the work, in parts if it is long."""
    parameters = dict(_parameters(program))
    width = _width(target)
    attributes = f"noinline nounwind{width}"
    moving = {buffer for statement in program.body for buffer in exchanged(statement)}
    frame = None
    if lines_of(program.body) > target.most_lines:
        parameters["%frame"] = f"ptr noalias align {ALIGNMENT}"
        frame = Frame(symbol, parameters, attributes, target.most_lines, target.most_optimised, moving)
        frame.unrolls = lines_of(program.body) <= _UNROLLED_PARTS * target.most_lines
    given = ", ".join(f"{kind} {name}" for name, kind in parameters.items())
    f = FunctionText(f"define internal i64 @{symbol}.body({given}) {attributes}")
    code = Code(program, module, f, width)
    f.entry.append(f"  store i64 0, ptr {code.status}")
    if frame is None:
        _place_buffers(code, moving)
    else:
        frame.begin(code)
        _begin_parts(code, frame)
    for k, value in enumerate(program.graph.block.params):
        if not value.shape:
            code.scalars[value] = code.load_at(f"%in{k}", value.dtype, ZERO)
    emit_statements(code, program.body)
    emit_moves(code, program.outputs)
    for k, value in enumerate(program.graph.block.results):
        if not value.shape:
            code.store_at(f"%out{k}", ZERO, code.scalar(value))
    f.jump("cleanup")
    f.label("cleanup")
    if code.stacks:
        release_all(code)
    f.line(f"ret i64 {f.value(f'load i64, ptr {code.status}')}")
    module.functions.append(f)
    if frame is not None:
        frame.finish(module)
    return frame


def _begin_parts(code: Code, frame: Frame) -> None:
    """Write what comes before all parts."""
    f = code.function
    for value, place in _constants(code.program):
        frame.constants[place] = _constant(place, code.program.producers[value])
    for buffer in sorted(frame.moving, key=lambda b: b.number):
        slot, name = code.moving[buffer], "%" + f.name("arena")
        f.entry.append(f"  {name} = getelementptr inbounds i8, ptr %workspace, i64 {buffer.position}")
        f.entry.append(f"  store ptr {name}, ptr {slot}")


def _constants(program: KernelProgram) -> list[tuple[Value, Buffer]]:
    """The constant arrays, without the other values that lie where one does."""
    held = ((v, place) for v, place in program.places.items() if place.memory is Memory.CONSTANT)
    return [(v, place) for v, place in held if is_data(program.producers[v])]


def _place_buffers(code: Code, moving: Collection[Buffer]) -> None:
    """Give every buffer but the popped ones its base pointer."""
    program, f = code.program, code.function
    constants = {place: v for v, place in _constants(program)}
    outputs = [Buffer(Memory.OUTPUT, k, v.dtype, 0) for k, v in enumerate(program.graph.block.results)]
    for buffer in (*program.buffers, *(m.target for m in program.outputs), *outputs):
        match buffer.memory:
            case Memory.INPUT | Memory.OUTPUT:
                code.bases[buffer] = f"%{buffer.memory.value}{buffer.position}"
            case Memory.ARENA:
                name = "%" + f.name("arena")
                f.entry.append(f"  {name} = getelementptr inbounds i8, ptr %workspace, i64 {buffer.position}")
                code.bases[buffer] = name
                if buffer in moving:
                    code.moving[buffer] = f.slot("ptr")
                    f.entry.append(f"  store ptr {name}, ptr {code.moving[buffer]}")
            case Memory.LOCAL:
                code.bases[buffer] = code.stack_array(buffer)
            case Memory.CONSTANT:
                code.bases[buffer] = code.module.constant(
                    *_constant(buffer, program.producers[constants[buffer]])
                )


def _constant(buffer: Buffer, node: Node) -> tuple[str, str]:
    """The name and the text of a constant array."""
    array = node.attrs["value"].array.ravel()
    kind = memory_type(buffer.dtype)
    as_bytes = buffer.dtype is DType.BOOL
    texts = (str(int(x)) if as_bytes else literal(buffer.dtype, x) for x in array)
    data = ", ".join(f"{kind} {t}" for t in texts)
    content = f"[{data}]" if array.size else "zeroinitializer"
    text = f"private constant [{array.size} x {kind}] {content}, align 16"
    return f"data.{buffer.number}", text
