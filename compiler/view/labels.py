"""Texts in diagrams: escaping, short numbers, and the HTML-like tables that Graphviz draws in nodes."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.interpreter import Stack

SMALL = 6  # arrays of up to this many elements are shown as numbers
LONGEST = 60


def plain(text: str, longest: int = LONGEST) -> str:
    """Return `text` on one line, cut to `longest` characters, without characters that do not print."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def escape(text: str, longest: int = LONGEST) -> str:
    """Return `plain` text for an HTML-like label."""
    return html.escape(plain(text, longest), quote=True)


def number(value: Any) -> str:
    """Return a number in at most four significant digits; integers and bools in full."""
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)


def summary(value: Any) -> str:
    """Return a small array as its numbers, a large one as mean and norm, a stack as its height."""
    if isinstance(value, Stack):
        return f"stack of {_height(value)}"
    array = np.asarray(value)
    if array.size <= SMALL:
        return _nested(array.tolist()) if array.size else "empty"
    with np.errstate(all="ignore"):
        wide = array.astype(np.float64)
        return f"mean {number(wide.mean())}, norm {number(np.linalg.norm(wide.ravel()))}"


def _height(stack: Stack) -> int:
    height = 0
    while stack.below is not None:
        stack, height = stack.below, height + 1
    return height


def _nested(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_nested, value)) + "]"
    return number(value)


def font(text: str, *, color: str | None = None, size: int | None = None, bold: bool = False) -> str:
    """Wrap text that is already escaped in font tags; Graphviz takes none around nothing."""
    if not text:
        return ""
    inner = f"<B>{text}</B>" if bold else text
    attributes = (f' COLOR="{color}"' if color else "") + (f' POINT-SIZE="{size}"' if size else "")
    return f"<FONT{attributes}>{inner}</FONT>" if attributes else inner


def table(rows: Sequence[str], *, align: str = "CENTER") -> str:
    """Return an HTML-like label with one line for each row."""
    side = "" if align == "CENTER" else f' ALIGN="{align}"'
    cells = "".join(f"<TR><TD{side}>{row}</TD></TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{cells}</TABLE>>'
