"""From the status of a run to the Python exception at the user's line."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from functools import cache
from typing import NoReturn

from ..errors import GradirError
from ..lower.sites import INTERRUPT, Site
from .interrupts import interruption


@cache
def run_error(name: str) -> type[GradirError]:
    """The class of errors of a run that are both a GradirError and the built-in exception `name`."""
    builtin = getattr(builtins, name)
    return type(
        f"Run{name}", (GradirError, builtin), {"__doc__": f"A run of a compiled function ended: {name}."}
    )


def failure(site: Site, index: int) -> BaseException:
    """The exception of a run that ended at `site`, which recorded `index`."""
    if site.exception == INTERRUPT:
        return interruption(index)
    message = site.message.replace("{index}", str(index)) if site.shows_index else site.message
    return run_error(site.exception)(message, loc=site.loc)


def raise_failure(sites: Sequence[Site], status: int, index: int) -> NoReturn:
    """Raise the exception of a run that returned `status`, which is not 0, and recorded `index`."""
    raise failure(sites[status - 1], index)
