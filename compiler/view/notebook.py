"""The HTML page of a program for notebooks: its stages, each with its text and its diagram."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import RenderError
from .diagram import NO_DOT, Diagram, can_render
from .picture import Picture

LONGEST = 2000  # lines of one stage

_FRAME = "margin:.3em 0;border:1px solid #cbd2d9;border-radius:6px;padding:.3em .7em"
_SUMMARY = "cursor:pointer;font-weight:600"
_TEXT = "overflow:auto;max-height:32em;font-size:.85em;line-height:1.35"
_NOTE = "color:#7b8794;font-style:italic"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a program: its name, its text and how to draw it, None where there is no diagram."""

    name: str
    text: str
    draw: Callable[[], Diagram | Picture] | None = None


def page(title: str, stages: Sequence[Stage], *, opened: str | None = None) -> str:
    """Return an HTML fragment with a foldable section for each stage.

    Parameters
    ----------
    title
        The heading.
    stages
        The stages, in order.
    opened
        The name of the section that is unfolded at first.
    """
    sections = "".join(_section(stage, stage.name == opened) for stage in stages)
    return f"<div><h3>{_safe(title)}</h3>{sections}</div>"


def _section(stage: Stage, is_open: bool) -> str:
    summary = f'<summary style="{_SUMMARY}">{_safe(stage.name)}</summary>'
    body = f"{_picture(stage)}{_listing(stage.text)}"
    return f'<details style="{_FRAME}"{" open" if is_open else ""}>{summary}{body}</details>'


def _picture(stage: Stage) -> str:
    if stage.draw is None:
        return ""
    try:
        drawn = stage.draw()
        if isinstance(drawn, Diagram) and not can_render():
            return _note(NO_DOT)
        svg = drawn.svg()
    except RenderError as error:
        return _note(str(error))
    return f'<div style="overflow:auto">{svg[svg.index("<svg") :]}</div>'


def _listing(text: str) -> str:
    lines = text.splitlines()
    shown = "\n".join(lines[:LONGEST])
    rest = _note(f"{len(lines) - LONGEST:,} more lines: print the stage") if len(lines) > LONGEST else ""
    return f'<pre style="{_TEXT}">{_safe(shown)}</pre>{rest}'


def _note(text: str) -> str:
    return f'<p style="{_NOTE}">{_safe(text)}</p>'


def _safe(text: str) -> str:
    return html.escape(text, quote=True).encode("utf-8", "backslashreplace").decode("utf-8")
