"""The text inside the nodes of a graph's diagram: operation, source line, value and gradient."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..ir.graph import Loc, Node, Origin, Value
from ..ir.printer import Printer
from . import labels, style
from .marks import Marks


def place(loc: Loc | None) -> str:
    """Return `file.py:3`, or nothing where the line is not known."""
    return f"{os.path.basename(loc.file)}:{loc.line}" if loc else ""


@dataclass(frozen=True, slots=True)
class NodeText:
    """Makes the labels of one graph's nodes, with the names that its printed text has."""

    printer: Printer
    marks: Marks
    values: Mapping[Value, Any]
    gradients: Mapping[Value, Any]

    def names(self, values: Sequence[Value]) -> str:
        return labels.escape(self.printer.names.list(values))

    def operation(self, node: Node) -> str:
        """The label of a node without regions."""
        if node.op.name == "constant":
            number = labels.escape(labels.summary(node.attrs["value"].array))
            return labels.table([self._defined(node) + number])
        head = self.printer.head(node)
        text = head.split(" = ", 1)[1] if node.results else head
        name = labels.font(labels.escape(node.op.name), bold=True)
        rows = [self._defined(node) + name + labels.escape(text.removeprefix(node.op.name))]
        if node.origin is Origin.SUM:
            rows.append(labels.font("sum at a fork", color=style.FORK, size=10))
        line = labels.font(labels.escape(place(node.loc)), color=style.FAINT, size=9)
        return labels.table([*rows, *self.notes(node.results), *filter(None, [line])])

    def terminal(self, value: Value, label: str = "", *, word: str = "") -> str:
        """The label of an input, a parameter or a result of a region: name, a word, the user's name."""
        user = labels.font(labels.escape(label), bold=True)
        first = " ".join(filter(None, [self.names([value]), labels.escape(word), user]))
        return labels.table([first, *self.notes([value])])

    def _defined(self, node: Node) -> str:
        return f"{self.names(node.results)} = " if node.results else ""

    def notes(self, values: Sequence[Value]) -> list[str]:
        """The rows below the first: saved or recomputed, values, gradients."""
        rows = []
        if self.marks.saved & set(values):
            rows.append(labels.font("saved", color=style.SAVED, size=10))
        if self.marks.recomputed & set(values):
            rows.append(labels.font("recomputed", color=style.RECOMPUTED, size=10))
        for value in values:
            prefix = f"{self.printer.names[value]} " if len(values) > 1 else ""
            if value in self.values:
                word = "last value" if value in self.marks.repeated else "value"
                rows.append(self._number(f"{prefix}{word}", self.values[value], style.TEXT))
            if value in self.gradients:
                rows.append(self._number(f"{prefix}gradient", self.gradients[value], style.GRADIENT))
        return rows

    def _number(self, word: str, value: Any, color: str) -> str:
        return labels.font(labels.escape(f"{word} {labels.summary(value)}"), color=color, size=11)
