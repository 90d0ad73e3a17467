"""A folder of entries by key: written whole or not at all, checked when read, the least used removed.

It may be used by many processes at once, and by none of them is it needed: what cannot be read or written
is not there. Only a folder that others could put code into is worth a warning.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_MAGIC = b"gradir object 1\n"
_SUFFIX, _UNFINISHED = ".object", ".unfinished"
_DIGEST = hashlib.sha256().digest_size
_SPARED = 0.9  # of the limit: what is left after entries were removed
_ABANDONED = 3600.0  # seconds after which what a process has not finished is removed
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MEASURED = "0", "8"  # how the keys begin after which the folder is measured: one of eight
_LARGE = 1 / 64  # of the limit: an entry after which it always is


@dataclass(frozen=True, slots=True)
class DiskCache:
    """Entries in a folder of the user's own, up to `limit` bytes."""

    folder: Path
    limit: int

    def read(self, key: str) -> bytes | None:
        """Return what was written for a key, None if that is not there or not whole."""
        if self._refused():
            return None
        try:
            with open(self._path(key), "rb", buffering=0, opener=_open) as file:
                found = os.fstat(file.fileno())
                content = unpacked(key, file.readall()) if self._is_own(found) else None
        except OSError:
            return None
        if content is not None:
            with suppress(OSError):
                os.utime(self._path(key))  # the time of the last use
        return content

    def write(self, key: str, content: bytes) -> None:
        """Keep an entry, if there is a way to."""
        data = packed(key, content)
        if len(data) > self.limit * _SPARED or not self._is_there() or self._refused():
            return
        with suppress(OSError):
            _put(self._path(key), data)
            # To measure the folder at each time would cost more than it is worth.
            if key.startswith(_MEASURED) or len(data) > self.limit * _LARGE:
                self.evict()

    def evict(self) -> None:
        """Remove what was not used for the longest time, until the rest fits well."""
        files = sorted(self._files(), key=lambda found: found[1].st_mtime)
        total = sum(found.st_size for _, found in files)
        target = self.limit * _SPARED if total > self.limit else self.limit
        old = time.time() - _ABANDONED
        for path, found in files:
            if total > target or (path.name.endswith(_UNFINISHED) and found.st_mtime < old):
                with suppress(OSError):
                    path.unlink()
                total -= found.st_size

    def clear(self) -> None:
        """Remove all entries."""
        for path, _ in self._files():
            with suppress(OSError):
                path.unlink()

    def sizes(self) -> list[int]:
        """Return the bytes of each entry."""
        return [found.st_size for path, found in self._files() if path.name.endswith(_SUFFIX)]

    def problem(self) -> str | None:
        """Return why nothing can be kept."""
        nearest = next(p for p in (self.folder, *self.folder.parents) if os.path.exists(p))
        can_write = os.path.isdir(nearest) and os.access(nearest, os.W_OK | os.X_OK)
        return _unsafe(self.folder) or (None if can_write else f"{nearest} cannot be written")

    def _is_own(self, found: os.stat_result) -> bool:
        """Tell whether something is a file of this user's that nobody else may write."""
        is_file, is_shared = stat.S_ISREG(found.st_mode), bool(found.st_mode & _OTHERS_WRITE)
        return is_file and found.st_uid == os.geteuid() and not is_shared and found.st_size <= self.limit

    def _path(self, key: str) -> Path:
        return self.folder / (key + _SUFFIX)

    def _is_there(self) -> bool:
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.folder.is_dir()

    def _refused(self) -> bool:
        reason = _unsafe(self.folder)
        if reason:
            _warn(f"the cache of compiled code is not used: {reason}")
        return reason is not None

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """The files that are surely the cache's own, whatever folder it was given."""
        with suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith((_SUFFIX, _UNFINISHED)):
                    with suppress(OSError):
                        found = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(found.st_mode):
                            yield Path(entry.path), found


def packed(key: str, content: bytes) -> bytes:
    """Return the bytes of an entry."""
    return _MAGIC + _digest(key, content) + content


def unpacked(key: str, data: bytes) -> bytes | None:
    """Return the content of an entry, None if it is not whole or another's."""
    start = len(_MAGIC) + _DIGEST
    content = data[start:]
    is_whole = data[:start] == _MAGIC + _digest(key, content)
    return content if is_whole else None


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.sha256(b"%s %d " % (key.encode(), len(content)) + content).digest()


def _open(path: str, flags: int) -> int:
    """Open what is there to be read: a pipe is not waited for, a link not followed."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _put(path: Path, data: bytes) -> None:
    """Write a file that is there as a whole or not at all."""
    unfinished = path.with_name(f"{path.stem}.{os.getpid()}.{time.monotonic_ns()}{_UNFINISHED}")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _unsafe(folder: Path) -> str | None:
    try:
        found = folder.stat()
    except OSError:
        return None  # it is not there
    if not stat.S_ISDIR(found.st_mode):
        return f"{folder} is no folder"
    if found.st_uid != os.geteuid():
        return f"{folder} belongs to another user"
    if found.st_mode & _OTHERS_WRITE:
        return f"others may write to {folder}; `chmod go-w` it"
    return None


@cache
def _warn(message: str) -> None:
    """Warn once in a process."""
    warnings.warn(message, RuntimeWarning, stacklevel=2)
