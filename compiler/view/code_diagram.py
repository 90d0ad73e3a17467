"""The diagram of LLVM IR or assembly: a node for each basic block, an edge for each jump.

The text is only split at labels, so that it serves every processor's assembly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from . import labels, style
from .diagram import Diagram, check_size
from .marks import Phase

if TYPE_CHECKING:
    from graphviz import Digraph

LIMIT = 1000  # basic blocks
SHOWN = 6  # instructions at either end of one block

_LABEL = re.compile(r'^"?([-\w.$]+)"?:')
_REFERENCE = re.compile(r"[-\w.$]+")
_ENDS = re.compile(r"^(?:br|jmp\w*|ret\w*|b|switch|unreachable|ud2)\b")
_DEFINES = re.compile(r'^define .*?@"?([^"(]+)"?\(')
_CLOSED = re.compile(r"^}|^\.size\b")
_IGNORED = re.compile(r'^(?:;|#|//|$|declare\b|target\b|source_filename|attributes\b|!|@|\$|")')


@dataclass(frozen=True, slots=True)
class _BasicBlock:
    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Function:
    name: str
    blocks: tuple[_BasicBlock, ...]


def code_diagram(text: str, *, title: str = "", limit: int = LIMIT) -> Diagram:
    """Draw the control flow of LLVM IR or of assembly.

    Parameters
    ----------
    text
        The code.
    title
        The heading.
    limit
        The largest number of basic blocks that is drawn.

    Raises
    ------
    RenderError
        If the code has more than `limit` basic blocks.
    """
    from graphviz import Digraph

    functions = list(_functions(text))
    check_size("the code", "basic blocks", sum(len(f.blocks) for f in functions), limit)
    root = Digraph(
        graph_attr={**style.GRAPH, "label": style.heading(title)},
        node_attr={**style.NODE, "fontname": style.CODE_FONT, "fontsize": "10"},
        edge_attr=style.EDGE,
    )
    for k, function in enumerate(functions):
        frame = {**style.cluster(Phase.FORWARD, ground=True), "label": f"<{labels.escape(function.name)}>"}
        cluster = Digraph(name=f"cluster_{k}", graph_attr=frame)
        _draw(cluster, function.blocks, f"n{k}_")
        root.subgraph(cluster)
    return Diagram(root.source)


def _draw(cluster: Digraph, blocks: Sequence[_BasicBlock], prefix: str) -> None:
    names = {block.label: f"{prefix}{j}" for j, block in enumerate(blocks)}
    for block in blocks:
        cluster.node(names[block.label], _label(block), **style.operation(Phase.FORWARD), style="filled")
    for block, below in zip_longest(blocks, blocks[1:]):
        for target in _targets(block, below, names):
            cluster.edge(names[block.label], names[target])


def _functions(text: str) -> Iterator[_Function]:
    """Yield the functions; data and directives are left out."""
    blocks: list[_BasicBlock] = []
    lines: list[str] = []
    name = label = ""
    for raw in [*text.splitlines(), "}"]:
        line = raw.strip()
        defined, found, closes = _DEFINES.match(line), _LABEL.match(line), _CLOSED.match(line)
        if defined or found or closes:
            if lines:
                blocks.append(_BasicBlock(label, tuple(lines)))
            label, lines = (found[1] if found else "entry"), []
            name = defined[1] if defined else name
        elif not _IGNORED.match(line) and not line.startswith("."):
            lines.append(re.sub(r"\s+", " ", line.split(", !")[0]))
        if closes and blocks:
            yield _Function(name or blocks[0].label, tuple(blocks))
            blocks, name = [], ""


def _targets(block: _BasicBlock, below: _BasicBlock | None, names: dict[str, str]) -> list[str]:
    """Return the labels that a block names, and the block below it where it falls through."""
    words = (word for line in block.lines for word in _REFERENCE.findall(_jump(line)))
    targets = dict.fromkeys(word for word in words if word in names)
    if below is not None and not _ENDS.match(block.lines[-1]):
        targets[below.label] = None
    return list(targets)


def _jump(line: str) -> str:
    """The part of an instruction that can name labels: all of it but for LLVM's results and phi nodes."""
    if " = " in line:
        return ""
    named = re.findall(r'label %"?([-\w.$]+)', line)
    return " ".join(named) if named else line


def _label(block: _BasicBlock) -> str:
    lines: Sequence[str] = block.lines
    if len(lines) > 2 * SHOWN + 1:
        hidden = f"… {len(lines) - 2 * SHOWN} more …"
        lines = [*lines[:SHOWN], hidden, *lines[-SHOWN:]]
    return labels.table(
        [labels.font(labels.escape(block.label), bold=True), *map(labels.escape, lines)], align="LEFT"
    )
