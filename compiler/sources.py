"""The package's own sources: what code compiled by them is worth when they change."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

# Seconds before now, as file systems and the clock may differ a little.
_IMPORTED = time.time_ns() - 2 * 10**9


def sources_digest(folders: Sequence[str]) -> str | None:
    """Return a digest of all Python files in some folders of the package.

    None if there are no sources, or if a file has changed since this process imported the package: then the
    code that runs is not what the files say.
    """
    if changed(folders):
        return None
    import hashlib

    found = hashlib.sha256()
    for folder in folders:
        for entry in _files(folder):
            with open(entry.path, "rb", buffering=0) as file:
                content = file.read()
            found.update(b"%s %d " % (entry.name.encode(), len(content)) + content)
    return found.hexdigest()


def changed(folders: Sequence[str]) -> bool:
    """Tell whether a file has changed since this process imported the package, or there are none."""
    # Tools may set the time of the content back, but not that of the change.
    times = [max(s.st_mtime_ns, s.st_ctime_ns) for f in folders for s in map(os.DirEntry.stat, _files(f))]
    return not times or max(times) > _IMPORTED


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    """The Python files of a folder and those in it, in a certain order; none of a folder in an archive."""
    if not os.path.isdir(folder):
        return
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir() and entry.name != "__pycache__":
                yield from _files(entry.path)
            elif entry.name.endswith(".py"):
                yield entry
