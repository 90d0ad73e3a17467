"""A picture as SVG text, and the few shapes that gradir draws without Graphviz."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

from . import style

_FONT = "Helvetica, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture; notebooks show it.

    Parameters
    ----------
    source
        The SVG text.
    """

    source: str

    def svg(self) -> str:
        """Return the SVG text."""
        return self.source

    def save(self, path: str | Path) -> Path:
        """Write the SVG text into the file `path` and return the file's path."""
        Path(path).write_text(self.source, encoding="utf-8")
        return Path(path)

    def _repr_svg_(self) -> str:
        return self.source

    def __str__(self) -> str:
        return self.source


class Canvas:
    """Collects shapes, the later above the earlier."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._shapes: list[str] = []

    def rectangle(self, x: float, y: float, width: float, height: float, fill: str, title: str = "") -> None:
        shown = f"><title>{_safe(title)}</title></rect>" if title else "/>"
        size = f'width="{width:.1f}" height="{height:.1f}"'
        self._shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{fill}"{shown}')

    def line(self, points: list[tuple[float, float]], colour: str, width: float = 1, dash: str = "") -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._shapes.append(
            f'<polyline points="{_joined(points)}" fill="none" stroke="{colour}" '
            f'stroke-width="{width:g}"{dashed}/>'
        )

    def area(self, points: list[tuple[float, float]], fill: str) -> None:
        self._shapes.append(f'<polygon points="{_joined(points)}" fill="{fill}" fill-opacity="0.35"/>')

    def dot(self, x: float, y: float, fill: str) -> None:
        self._shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}"/>')

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: str = "start",
        size: int = 12,
        colour: str = style.TEXT,
        bold: bool = False,
        turned: bool = False,
        halo: bool = False,
    ) -> None:
        weight = ' font-weight="bold"' if bold else ""
        rotated = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        for paint in ['fill="none" stroke="white" stroke-width="3"'] * halo + [f'fill="{colour}"']:
            self._shapes.append(f"<text {place} {paint}{weight}{rotated}>{_safe(words)}</text>")

    def finish(self) -> Picture:
        size = f'width="{self.width:g}" height="{self.height:g}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {self.width:g} {self.height:g}"'
        ground = '<rect width="100%" height="100%" fill="white"/>'
        body = "\n".join([ground, *self._shapes])
        return Picture(f'{head} font-family="{_FONT}">\n{body}\n</svg>\n')


def _joined(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
