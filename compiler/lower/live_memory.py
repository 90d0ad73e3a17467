"""How much memory is in use while a program runs, statement by statement, from its plan.

The program is run in thought: time is the number of statements that have been run. Turns of a long loop are
not told apart; what is in use then changes evenly from its first turn to its last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..ir.graph import Node, Origin
from ..ir.types import StackType
from .inlining import is_array
from .kernels import Band, Branch, KernelProgram, Loop, Memory, Nest, Scalars, Single, Statement
from .llvm_stack_memory import stride
from .memory_plan import element_bytes, merged
from .stack_sizes import Pushes, count_pushes

_MOST_MOMENTS = 1200
_PARTS = 64  # of a loop whose turns are not told apart
_FEW = 8  # parts of the loops in a loop whose turns are told apart
_COUNTED = (Memory.ARENA, Memory.LOCAL, Memory.OUTPUT)


@dataclass(frozen=True, slots=True)
class Moment:
    """A span of time in which memory in use changes evenly.

    Attributes
    ----------
    start, stop
        In statements run.
    first, last
        Bytes in use at the two ends.
    what
        The operation, with its line, that is run or that takes most.
    """

    start: int
    stop: int
    first: int
    last: int
    what: str

    @property
    def most(self) -> int:
        return max(self.first, self.last)


@dataclass(frozen=True, slots=True)
class LoopSpan:
    """When a loop runs; `turns` is None where the plan does not know their number."""

    start: int
    stop: int
    turns: int | None
    line: int | None
    depth: int


@dataclass(frozen=True, slots=True)
class LiveMemory:
    """Bytes in use over the time of a program: arrays, results, and what lies on stacks.

    Attributes
    ----------
    moments
        In their order; together they are the whole time.
    loops
        Those that are wide enough to be told apart.
    turning_point
        When the backward part begins; None if there is none.
    assumed_turns
        What was taken for numbers of turns that the plan does not know; None if it knows all.
    """

    function: str
    moments: tuple[Moment, ...]
    loops: tuple[LoopSpan, ...]
    turning_point: int | None
    assumed_turns: int | None

    @property
    def statements(self) -> int:
        """How many statements are run."""
        return self.moments[-1].stop if self.moments else 0

    @property
    def peak(self) -> Moment | None:
        """The first moment at which most is in use; None for a program without statements."""
        return max(self.moments, key=lambda m: m.most, default=None)


def live_memory(program: KernelProgram, turns: int = 100) -> LiveMemory:
    """Return the memory in use over the time of a program.

    Parameters
    ----------
    program
        The program.
    turns
        What to take for the number of turns of loops that only the run knows.
    """
    walk = _Walk(count_pushes(program.graph), _in_use(program), turns)
    tree = walk.number(program.body)
    moments = _gathered(walk.run(tree, 0, _MOST_MOMENTS, 0))
    assumed = turns if walk.assumed else None
    return LiveMemory(program.graph.name, tuple(moments), tuple(walk.loops), _turning_point(tree), assumed)


def _turning_point(steps: Sequence[_Step]) -> int | None:
    """When the first backward statement runs; numbers count only where there is no array."""
    found: dict[bool, int] = {}
    begin = 0
    for step in steps:
        for node in step.nodes:
            if node.origin is not Origin.PRIMAL and node.op.name != "constant":
                found.setdefault(bool(node.regions) or any(is_array(v) for v in node.results), begin)
        begin += step.length
    return found.get(True, found.get(False))


def _in_use(program: KernelProgram) -> dict[int, int]:
    """Changes of the bytes that arrays take, by half statements."""
    donated = program.donated.values()
    changes: dict[int, int] = {}
    for buffer, lives in program.lives.items():
        if buffer.memory in _COUNTED and not (buffer.memory is Memory.OUTPUT and buffer.position in donated):
            for first, last in merged(lives):
                changes[first] = changes.get(first, 0) + buffer.bytes
                changes[last + 1] = changes.get(last + 1, 0) - buffer.bytes
    return changes


@dataclass(slots=True)
class _Step:
    """A statement with its number, what is in use besides stacks, and what it does to those."""

    number: int
    nodes: tuple[Node, ...]
    length: int = 1
    turns: int | None = 1
    is_loop: bool = False
    body: list[_Step] = field(default_factory=list)
    in_use: int = 0

    @property
    def what(self) -> str:
        """The operations, with the lines of the first."""
        names = list(dict.fromkeys(n.op.name for n in self.nodes if n.op.name != "constant"))
        line = next((n.loc.line for n in self.nodes if n.loc), None)
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        again = ", recomputed" if any(n.origin is Origin.RECOMPUTED for n in self.nodes) else ""
        return shown + (f" (line {line})" if line is not None else "") + again


class _Walk:
    def __init__(self, pushes: Pushes, changes: dict[int, int], turns: int) -> None:
        self.pushes = pushes
        self.changes = changes
        self.turns = turns
        self.assumed = False
        self.loops: list[LoopSpan] = []
        self.held: dict[Node, int] = {}  # bytes on each stack now
        self.clock = self.now = 0
        self.now = sum(n for time, n in changes.items() if time < 2)

    # The statements, in the numbering of `lifetimes`.

    def tick(self) -> tuple[int, int]:
        """The next number, and the most bytes that arrays take then."""
        self.clock += 1
        before = self.now + self.changes.get(2 * self.clock, 0)
        self.now = before + self.changes.get(2 * self.clock + 1, 0)
        return self.clock, max(before, self.now)

    def number(self, body: Sequence[Statement]) -> list[_Step]:
        return [self.step(statement) for statement in body]

    def step(self, statement: Statement) -> _Step:
        number, in_use = self.tick()
        found = _Step(number, tuple(_nodes(statement)), in_use=in_use)
        match statement:
            case Loop(node, body):
                found.is_loop, found.turns = True, self.pushes.turns(node)
                found.body = self.number(body)
                self.tick()
                found.length += self.turns_of(found) * sum(s.length for s in found.body)
            case Branch(_, then, orelse):
                for arm in (then, orelse):  # drawn one after the other, as both count in the plan
                    self.tick()
                    found.body += self.number(arm)
                    self.tick()
                self.tick()
                found.length += sum(s.length for s in found.body)
        return found

    def turns_of(self, loop: _Step) -> int:
        self.assumed |= loop.turns is None
        return self.turns if loop.turns is None else loop.turns

    # Running them.

    def run(self, steps: Sequence[_Step], start: int, room: int, depth: int) -> Iterator[Moment]:
        """Run statements from a time on, in not many more moments than there is room for."""
        points = [_points(step, _PARTS) for step in steps]
        whole = max(1, sum(points))
        for step, own in zip(steps, points, strict=True):
            share = max(2, room * own // whole)
            self.change(step.nodes if not step.body else ())
            bytes_ = step.in_use + sum(self.held.values())
            yield Moment(start, start + 1, bytes_, bytes_, step.what)
            if step.is_loop:
                line = next((n.loc.line for n in step.nodes if n.loc), None)
                self.loops.append(LoopSpan(start, start + step.length, step.turns, line, depth))
                yield from self.run_loop(step, start + 1, share, depth)
            else:
                yield from self.run(step.body, start + 1, share, depth)
            start += step.length

    def run_loop(self, loop: _Step, start: int, room: int, depth: int) -> Iterator[Moment]:
        count, length = self.turns_of(loop), sum(s.length for s in loop.body)
        if count * sum(_points(step, _FEW) for step in loop.body) <= room:
            for turn in range(count):
                yield from self.run(loop.body, start + turn * length, room // count, depth + 1)
        elif count:
            yield from self.run_parts(loop, start, max(2, min(_PARTS, room)), count, length)

    def run_parts(self, loop: _Step, start: int, parts: int, count: int, length: int) -> Iterator[Moment]:
        """Look at some turns only, the first and the last among them: what stacks hold changes evenly."""
        before, known = dict(self.held), len(self.loops)
        self.most(loop.body, start)
        change = {s: n - before.get(s, 0) for s, n in self.held.items()}
        chosen = sorted({k * (count - 1) // parts for k in range(parts + 1)})
        seen = []
        for turn in chosen:
            self.held = {s: before.get(s, 0) + turn * change[s] for s in change}
            seen.append((turn, self.most(loop.body, start)))
        del self.loops[known:]
        ends = [*seen[1:], (count, seen[-1][1])]
        for (turn, most), (end, then) in zip(seen, ends, strict=True):
            what = max(most, then, key=lambda m: m.most).what
            yield Moment(start + turn * length, start + end * length, most.most, then.most, what)
        self.held = {s: before.get(s, 0) + count * change[s] for s in change}

    def most(self, body: Sequence[_Step], start: int) -> Moment:
        """The moment of one turn at which most is in use."""
        return max(self.run(body, start, 2, 0), key=lambda m: m.most, default=Moment(start, start, 0, 0, ""))

    def change(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            match node.op.name:
                case "stack_new":
                    self.held[node] = 0
                case "push" | "pop":
                    made = self.pushes.origin[node.operands[0]]
                    type = made.results[0].type
                    assert isinstance(type, StackType)
                    each = stride(element_bytes(type.element))
                    self.held[made] = self.held.get(made, 0) + (each if node.op.name == "push" else -each)


def _points(step: _Step, most: int) -> int:
    """The moments of a statement, with no more than so many of a loop."""
    inner = sum(_points(each, most) for each in step.body)
    return 1 + (min(most, inner * (_PARTS if step.turns is None else step.turns)) if step.is_loop else inner)


def _nodes(statement: Statement) -> Iterator[Node]:
    match statement:
        case Scalars(nodes):
            yield from nodes
        case Nest(_, roots):
            yield from (root.node for root in roots)
        case Band(nests=nests):
            yield from (root.node for nest in nests for root in nest.roots)
        case Single(node) | Loop(node) | Branch(node):
            yield node


def _gathered(moments: Iterator[Moment]) -> list[Moment]:
    """Not too many moments: neighbours are put together, with the most of them."""
    found = list(moments)
    size = -(-len(found) // _MOST_MOMENTS)
    if size <= 1:
        return found
    groups = [found[k : k + size] for k in range(0, len(found), size)]
    highest = [max(group, key=lambda m: m.most) for group in groups]
    return [
        replace(top, start=group[0].start, stop=group[-1].stop, first=top.most, last=top.most)
        for top, group in zip(highest, groups, strict=True)
    ]
