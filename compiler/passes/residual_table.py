"""The residuals as a table: what each takes in memory, how it gets to the backward pass, and who reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ..ir.graph import Graph, Node, Value, walk
from ..ir.printer import Printer
from ..ir.types import ArrayType, StackType, Type
from .residuals import Carrier, Residual
from .work import Work, repeated_blocks

_MOST_READERS = 3  # that are named in a row
_ARGUMENT, _CONSTANT, _FUSED = "argument", "constant", "fused"


@dataclass(frozen=True, slots=True)
class ResidualRow:
    """A primal value that the backward pass reads, and what it takes.

    Attributes
    ----------
    name
        As in the text of the joint graph, or the argument's name.
    type
        Its type.
    how
        The word for its carrier; "argument" or "constant" for what is there anyway, "fused" for an array
        that has no memory: each reader computes the elements that it wants.
    carrier
        How it gets to the backward pass.
    bytes
        Of one such value.
    turns
        How often it is made: the turns of the loops around, all together; None where they are not known.
    why
        The backward operations that read it, with their lines.
    line
        The line that it is computed on.
    """

    name: str
    type: str
    how: str
    carrier: Carrier
    bytes: int
    turns: int | None
    why: tuple[str, ...]
    line: int | None

    @property
    def is_saved(self) -> bool:
        """Whether memory is taken for it from the forward pass to the backward one."""
        return self.carrier is not Carrier.RECOMPUTED and self.how not in (_ARGUMENT, _CONSTANT, _FUSED)

    @property
    def is_recomputed(self) -> bool:
        """Whether the backward pass computes it again."""
        return self.carrier is Carrier.RECOMPUTED or self.how == _FUSED

    @property
    def saved_bytes(self) -> int | None:
        """What is saved of it in all turns; None where their number is not known."""
        if not self.is_saved:
            return 0
        if self.carrier is not Carrier.STACK:
            return self.bytes
        return None if self.turns is None else self.turns * self.bytes


@dataclass(frozen=True, slots=True)
class ResidualTable:
    """All residuals of a function; prints as a table.

    Attributes
    ----------
    function
        Its name.
    rows
        A row a residual, in the order of `residuals`.
    work
        What the forward pass costs, and what of it the backward pass runs again.
    """

    function: str
    rows: tuple[ResidualRow, ...]
    work: Work

    @property
    def saved_bytes(self) -> int | None:
        """What is saved in all; None where a loop's number of turns is not known."""
        known = [row.saved_bytes for row in self.rows]
        return None if None in known else sum(n for n in known if n is not None)

    def __str__(self) -> str:
        return "\n".join(_lines(self)) + "\n"


def residual_table(
    joint: Graph, residuals: Sequence[Residual], work: Work, fused: Collection[Value] = ()
) -> ResidualTable:
    """Return the table of the residuals of a joint graph; those in `fused` have no memory."""
    names, labels = Printer(joint).names, dict(zip(joint.block.params, joint.inputs, strict=True))
    turns = dict(_turns(joint))
    constants = {v for n in walk(joint.block) if n.op.name == "constant" for v in n.results}
    rows = []
    for r in residuals:
        grows = isinstance(r.value.type, StackType)  # of as many elements as only the run knows
        carrier = Carrier.STACK if grows else r.carrier
        there = _ARGUMENT if r.value in labels else _CONSTANT if r.value in constants else ""
        there = there or (_FUSED if r.value in fused else "")
        rows.append(
            ResidualRow(
                labels.get(r.value) or (names[r.value] if r.value in turns else "?"),
                str(r.value.type),
                there if there and carrier is not Carrier.RECOMPUTED else carrier.value,
                carrier,
                _bytes(r.value.type),
                None if grows else turns.get(r.value, 1),
                tuple(_readers(r.readers)),
                r.loc.line if r.loc else None,
            )
        )
    return ResidualTable(joint.name, tuple(rows), work)


def _bytes(type: Type) -> int:
    if isinstance(type, StackType):
        return type.element.most_bytes
    return type.most_bytes if isinstance(type, ArrayType) else 0


def _turns(graph: Graph) -> Iterator[tuple[Value, int | None]]:
    """Yield every value with the number of times that it is made, None where that is not known."""
    for found in repeated_blocks(graph):
        for v in (*found.block.params, *(r for node in found.block.nodes for r in node.results)):
            yield v, found.times


def _readers(nodes: Sequence[Node]) -> Iterator[str]:
    """Each kind of reader once, with how many there are."""
    texts = Counter(n.op.name + (f" (line {n.loc.line})" if n.loc else "") for n in nodes)
    for text, count in texts.items():
        yield f"{count} {text}" if count > 1 else text


# -- the text


def _lines(table: ResidualTable) -> Iterator[str]:
    yield f"what the backward pass of {table.function} reads"
    rows = [("value", "type", "bytes", "turns", "saved", "how", "line", "why"), *map(_cells, table.rows)]
    widths = [max(len(row[k]) for row in rows) for k in range(7)]
    for row in rows:
        sized = enumerate(zip(row, widths, strict=False))
        cells = [text.rjust(w) if k in (2, 3, 4, 6) else text.ljust(w) for k, (text, w) in sized]
        yield ("  " + "  ".join([*cells, row[7]])).rstrip()
    saved, again = sum(r.is_saved for r in table.rows), sum(r.is_recomputed for r in table.rows)
    yield f"  saved {_number(table.saved_bytes)} bytes in {_values(saved)}; recomputed {_values(again)}"
    if not table.work.is_known:
        yield "  extra work: turns of loops, of which only the run knows how many there are"
    elif table.work.again and table.work.forward:
        share = 100 * table.work.again / table.work.forward
        yield f"  extra work: {f'about {share:.0f}' if share >= 1 else 'less than 1'}% of the forward pass"


def _cells(row: ResidualRow) -> tuple[str, ...]:
    more = ["..."] if len(row.why) > _MOST_READERS else []
    return (
        row.name,
        row.type,
        f"{row.bytes:,}",
        _number(row.turns),
        _number(row.saved_bytes) if row.is_saved else "",
        row.how,
        "" if row.line is None else str(row.line),
        ", ".join([*row.why[:_MOST_READERS], *more]),
    )


def _values(count: int) -> str:
    return f"{count} value" if count == 1 else f"{count} values"


def _number(x: int | None) -> str:
    return "unknown" if x is None else f"{x:,}"
