"""A drawn graph: DOT text, which always works, and pictures, which need Graphviz's `dot` program."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ..errors import RenderError

NO_DOT = (
    "drawing a diagram needs Graphviz's 'dot' program, which is not on the PATH: install it "
    "(Debian and Ubuntu: apt-get install graphviz, conda: conda install graphviz, "
    "macOS: brew install graphviz), or use the diagram's `source`, which is DOT text"
)


def can_render() -> bool:
    """Tell whether Graphviz's `dot` program is installed."""
    return shutil.which("dot") is not None


def check_size(what: str, parts: str, count: int, limit: int) -> None:
    """Raise RenderError where there is too much to be drawn."""
    if count > limit:
        raise RenderError(
            f"{what} has {count:,} {parts}, and a diagram of more than {limit:,} cannot be read: "
            f"print it, draw a smaller one, or pass a larger limit"
        )


@dataclass(frozen=True, slots=True)
class Diagram:
    """A diagram as DOT text; `render` and notebooks draw it.

    Parameters
    ----------
    source
        The text in Graphviz's DOT language.
    """

    source: str

    def render(self, path: str | Path, format: str = "svg") -> Path:
        """Draw the diagram into the file `path` and return the file's path.

        Parameters
        ----------
        path
            Where to; the suffix `.format` is added where it is missing.
        format
            `svg`, `png`, `pdf` or another format of Graphviz's.

        Raises
        ------
        RenderError
            If the `dot` program is not installed or fails.
        """
        target = Path(path)
        if target.suffix != f".{format}":
            target = target.with_name(f"{target.name}.{format}")
        target.write_bytes(self._draw(format))
        return target

    def svg(self) -> str:
        """Return the picture as SVG text; raises RenderError as `render` does."""
        return self._draw("svg").decode("utf-8")

    def save(self, path: str | Path) -> Path:
        """Write the DOT text into the file `path` and return the file's path."""
        Path(path).write_text(self.source, encoding="utf-8")
        return Path(path)

    def _draw(self, format: str) -> bytes:
        import graphviz

        if not can_render():
            raise RenderError(NO_DOT)
        try:
            picture: bytes = graphviz.Source(self.source).pipe(format=format, quiet=True)
        except (graphviz.CalledProcessError, ValueError) as error:
            raise RenderError(f"dot could not draw the diagram: {error}") from error
        return picture

    def _repr_svg_(self) -> str | None:
        return self.svg() if can_render() else None

    def __str__(self) -> str:
        return self.source
