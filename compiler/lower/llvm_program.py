"""A whole kernel program in LLVM IR: the entry, its body, loops and branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.graph import Node, Value
from ..ir.operation import Elementwise
from ..ir.types import ArrayType, DType
from .affine import ZERO, Index
from .buffers import ALIGNMENT
from .kernels import Branch, Buffer, KernelProgram, Loop, Memory, Move, Nest, Scalars, Single, Statement
from .llvm_code import Code
from .llvm_machine import Scalar
from .llvm_nests import emit_nest
from .llvm_singles import emit_single
from .llvm_stacks import release_all
from .llvm_text import FunctionText, ModuleText, VectorFunctions, literal, memory_type


@dataclass(frozen=True, slots=True)
class Target:
    """What code generation must know of the machine."""

    vector_functions: VectorFunctions | None = None
    vector_bits: int = 0  # the width that LLVM should prefer; 0 leaves it to LLVM


def emit(program: KernelProgram, symbol: str, target: Target | None = None) -> str:
    """Return the LLVM IR of a program whose entry is the function `symbol`.

    The entry takes one pointer to a table of 64-bit words: the addresses of the inputs and of the
    outputs, then a word where a failing index is recorded. It returns 0, or the number of the site
    where the run ended. `symbol.release` frees the memory that is kept between calls.
    """
    target = target or Target()
    module = ModuleText(target.vector_functions)
    module.functions.append(_body(program, module, symbol, target))
    module.functions.append(_entry(program, module, symbol))
    module.functions.append(_release(program, module, symbol))
    return str(module)


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
    from ..ir.dims import size

    bytes_ = size(value.shape) * value.dtype.numpy.itemsize
    return f"nonnull dereferenceable({bytes_})" if bytes_ else ""


def _entry(program: KernelProgram, module: ModuleText, symbol: str) -> FunctionText:
    """Unpack the table, and lend the body a workspace."""
    f = FunctionText(f"define i64 @{symbol}(ptr %table) nounwind")
    given = []
    for k, (name, _) in enumerate(_parameters(program)[:-1]):
        address = f.value(f"getelementptr inbounds i64, ptr %table, i64 {k}")
        given.append(address if name == "%record" else f.value(f"load ptr, ptr {address}"))
    memory = _take_workspace(program, module, f) if program.arena else "null"
    aligned = memory
    if program.arena:
        end = f.value(f"getelementptr i8, ptr {memory}, i64 {ALIGNMENT - 1}")
        aligned = f.value(f"call ptr @llvm.ptrmask.p0.i64(ptr {end}, i64 -{ALIGNMENT})")
    status = f.value(f"call i64 @{symbol}.body({', '.join('ptr ' + g for g in (*given, aligned))})")
    if program.arena:
        # Whoever puts one where one lies already frees that one: at most one is kept.
        idle = f.value(f"atomicrmw xchg ptr @idle, ptr {memory} acq_rel, align 8")
        f.line(f"call void @free(ptr {idle})")
    f.line(f"ret i64 {status}")
    return f


def _take_workspace(program: KernelProgram, module: ModuleText, f: FunctionText) -> str:
    """Take the idle workspace, or allocate one; no other call can use it meanwhile."""
    module.declare("malloc", "declare noalias ptr @malloc(i64) nounwind")
    module.declare("free", "declare void @free(ptr) nounwind")
    module.declare("llvm.ptrmask", "declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
    module.constant("idle", "internal global ptr null")
    idle = f.value("atomicrmw xchg ptr @idle, ptr null acq_rel, align 8")
    f.branch(f.value(f"icmp eq ptr {idle}, null"), "allocate", "given")
    f.label("allocate")
    fresh = f.value(f"call ptr @malloc(i64 {program.arena + ALIGNMENT})")
    f.branch(f.value(f"icmp eq ptr {fresh}, null"), "full", "given")
    f.label("full")
    f.line(f"ret i64 {len(program.sites)}")
    f.label("given")
    return f.value(f"phi ptr [ {idle}, %entry ], [ {fresh}, %allocate ]")


def _release(program: KernelProgram, module: ModuleText, symbol: str) -> FunctionText:
    """Free the idle workspace: for when the code is given up."""
    f = FunctionText(f"define void @{symbol}.release() nounwind")
    if program.arena:
        idle = f.value("atomicrmw xchg ptr @idle, ptr null acq_rel, align 8")
        f.line(f"call void @free(ptr {idle})")
    f.line("ret void")
    return f


def _body(program: KernelProgram, module: ModuleText, symbol: str, target: Target) -> FunctionText:
    parameters = ", ".join(f"{kind} {name}" for name, kind in _parameters(program))
    width = f' "prefer-vector-width"="{target.vector_bits}"' if target.vector_bits else ""
    f = FunctionText(f"define internal i64 @{symbol}.body({parameters}) noinline nounwind{width}")
    code = Code(program, module, f)
    f.entry.append(f"  store i64 0, ptr {code.status}")
    _place_buffers(code)
    for k, value in enumerate(program.graph.block.params):
        if not value.shape:
            code.scalars[value] = code.load_at(f"%in{k}", value.dtype, ZERO)
    _Statements(code).emit(program.body)
    _moves(code, program.outputs)
    for k, value in enumerate(program.graph.block.results):
        if not value.shape:
            code.store_at(f"%out{k}", ZERO, code.scalar(value))
    f.jump("cleanup")
    f.label("cleanup")
    if code.stacks:
        module.declare("free", "declare void @free(ptr) nounwind")
        release_all(code)
    f.line(f"ret i64 {f.value(f'load i64, ptr {code.status}')}")
    return f


def _place_buffers(code: Code) -> None:
    """Give every buffer but the popped ones its base pointer."""
    program, f = code.program, code.function
    constants = {place: v for v, place in program.places.items() if place.memory is Memory.CONSTANT}
    outputs = [Buffer(Memory.OUTPUT, k, v.dtype, 0) for k, v in enumerate(program.graph.block.results)]
    for buffer in (*program.buffers, *(m.target for m in program.outputs), *outputs):
        match buffer.memory:
            case Memory.INPUT | Memory.OUTPUT:
                code.bases[buffer] = f"%{buffer.memory.value}{buffer.position}"
            case Memory.ARENA:
                name = "%" + f.name("arena")
                f.entry.append(f"  {name} = getelementptr inbounds i8, ptr %workspace, i64 {buffer.position}")
                code.bases[buffer] = name
            case Memory.LOCAL:
                code.bases[buffer] = f.slot(memory_type(buffer.dtype), max(1, buffer.count), 16)
            case Memory.CONSTANT:
                code.bases[buffer] = _constant(code, buffer, program.producers[constants[buffer]])


def _constant(code: Code, buffer: Buffer, node: Node) -> str:
    array = node.attrs["value"].array.ravel()
    kind = memory_type(buffer.dtype)
    as_bytes = buffer.dtype is DType.BOOL
    texts = (str(int(x)) if as_bytes else literal(buffer.dtype, x) for x in array)
    data = ", ".join(f"{kind} {t}" for t in texts)
    content = f"[{data}]" if array.size else "zeroinitializer"
    text = f"private constant [{array.size} x {kind}] {content}, align 16"
    return code.module.constant(f"data.{buffer.number}", text)


def _moves(code: Code, moves: Sequence[Move]) -> None:
    for move in moves:
        source = move.source if isinstance(move.source, Buffer) else code.program.places[move.source]
        code.copy(code.base(move.target), code.base(source), move.target.bytes)


class _Statements:
    """Emits statements in order; recursion is over the nesting of regions."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def emit(self, body: Sequence[Statement]) -> None:
        for statement in body:
            match statement:
                case Scalars(nodes):
                    self.scalars(nodes)
                case Nest():
                    emit_nest(self.code, statement)
                case Single(node):
                    emit_single(self.code, node)
                case Loop():
                    self.loop(statement)
                case Branch():
                    self.branch(statement)

    def scalars(self, nodes: Sequence[Node]) -> None:
        code = self.code
        walk = code.walk()
        for node in nodes:
            if isinstance(node.op.lowering, Elementwise):
                found = code.apply(node, [code.scalar(o) for o in node.operands])
            else:
                found = walk.per_element(node, ())
            code.scalars[node.result] = code.machine.force(found) if _varies(found) else found

    def loop(self, loop: Loop) -> None:
        code, node = self.code, loop.node
        (region,) = node.regions
        _moves(code, loop.entry)
        slots = [self.enter(p, i) for p, i in zip(region.params[1:], node.operands[3:], strict=True)]
        low, _, step = (code.register(v) for v in node.operands[:3])
        with code.loop(self.trips(node)) as k:
            stepped = code.function.value(f"mul i64 {k}, {step}") if step != "1" else k
            code.scalars[region.params[0]] = Scalar(DType.I64, code.function.value(f"add i64 {low}, {stepped}"))
            for slot, param in zip(slots, region.params[1:], strict=True):
                if slot:
                    code.scalars[param] = code.read(slot, param.dtype)
            self.emit(loop.body)
            _moves(code, loop.back)
            for slot, value in zip(slots, region.results, strict=True):
                if slot:
                    code.write(slot, code.scalar(value))
        for slot, param, result in zip(slots, region.params[1:], node.results, strict=True):
            self.leave(slot, param, result)

    def enter(self, param: Value, init: Value) -> str:
        """Give a carried scalar a place; a carried stack is the same stack in every iteration."""
        code = self.code
        if not isinstance(param.type, ArrayType):
            code.scalars[param] = code.scalar(init)
            return ""
        if param.type.shape:
            return ""
        slot = code.accumulator(param.dtype)
        code.write(slot, code.scalar(init))
        return slot

    def leave(self, slot: str, param: Value, result: Value) -> None:
        if slot:
            self.code.scalars[result] = self.code.read(slot, result.dtype)
        elif not isinstance(param.type, ArrayType):
            self.code.scalars[result] = self.code.scalar(param)

    def trips(self, node: Node) -> str:
        """The number of iterations of a range, without overflow."""
        code, f = self.code, self.code.function
        low, high, step = (code.register(v) for v in node.operands[:3])
        up = f.value(f"icmp sgt i64 {step}, 0")
        some = f.value(f"select i1 {up}, i1 {f.value(f'icmp slt i64 {low}, {high}')}, i1 "
                       f"{f.value(f'icmp sgt i64 {low}, {high}')}")  # fmt: skip
        first = f.value(f"select i1 {up}, i64 {low}, i64 {high}")
        last = f.value(f"select i1 {up}, i64 {high}, i64 {low}")
        stride = f.value(f"select i1 {up}, i64 {step}, i64 {f.value(f'sub i64 0, {step}')}")
        span = f.value(f"sub i64 {f.value(f'sub i64 {last}, {first}')}, 1")
        count = f.value(f"add i64 {f.value(f'udiv i64 {span}, {stride}')}, 1")
        return f.value(f"select i1 {some}, i64 {count}, i64 0")

    def branch(self, branch: Branch) -> None:
        code, f, node = self.code, self.code.function, branch.node
        then, orelse, after = (f.name(p) for p in ("then", "else", "after"))
        slots = [
            code.accumulator(r.dtype) if isinstance(r.type, ArrayType) and not r.type.shape else ""
            for r in node.results
        ]
        f.branch(code.register(node.operands[0]), then, orelse)
        arms = ((then, branch.then, branch.then_moves), (orelse, branch.orelse, branch.else_moves))
        for (label, body, moves), region in zip(arms, node.regions, strict=True):
            f.label(label)
            self.emit(body)
            _moves(code, moves)
            for slot, value, result in zip(slots, region.results, node.results, strict=True):
                if slot:
                    code.write(slot, code.scalar(value))
                elif not isinstance(result.type, ArrayType):
                    code.scalars[result] = code.scalar(value)
            f.jump(after)
        f.label(after)
        for slot, result in zip(slots, node.results, strict=True):
            if slot:
                code.scalars[result] = code.read(slot, result.dtype)


def _varies(found: object) -> bool:
    return isinstance(found, Index) and bool(found.terms)
