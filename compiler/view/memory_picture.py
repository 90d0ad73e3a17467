"""The drawing of memory in use over the time of a program, of one or of several programs to one scale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..lower.live_memory import LiveMemory, LoopSpan, Moment
from . import style
from .marks import Phase
from .picture import Canvas, Picture

_WIDTH, _LEFT, _RIGHT = 900, 86, 24
_ABOVE, _HIGH, _BELOW = 56, 210, 100
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "bytes"))
_CURVE = "#2f6fb0"
_ROWS = 3  # of loops below the axis
_LETTER = 6.2  # the width of one in a label


@dataclass(frozen=True, slots=True)
class MemoryPanel:
    """One program in a drawing: `reserved` is the plan's peak, None where it is not known."""

    title: str
    live: LiveMemory
    reserved: int | None


def memory_picture(panels: Sequence[MemoryPanel]) -> Picture:
    """Draw memory in use over time, a panel a program, all to the same scale.

    The area is what is in use: arrays between their first and last use, results, and what lies on
    stacks. The dashed line is what is reserved: the peak of the plan. Moving the pointer over the area
    tells each statement with its line and its bytes.

    Parameters
    ----------
    panels
        The programs, from top to bottom.
    """
    peaks = [max(m.most for m in p.live.moments) if p.live.moments else 0 for p in panels]
    most = max(1, *peaks, *(p.reserved or 0 for p in panels))
    time = max(1, *(p.live.statements for p in panels))
    high = _ABOVE + _HIGH + _BELOW
    canvas = Canvas(_WIDTH, high * len(panels))
    for k, panel in enumerate(panels):
        _Drawing(canvas, panel, k * high + _ABOVE, most, time).draw()
    return canvas.finish()


class _Drawing:
    """One panel; `top` is that of its axes."""

    def __init__(self, canvas: Canvas, panel: MemoryPanel, top: float, most: int, time: int) -> None:
        self.canvas, self.panel, self.live = canvas, panel, panel.live
        self.top, self.bottom = top, top + _HIGH
        self.most, self.time = most, time

    def x(self, time: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * time / self.time

    def y(self, bytes_: float) -> float:
        return self.bottom - 0.92 * _HIGH * bytes_ / self.most

    def draw(self) -> None:
        self.canvas.text(_LEFT, self.top - 34, self.panel.title, size=15, bold=True)
        self.phases()
        self.axes()
        if self.live.moments:
            self.curve()
            self.loops()
            self.reserved()
            self.peak()

    def phases(self) -> None:
        turn = self.live.turning_point
        end = self.live.statements
        spans = [(Phase.FORWARD, 0, end if turn is None else turn)]
        if turn is not None:
            spans.append((Phase.BACKWARD, turn, end))
        for phase, start, stop in spans:
            left, right = self.x(start), self.x(stop)
            fill, colour = style.ground(phase), style.line(phase)
            self.canvas.rectangle(left, self.top, right - left, _HIGH, fill)
            if turn is not None and right - left > _LETTER * (len(phase.value) + 2):
                self.canvas.text(left + 4, self.top - 6, phase.value, size=11, colour=colour, bold=True)

    def axes(self) -> None:
        canvas, right = self.canvas, _WIDTH - _RIGHT
        factor, unit = _unit(self.most)
        for value in _ticks(self.most / factor, 5):
            y = self.y(value * factor)
            canvas.line([(_LEFT, y), (right, y)], "#dfe3e8")
            canvas.text(_LEFT - 8, y + 4, f"{value:,g}", anchor="end", size=11)
        for value in _ticks(self.time, 8):
            if value == int(value):
                x = self.x(value)
                canvas.line([(x, self.bottom), (x, self.bottom + 4)], style.TEXT)
                canvas.text(x, self.bottom + 17, f"{value:,g}", anchor="middle", size=11)
        canvas.line([(_LEFT, self.top), (_LEFT, self.bottom), (right, self.bottom)], style.TEXT)
        canvas.text(24, (self.top + self.bottom) / 2, f"memory in use, {unit}", anchor="middle", turned=True)
        canvas.text(right, self.bottom + 32, "statements run", anchor="end", colour=style.FAINT)

    def curve(self) -> None:
        points = [p for m in self.live.moments for p in self.ends(m)]
        last = self.x(self.live.statements)
        self.canvas.area([(_LEFT, self.bottom), *points, (last, self.bottom)], _CURVE)
        self.canvas.line(points, _CURVE, 1.5)
        for m in self.live.moments:
            left, right = self.x(m.start), self.x(m.stop)
            self.canvas.rectangle(left, self.top, right - left, _HIGH, "transparent", _told(m))

    def ends(self, m: Moment) -> list[tuple[float, float]]:
        return [(self.x(m.start), self.y(m.first)), (self.x(m.stop), self.y(m.last))]

    def loops(self) -> None:
        """Name the loops below the axis, where there is room for it."""
        for loop in self.live.loops:
            left, right = self.x(loop.start), self.x(loop.stop)
            words = _named(loop, self.live.assumed_turns)
            if loop.depth < _ROWS and right - left > _LETTER * min(len(words), 9):
                y = self.bottom + 46 + 17 * loop.depth
                self.canvas.line(
                    [(left + 1, y - 4), (left + 1, y), (right - 1, y), (right - 1, y - 4)], style.FAINT
                )
                room = int((right - left) / _LETTER)
                shown = words if len(words) <= room else words[: max(0, room - 1)] + "…"
                self.canvas.text((left + right) / 2, y + 11, shown, anchor="middle", size=10)

    def reserved(self) -> None:
        if self.panel.reserved is not None:
            y, right = self.y(self.panel.reserved), _WIDTH - _RIGHT
            self.canvas.line([(_LEFT, y), (right, y)], style.TEXT, 1.2, "6 4")
            words = f"peak of the plan: {self.panel.reserved:,} bytes"
            self.canvas.text(right - 4, y - 5, words, anchor="end", size=11, halo=True)

    def peak(self) -> None:
        peak = self.live.peak
        assert peak is not None
        x = self.x(peak.start if peak.first >= peak.last else peak.stop)
        y = self.y(peak.most)
        self.canvas.dot(x, y, style.GRADIENT)
        words = f"most in use: {peak.most:,} bytes, {peak.what}"
        anchor = "start" if x < _WIDTH / 2 else "end"
        shift = 9 if anchor == "start" else -9
        self.canvas.text(x + shift, y + 16, words, anchor=anchor, size=11, colour=style.GRADIENT, halo=True)


def _told(m: Moment) -> str:
    """What the pointer tells of a moment."""
    one = m.stop == m.start + 1
    when = f"statement {m.stop:,}" if one else f"statements {m.start + 1:,} to {m.stop:,}"
    size = f"{m.first:,}" if m.first == m.last else f"{m.first:,} to {m.last:,}"
    return f"{when}: {m.what}\n{size} bytes in use"


def _named(loop: LoopSpan, assumed: int | None) -> str:
    turns = f"{loop.turns:,} turns" if loop.turns is not None else f"turns not known, drawn for {assumed:,}"
    return turns if loop.line is None else f"line {loop.line}: {turns}"


def _unit(most: float) -> tuple[float, str]:
    return next((factor, unit) for factor, unit in _UNITS if most >= factor)


def _ticks(most: float, count: int) -> Iterator[float]:
    """About so many round numbers from 0 on."""
    rough = most / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(k * power for k in (1, 2, 5, 10) if k * power >= rough)
    number = 0
    while number * step <= most:
        yield number * step
        number += 1
