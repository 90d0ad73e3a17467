"""The memory of a program as a table: buffers, places and lifetimes, stacks, the peak and a lower bound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..ir import dims
from ..ir.graph import Node
from ..ir.types import ArrayType, StackType
from .kernels import Buffer, KernelProgram, Memory
from .llvm_program import workspace_bytes
from .llvm_stack_memory import block_bytes, stride
from .print_kernels import KernelPrinter
from .stack_sizes import most_pushes
from .target import Target

_COLUMNS = 30  # of the drawing of a lifetime
_MOST_NAMED = 3
_WHERE = {
    Memory.ARENA: "workspace",
    Memory.LOCAL: "machine stack",
    Memory.OUTPUT: "result",
    Memory.CONSTANT: "constant",
}
Lives = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PlannedBuffer:
    """Memory for arrays of one size.

    Attributes
    ----------
    name
        As in the text of the kernels.
    where
        "workspace", "machine stack", "result" or "constant".
    offset
        The first byte in the workspace; None elsewhere.
    lives
        When it is taken, as pairs of the first and the last moment. Statement k of the kernels, counted
        with the ends of loops and branches, reads at 2k and writes at 2k + 1.
    holds
        The operations whose results lie there, with their lines.
    """

    name: str
    where: str
    bytes: int
    offset: int | None
    lives: Lives
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedStack:
    """Values that a loop saves for the one that runs backwards.

    Attributes
    ----------
    name
        As in the text of the kernels.
    element_bytes
        How far apart elements lie: arrays of half a kilobyte or more begin on a cache line.
    bytes
        At most so many, with the head of the block; None where the number of turns is known at run time only.
    """

    name: str
    element_bytes: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class PlannedBytes:
    """What a call takes.

    Attributes
    ----------
    workspace
        Bytes of the workspace, which a call takes over from the one before. A long program is cut into
        several functions; it has room for what they hand each other, too.
    machine_stack
        Bytes of small arrays and of rows handed from nest to nest.
    results
        Bytes of the outputs, but for those that take the memory of arguments.
    stacks
        Bytes of what loops save; None where only the run knows a number of turns.
    """

    workspace: int
    machine_stack: int
    results: int
    stacks: int | None

    @property
    def peak(self) -> int | None:
        """Bytes of all but inputs and constants; None where the stacks are not known."""
        if self.stacks is None:
            return None
        return self.workspace + self.machine_stack + self.results + self.stacks


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Where a program's arrays lie; it prints as a table.

    Attributes
    ----------
    bytes
        What a call takes: `workspace`, `machine_stack`, `results` and `peak` are its.
    lower_bound
        Bytes of the workspace's arrays that are alive at once: no plan of the same kernels needs less.
    constants
        Bytes of constants.
    """

    function: str
    buffers: tuple[PlannedBuffer, ...]
    stacks: tuple[PlannedStack, ...]
    bytes: PlannedBytes

    @property
    def lower_bound(self) -> int:
        lives = [(b.lives, b.bytes) for b in self.buffers if b.where == _WHERE[Memory.ARENA]]
        return largest_live_set(lives)

    @property
    def constants(self) -> int:
        return sum(b.bytes for b in self.buffers if b.where == _WHERE[Memory.CONSTANT])

    @property
    def workspace(self) -> int:
        return self.bytes.workspace

    @property
    def machine_stack(self) -> int:
        return self.bytes.machine_stack

    @property
    def results(self) -> int:
        return self.bytes.results

    @property
    def peak(self) -> int | None:
        return self.bytes.peak

    def __str__(self) -> str:
        return "\n".join(_lines(self)) + "\n"


