"""How long each stage of a compilation took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Timings:
    """The stages of one compilation and their seconds; prints as a table.

    Attributes
    ----------
    stages
        Each stage's name and seconds, those inside of it left out, in the order in which they began.
    total
        The seconds of the whole, which is more than the stages together.

    Examples
    --------
    >>> import gradir as gr
    >>> timings = gr.grad(lambda x: x * x).inspect(3.0).timings
    >>> timings["trace"] < timings.total
    True
    """

    stages: tuple[tuple[str, float], ...] = ()
    total: float = 0.0

    def __getitem__(self, stage: str) -> float:
        """Return the seconds of a stage; KeyError if it was not run, as for code that was found on disk."""
        return dict(self.stages)[stage]

    def __str__(self) -> str:
        rows = [*self.stages, ("total", self.total)]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:{width}}  {1e3 * seconds:9.1f} ms" for name, seconds in rows)


class Clock:
    """Measures the stages of one compilation; a stage inside of another is not counted twice."""

    def __init__(self) -> None:
        self._begin = perf_counter()
        self._seconds: dict[str, float] = {}
        self._inside: list[float] = []  # of each stage that is running, the seconds of those inside

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done inside as a part of a stage."""
        begin = perf_counter()
        self._seconds.setdefault(name, 0.0)
        self._inside.append(0.0)
        try:
            yield
        finally:
            seconds = perf_counter() - begin
            self._seconds[name] += seconds - self._inside.pop()
            if self._inside:
                self._inside[-1] += seconds

    def read(self) -> Timings:
        """Return what was measured so far."""
        return Timings(tuple(self._seconds.items()), perf_counter() - self._begin)
