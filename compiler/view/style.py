"""The colours, shapes and lines of diagrams, in one place."""

from __future__ import annotations

from . import labels
from .marks import Phase

TEXT = "#1f2933"
FAINT = "#7b8794"
FORK = "#7d3fb2"
SAVED = "#1e7d4f"
RECOMPUTED = "#8a6100"
GRADIENT = "#c0392b"

CODE_FONT = "Courier"

_FONT = "Helvetica"
_FILL = {Phase.FORWARD: "#e3effb", Phase.BACKWARD: "#fdecdf"}
_LINE = {Phase.FORWARD: "#2f6fb0", Phase.BACKWARD: "#c8661f"}
_GROUND = {Phase.FORWARD: "#f6fafe", Phase.BACKWARD: "#fffaf5"}

GRAPH = {
    "fontcolor": TEXT,
    "fontname": _FONT,
    "fontsize": "14",
    "labelloc": "t",
    "newrank": "true",
    "nodesep": "0.35",
    "ranksep": "0.45",
}
NODE = {
    "fontcolor": TEXT,
    "fontname": _FONT,
    "fontsize": "12",
    "height": "0.3",
    "margin": "0.08,0.04",
    "shape": "box",
    "style": "rounded,filled",
    "width": "0.3",
}
EDGE = {"arrowsize": "0.7", "color": "#52606d", "fontcolor": FAINT, "fontname": _FONT, "fontsize": "9"}

CONSTANT_NODE = {"style": "filled", "fillcolor": "#f1f3f5", "color": FAINT}
SUM_NODE = {"fillcolor": "#efe3fa", "color": FORK, "penwidth": "1.8"}
SAVED_NODE = {"color": SAVED, "peripheries": "2"}
RECOMPUTED_NODE = {"color": RECOMPUTED, "style": "rounded,filled,dashed", "penwidth": "1.6"}
FORK_NODE = {
    "color": FORK,
    "fillcolor": FORK,
    "fixedsize": "true",
    "height": "0.13",
    "label": "",
    "shape": "circle",
    "width": "0.13",
}
LEGEND = {"color": FAINT, "fontcolor": FAINT, "fontsize": "11", "labeljust": "l", "style": "rounded"}
EMPTY_NODE = {"fontcolor": FAINT, "shape": "plaintext", "style": ""}
FORK_EDGE = {"color": FORK, "penwidth": "1.8"}
CROSS_EDGE = {"color": SAVED, "fontcolor": SAVED, "style": "dashed"}
FAINT_EDGE = {"color": FAINT, "style": "dashed"}


def heading(title: str) -> str:
    """The label of a whole diagram."""
    return f"<{labels.font(labels.escape(title), bold=True)}>" if title else ""


def ground(phase: Phase) -> str:
    """The colour behind all of a phase."""
    return _GROUND[phase]


def line(phase: Phase) -> str:
    """The colour of what is written on that."""
    return _LINE[phase]


def operation(phase: Phase) -> dict[str, str]:
    return {"fillcolor": _FILL[phase], "color": _LINE[phase]}


def head(phase: Phase) -> dict[str, str]:
    """The node that decides between branches."""
    return {**operation(phase), "shape": "diamond", "style": "filled"}


def outer_terminal(phase: Phase) -> dict[str, str]:
    """An input or an output of the graph."""
    filled = {"style": "filled", "fillcolor": "white"}
    return {**filled, "shape": "ellipse", "color": _LINE[phase], "penwidth": "1.6"}


def inner_terminal(phase: Phase) -> dict[str, str]:
    """A parameter or a result of a region."""
    return {"fillcolor": "white", "color": _LINE[phase]}


def cluster(phase: Phase, *, ground: bool) -> dict[str, str]:
    """The frame of a phase (`ground`) or of a region inside it."""
    return {
        "color": _LINE[phase],
        "fillcolor": _GROUND[phase] if ground else "white",
        "fontcolor": _LINE[phase],
        "fontsize": "12",
        "labeljust": "l",
        "margin": "12",
        "style": "rounded,filled",
    }
