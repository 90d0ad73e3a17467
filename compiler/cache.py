"""The disk cache of machine code: where it is, how full it is, how to empty it.

Its work is done in `runtime`; here is what a user decides about it, most of it in environment variables.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from .runtime.disk_cache import DiskCache

_DEFAULT_SIZE = 256 << 20
_UNITS = {"": 0, "k": 10, "m": 20, "g": 30}
_OFF = {"0", "off", "false", "no"}


class DiskCacheInfo(NamedTuple):
    """What the disk cache holds."""

    folder: Path | None  # None: there is no cache
    entries: int
    bytes: int
    limit: int  # bytes; the entries that were not used for the longest time go first
    off: str | None  # why nothing is kept, where that is so


def info() -> DiskCacheInfo:
    """Return what the disk cache holds, and why it is not used if it is not.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.cache.info().limit // 2**20
    256
    """
    store = disk_cache()
    if store is None:
        return DiskCacheInfo(None, 0, 0, 0, _why_off())
    sizes = store.sizes()
    return DiskCacheInfo(store.folder, len(sizes), sum(sizes), store.limit, store.problem())


def clear() -> None:
    """Remove all entries of the disk cache; other processes that use it go on."""
    store = disk_cache()
    if store is not None:
        store.clear()


def disk_cache() -> DiskCache | None:
    """Return the cache that the environment asks for, None where it asks for none.

    `GRADIR_CACHE_DIR` is its folder, else `gradir` in `XDG_CACHE_HOME` or `~/.cache`; `GRADIR_CACHE_SIZE` its
    limit in bytes (`500M`). It is off with `GRADIR_CACHE=0`, or with `GRADIR_CACHE_DIR` empty.
    """
    folder = None if _why_off() else _folder()
    if folder is None:
        return None
    from pathlib import Path  # with what it imports, as much as a tenth of `import gradir`

    from .runtime.disk_cache import DiskCache

    return DiskCache(Path(folder), _limit())


def _why_off() -> str | None:
    if os.environ.get("GRADIR_CACHE", "1").strip().lower() in _OFF:
        return "GRADIR_CACHE turns it off"
    if os.name != "posix":
        return "whose files they are can be told on POSIX systems only"
    if os.environ.get("GRADIR_CACHE_DIR") == "":
        return "GRADIR_CACHE_DIR is empty"
    return None if _folder() else "there is no home folder to keep it in"


def _folder() -> str | None:
    given = os.environ.get("GRADIR_CACHE_DIR")
    if given:
        return os.path.abspath(os.path.expanduser(given))
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the specification asks to ignore such
        base = os.path.expanduser("~/.cache")
    return os.path.join(base, "gradir") if os.path.isabs(base) else None


def _limit() -> int:
    text = os.environ.get("GRADIR_CACHE_SIZE") or f"{_DEFAULT_SIZE}"
    number = text.strip().lower().removesuffix("b").rstrip("kmg")
    unit = _UNITS.get(text.strip().lower().removesuffix("b").removeprefix(number))
    if number.isdecimal() and unit is not None:
        return int(number) << unit
    message = f"GRADIR_CACHE_SIZE={text!r} is no number of bytes such as 100000000 or 500M"
    warnings.warn(message, RuntimeWarning, stacklevel=2)
    return _DEFAULT_SIZE
