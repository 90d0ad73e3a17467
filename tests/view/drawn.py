"""DOT text read back as plain data, so that tests can ask what a diagram shows."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

_ITEM = re.compile(r"^\s*(\w+)(?: -> (\w+))?(?: \[(.*)\])?$")
_ATTRIBUTE = re.compile(r'(\w+)=(<(?:[^<>]|<[^<>]*>)*>|"(?:[^"\\]|\\.)*"|[^\s\]]+)')


@dataclass(frozen=True, slots=True)
class Drawn:
    """The nodes' texts and attributes by name, and the edges that are seen."""

    texts: dict[str, str]
    attributes: dict[str, dict[str, str]]
    edges: list[tuple[str, str, dict[str, str]]]

    def name(self, start: str) -> str:
        """Return the only node whose text begins with `start`."""
        (found,) = [name for name, text in self.texts.items() if text.startswith(start)]
        return found

    def edge(self, tail: str, head: str) -> dict[str, str]:
        """Return the attributes of the only edge between two nodes, in the data's direction."""
        (found,) = [a for t, h, a in self.edges if (t, h) == (tail, head)]
        return found

    def readers(self, tail: str) -> list[str]:
        return [h for t, h, _ in self.edges if t == tail]


def read(source: str) -> Drawn:
    """Read what `graph_diagram` writes, which has one item a line."""
    drawn = Drawn({}, {}, [])
    for line in source.splitlines():
        match = _ITEM.match(line)
        if match is None or match[1] in ("graph", "node", "edge"):
            continue
        attributes = {key: _text(value) for key, value in _ATTRIBUTE.findall(match[3] or "")}
        if attributes.get("style") == "invis":
            continue
        if match[2] is None:
            drawn.texts[match[1]] = attributes.get("label", "")
            drawn.attributes[match[1]] = attributes
        else:
            ends = (match[1], match[2])
            tail, head = reversed(ends) if attributes.get("dir") == "back" else ends
            drawn.edges.append((tail, head, attributes))
    return drawn


def _text(value: str) -> str:
    if value.startswith("<"):
        rows = value[1:-1].replace("</TR>", "\n")
        return html.unescape(re.sub(r"<[^>]*>", "", rows)).strip()
    return value.strip('"').strip()