def largest_live_set(lives: Iterable[tuple[Lives, int]]) -> int:
    """Return the most bytes that are alive at one moment."""
    spans = [(first, last, n) for each, n in lives for first, last in merged(each)]
    changes = [change for first, last, n in spans for change in ((first, n), (last + 1, -n))]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def merged(spans: Lives) -> Lives:
    """Return the same moments in spans that do not overlap."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return tuple(found)


def memory_plan(program: KernelProgram, target: Target | None = None) -> MemoryPlan:
    """Return the memory of a kernel program, as code for a target takes it."""
    printer = KernelPrinter(program)
    for _ in printer.lines():  # which gives the values their names
        pass
    holds = _contents(program)
    shown = [b for b in program.buffers if b.memory in _WHERE]
    return MemoryPlan(
        program.graph.name,
        tuple(_planned(b, program.lives[b], holds.get(b, ())) for b in shown),
        tuple(_stacks(program, printer)),
        planned_bytes(program, target),
    )


def planned_bytes(program: KernelProgram, target: Target | None = None) -> PlannedBytes:
    """Return what a call of a kernel program takes, as code for a target does."""
    stacks = [size for *_, size in _stack_sizes(program)]
    known = [size for size in stacks if size is not None]
    given = set(program.donated.values())
    results = [v for k, v in enumerate(program.graph.block.results) if k not in given]
    return PlannedBytes(
        workspace_bytes(program, target),
        sum(b.bytes for b in program.buffers if b.memory is Memory.LOCAL),
        sum(dims.size(v.shape) * v.dtype.numpy.itemsize for v in results),
        sum(known) if known == stacks else None,
    )


def _planned(buffer: Buffer, lives: Lives, holds: tuple[str, ...]) -> PlannedBuffer:
    offset = buffer.position if buffer.memory is Memory.ARENA else None
    return PlannedBuffer(str(buffer), _WHERE[buffer.memory], buffer.bytes, offset, merged(lives), holds)


def _contents(program: KernelProgram) -> Mapping[Buffer, tuple[str, ...]]:
    """What lies in each buffer, in the order of the program, each thing once."""
    found: dict[Buffer, dict[str, None]] = {}
    labels = dict(zip(program.graph.block.params, program.graph.inputs, strict=True))
    for value, buffer in program.places.items():
        node = program.producers.get(value)
        text = labels.get(value, "") if node is None else _named(node)
        if text:
            found.setdefault(buffer, {})[text] = None
    return {buffer: tuple(texts) for buffer, texts in found.items()}


def _named(node: Node) -> str:
    return node.op.name if node.loc is None else f"{node.op.name} (line {node.loc.line})"


def _stacks(program: KernelProgram, printer: KernelPrinter) -> Iterator[PlannedStack]:
    for node, each, size in _stack_sizes(program):
        yield PlannedStack(printer.name(node.results[0]), stride(each), size)


def _stack_sizes(program: KernelProgram) -> Iterator[tuple[Node, int, int | None]]:
    """Yield the node of each stack, with the bytes of an element and of all, if these are known."""
    for node, count in most_pushes(program.graph).items():
        type = node.results[0].type
        assert isinstance(type, StackType)
        each = element_bytes(type.element)
        yield node, each, None if count is None else block_bytes(each, count)


def element_bytes(type: ArrayType) -> int:
    """Return the bytes of an array, at most."""
    return dims.room(type.shape) * type.dtype.numpy.itemsize


# -- the table


def _lines(plan: MemoryPlan) -> Iterator[str]:
    yield f"memory of {plan.function}"
    yield f"  workspace      {plan.workspace:>13,} bytes, of which {plan.lower_bound:,} are alive at once"
    for name, count in (("machine stack", plan.machine_stack), ("results", plan.results)):
        yield f"  {name:<14} {count:>13,} bytes"
    for stack in plan.stacks:
        size = "unknown" if stack.bytes is None else f"{stack.bytes:,}"
        yield f"  stack {stack.name:<8} {size:>13} bytes, {stack.element_bytes:,} a push"
    peak = "unknown" if plan.peak is None else f"{plan.peak:,}"
    yield f"  peak           {peak:>13} bytes"
    if plan.buffers:
        yield ""
        yield from _table(plan)


def _table(plan: MemoryPlan) -> Iterator[str]:
    end = max((last for b in plan.buffers for _, last in b.lives), default=0) // 2
    rows = [("buffer", "bytes", "place", "statements", "alive".ljust(_COLUMNS), "holds")]
    for b in plan.buffers:
        first, last = max(0, b.lives[0][0]) // 2, b.lives[-1][1] // 2
        place = b.where if b.offset is None else f"{b.where} + {b.offset:,}"
        more = ["..."] if len(b.holds) > _MOST_NAMED else []
        holds = ", ".join([*b.holds[:_MOST_NAMED], *more])
        rows.append((b.name, f"{b.bytes:,}", place, f"{first} to {last}", _drawn(b.lives, end), holds))
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    for row in rows:
        sized = enumerate(zip(row, widths, strict=False))
        cells = [text.rjust(width) if k == 1 else text.ljust(width) for k, (text, width) in sized]
        yield ("  " + "  ".join([*cells, row[5]])).rstrip()


def _drawn(lives: Lives, end: int) -> str:
    """A lifetime on a line of time."""
    places = ["."] * _COLUMNS
    for first, last in lives:
        start, stop = (max(0, t) // 2 * _COLUMNS // (end + 1) for t in (first, last))
        places[start : stop + 1] = "#" * (stop + 1 - start)
    return "".join(places)
