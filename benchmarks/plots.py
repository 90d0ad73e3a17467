"""The plots of a run, as SVG files that the same figures always make alike."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .report import GROWTH, RATIOS
from .results import GRADIR, Outcome, Results

_COLOURS = {
    "gradir": "#111111",
    "JAX": "#d95f02",
    "PyTorch": "#7570b3",
    "torch.compile": "#e7298a",
    "by hand, Numba": "#1b9e77",
    "by hand": "#888888",
    "PyTensor": "#a6761d",
    "autograd": "#66a61e",
    "JAX, newcomer": "#fdb863",
}
_STYLE: Any = {
    "svg.hashsalt": "gradir",  # else identifiers are random
    "svg.fonttype": "none",  # text stays text: small files
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
}


def draw(results: Results, folder: Path) -> list[str]:
    """Write the plots that there are figures for; return their names, none without matplotlib."""
    if importlib.util.find_spec("matplotlib") is None:
        return []
    names = []
    compared = [x for x in results.programs if set(x.contestants) - {GRADIR}]
    if compared:
        save_figure(_ratios(compared), folder / RATIOS)
        names.append(RATIOS)
    if results.growth:
        save_figure(_growth(results.growth), folder / GROWTH)
        names.append(GROWTH)
    return names


def _ratios(outcomes: Sequence[Outcome]) -> Any:
    """Draw a row a program, a dot a peer at its time over gradir's, with the quartiles as a line."""
    figure, axes = new_figure(1, (9.0, 1.4 + 0.31 * len(outcomes)))
    for row, outcome in enumerate(reversed(outcomes)):
        for name in outcome.contestants:
            if name != GRADIR:
                found, colour = outcome.per(name, GRADIR), _COLOURS[name]
                axes[0].plot([found.low, found.high], [row, row], color=colour, linewidth=1.2, alpha=0.6)
                axes[0].plot([found.median], [row], "o", color=colour, markersize=5.0, label=name)
    axes[0].axvline(1.0, color="#111111", linewidth=0.9)
    axes[0].set_xscale("log")
    axes[0].set_yticks(range(len(outcomes)), [x.title for x in reversed(outcomes)])
    axes[0].set_ylim(-0.7, len(outcomes) - 0.3)
    axes[0].xaxis.set_major_formatter(lambda x, _: f"{x:,g}")
    axes[0].set_xlabel("a peer's time / gradir's: right of 1, gradir is faster")
    axes[0].grid(axis="both", linewidth=0.4)
    _legend(figure, axes)
    return figure


def _growth(outcomes: Sequence[Outcome]) -> Any:
    """Draw a panel a program, microseconds a call against the size."""
    programs = list(dict.fromkeys(x.title for x in outcomes))
    figure, axes = new_figure(len(programs), (4.6 * len(programs), 3.9))
    for panel, program in zip(axes, programs, strict=True):
        sizes = [x for x in outcomes if x.title == program]
        for name in dict.fromkeys(n for x in sizes for n in x.contestants):
            there = [x for x in sizes if name in x.calls]
            panel.plot(
                [x.size for x in there],
                [1e6 * x.call(name).median for x in there],
                "o-",
                color=_COLOURS[name],
                markersize=4.0,
                label=name,
            )
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_title(program, fontsize=10)
        panel.set_xlabel("n")
        panel.set_ylabel("µs a call of value and gradient")
        panel.grid(linewidth=0.4)
    _legend(figure, axes)
    return figure


def new_figure(panels: int, size: tuple[float, float]) -> tuple[Any, Any]:
    """Return a figure with panels side by side, and those."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        return figure, figure.subplots(1, panels, squeeze=False)[0]


def _legend(figure: Any, axes: Any) -> None:
    shown: dict[str, Any] = {}
    for panel in axes:
        handles, names = panel.get_legend_handles_labels()
        shown = {**dict(zip(names, handles, strict=True)), **shown}
    order = [name for name in _COLOURS if name in shown]
    figure.legend([shown[n] for n in order], order, loc="outside upper center", ncols=5, frameon=False)


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure; the same one always makes the same file."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        figure.savefig(path, metadata={"Date": None, "Creator": None})
