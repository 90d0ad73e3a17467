"""Numbers and tables as text: three digits, units that suit, columns that line up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .measure import Spread

_UNITS = ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (math.inf, 1.0, "s"))


def table(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return rows, the first of which is the head, as a Markdown table; so many columns are flush left."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    head, *body = (
        " | ".join(_aligned(c, k < left, w) for k, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    )
    rule = " | ".join("-" * w if k < left else "-" * (w - 1) + ":" for k, w in enumerate(widths))
    return "\n".join(f"| {line} |" for line in (head, rule, *body)) + "\n"


def with_quartiles(x: Spread, text: Callable[[float], str]) -> str:
    return f"{text(x.median)} ({text(x.low)}..{text(x.high)})"


def digits(x: float) -> str:
    """Three digits, none of them invented: 1.23, 12.3, 123, 1,230."""
    rounded = float(f"{x:.3g}")
    if rounded == 0.0:
        return "0"
    places = 2 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(places, 0)}f}"


def microseconds(x: float) -> str:
    """Return seconds as text in microseconds."""
    return digits(x * 1e6)


def duration(x: float) -> str:
    """Return seconds as text with the unit that suits."""
    factor, unit = next((factor, unit) for limit, factor, unit in _UNITS if x < limit)
    return f"{digits(x * factor)} {unit}"


def ratio(x: float) -> str:
    return f"{x:.2f}" if x < 10.0 else digits(x)


def _aligned(cell: str, left: bool, width: int) -> str:
    return cell.ljust(width) if left else cell.rjust(width)
